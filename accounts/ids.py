"""Identifiers of records."""

import os
import time
from uuid import UUID

_VERSION_BITS, _VERSION = 0xF << 76, 0x7 << 76
_VARIANT_BITS, _VARIANT = 0x3 << 62, 0x2 << 62


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562, 5.7): milliseconds since 1970, then 74 random bits.

    Ordered by time, so that new rows land at the end of their index and a cursor can page by id alone.
    """
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    return UUID(int=(value & ~_VERSION_BITS & ~_VARIANT_BITS) | _VERSION | _VARIANT)
