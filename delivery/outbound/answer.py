"""What came back, and the limits on it."""

import zlib
from dataclasses import dataclass

from delivery.outcome import Headers, Timings

MAX_HEADER_BYTES = 64 * 1024  # status line, headers and all interim answers before them
MAX_HEADERS = 100
MAX_RAW_BODY_BYTES = 64 * 1024
MAX_KEPT_BODY_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer.

    body: at most 16 KiB, unpacked if it came as gzip or deflate, else as received.
    is_truncated: the body kept is not all of it: too long, broken off, or not to be unpacked. Never changes the status.
    address: what was dialled, `203.0.113.7:443` or `[2001:db8::1]:443`.
    """

    status: int
    headers: Headers
    body: bytes
    is_truncated: bool
    address: str
    timings: Timings


def decode_headers(raw: list[tuple[bytes, bytes]]) -> Headers:
    """Names and values as text. Latin-1 maps every byte; Postgres cannot store NUL, so none passes."""
    return tuple((name.decode("latin-1"), value.decode("latin-1").replace("\0", "\N{REPLACEMENT CHARACTER}")) for name, value in raw)


def unpack(raw: bytes, encoding: bytes) -> tuple[bytes, bool]:
    """The first 16 KiB of a body and whether something is missing. RFC 9110, 8.4.

    Unpacking stops at the limit, so a bomb costs no more memory than an honest body. What cannot be unpacked stays as received.
    """
    if encoding in (b"", b"identity"):
        return raw[:MAX_KEPT_BODY_BYTES], len(raw) > MAX_KEPT_BODY_BYTES
    if encoding not in (b"gzip", b"x-gzip", b"deflate"):
        return raw[:MAX_KEPT_BODY_BYTES], True
    # "deflate" is zlib's format by the RFC and a bare stream by many servers; 47 finds gzip and zlib by their first bytes.
    for window_bits in (47, -15):
        unpacker = zlib.decompressobj(window_bits)
        try:
            body = unpacker.decompress(raw, MAX_KEPT_BODY_BYTES + 1)
        except zlib.error:
            continue
        return body[:MAX_KEPT_BODY_BYTES], len(body) > MAX_KEPT_BODY_BYTES or not unpacker.eof
    return raw[:MAX_KEPT_BODY_BYTES], True
