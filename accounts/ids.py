"""Identifiers of records."""

import os
import time
from datetime import datetime
from uuid import UUID

_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62
_RANDOM_BITS = (1 << 62) - 1


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562, 5.7): milliseconds since 1970, the fraction of the millisecond in 12 bits (6.2, method 3), 62 random bits.

    Ordered by time, also within a batch that one process makes: new rows land at the end of their index, and a cursor can page by id alone.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    fraction = (nanoseconds << 12) // 1_000_000
    return UUID(int=milliseconds << 80 | _VERSION | fraction << 64 | _VARIANT | int.from_bytes(os.urandom(8)) & _RANDOM_BITS)


def first_id_of(moment: datetime) -> UUID:
    """The lowest id that `new_id` could have made at that moment."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
