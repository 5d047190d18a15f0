"""The bytes of a request. The last line of defence against a header that smuggles another."""

import re
from collections.abc import Sequence
from functools import lru_cache

from delivery.outbound.urls import Target

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, 5.6.2
_BAD_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, 5.5: a tab is the only control that may be in there

# Set here or meaningful to one hop only (RFC 9110, 7.6.1); `Expect` would have to be waited for.
RESERVED_HEADERS = frozenset(
    {
        "host",
        "content-length",
        "connection",
        "transfer-encoding",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "expect",
    }
)


def encode_request(method: str, target: Target, *, headers: Sequence[tuple[str, str]], body: bytes, user_agent: str) -> bytes:
    """The request as sent (RFC 9112). Raises ValueError for a method, name or value that does not belong on the wire.

    User-Agent, Accept and `Accept-Encoding: identity` are added unless given. The error never quotes a value: it may be secret.
    """
    _check_method(method)
    lines = [f"{method} {target.path} HTTP/1.1\r\nHost: {target.host_header}\r\n"]
    names = set()
    for name, value in headers:
        names.add(_check_name(name))
        if not (value.isascii() and value.isprintable()):
            _check_value(name, value)
        lines.append(f"{name}: {value}\r\n")
    if "user-agent" not in names:
        lines.append(f"User-Agent: {user_agent}\r\n")
    if "accept" not in names:
        lines.append("Accept: */*\r\n")
    if "accept-encoding" not in names:
        lines.append("Accept-Encoding: identity\r\n")
    if body or method in {"POST", "PUT", "PATCH"}:
        lines.append(f"Content-Length: {len(body)}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode("latin-1") + body


@lru_cache(maxsize=64)
def _check_method(method: str) -> None:
    if not _TOKEN.fullmatch(method) or method.upper() == "CONNECT":
        raise ValueError("That is no method for a request.")


@lru_cache(maxsize=1024)
def _check_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError("A header name holds characters that do not belong there.")
    if (lowered := name.lower()) in RESERVED_HEADERS:
        raise ValueError(f"The header {name} is set by the client itself.")
    return lowered


def _check_value(name: str, value: str) -> None:
    if _BAD_IN_VALUE.search(value):
        raise ValueError(f"The value of the header {name} holds a line break or another control character.")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"The value of the header {name} holds characters outside Latin-1.") from None
