"""The HTTP proxy that requests leave through, where one is configured. It is told the address that was judged, never a name."""

import asyncio
import base64
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from delivery.outbound.addresses import Address
from delivery.outbound.errors import Fault
from delivery.outbound.hosts import normalise_host

MAX_HEAD_BYTES = 16 * 1024

_WANTED = "wanted http://host:port or http://user:password@host:port, user and password percent-encoded"
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})\b")
# What a proxy answers when it is itself in order and the partner's server is not (RFC 9110, 15.6).
_UNREACHABLE = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class EgressProxy:
    """host: normalised, a name or an address. authorization: the value of Proxy-Authorization, or empty."""

    host: str | Address
    port: int
    authorization: str = field(default="", repr=False)


class ProxyError(Exception):
    """No tunnel. code: `proxy` if the proxy is at fault, `connect` if what lies behind it; reason: one sentence for people."""

    def __init__(self, code: Fault, reason: str) -> None:
        super().__init__(reason)
        self.code: Fault = code
        self.reason = reason


def parse_proxy(text: str) -> EgressProxy:
    """From `http://[user:password@]host:port`. Raises ValueError, whose text never quotes what was given: it may hold a password."""
    try:
        parts = urlsplit(text)
        port = parts.port
        host = normalise_host(f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or "")
    except ValueError:
        raise ValueError(_WANTED) from None
    user = unquote(parts.username or "")
    # A colon ends the user name (RFC 7617, 2).
    if parts.scheme != "http" or not port or parts.path not in ("", "/") or parts.query or parts.fragment or ":" in user:
        raise ValueError(_WANTED)
    if parts.username is None:
        return EgressProxy(host, port)
    pair = f"{user}:{unquote(parts.password or '')}"
    return EgressProxy(host, port, f"Basic {base64.b64encode(pair.encode()).decode()}")


async def connect_to_proxy(proxy: EgressProxy, addresses: Sequence[Address]) -> socket.socket:
    """A TCP connection to the first of the proxy's addresses that takes one. Raises ProxyError."""
    for address in addresses:
        try:
            return await connect_socket(address, proxy.port)
        except OSError:
            continue
    raise ProxyError("proxy", "The egress proxy of this installation takes no connection.")


async def open_tunnel(sock: socket.socket, proxy: EgressProxy, address: Address, port: int, *, host: str) -> None:
    """CONNECT (RFC 9110, 9.3.6) to an address, behind which the socket is the partner's. host: for people. Raises ProxyError."""
    loop = asyncio.get_running_loop()
    place = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    try:
        await loop.sock_sendall(sock, "\r\n".join([*lines, "", ""]).encode("ascii"))
        status = _status_of(await _read_head(sock))
    except OSError:
        status = None
    if status is None:
        raise ProxyError("proxy", "The egress proxy of this installation does not answer as a proxy does.")
    if status in _UNREACHABLE:
        raise ProxyError("connect", f"The egress proxy of this installation could not reach {host} (status {status}).")
    if status == 407:
        raise ProxyError("proxy", "The egress proxy of this installation wants another user name or password (status 407).")
    if not 200 <= status < 300:
        raise ProxyError("proxy", f"The egress proxy of this installation refuses the connection to {host} (status {status}).")


async def connect_socket(address: Address, port: int) -> socket.socket:
    """A TCP connection. Raises OSError."""
    sock = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.settimeout(0)
        # The loop passes numbers on as they are; no name is looked up a second time.
        await asyncio.get_running_loop().sock_connect(sock, (str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


async def _read_head(sock: socket.socket) -> bytes:
    """Up to the empty line and not a byte further, since what follows is the partner's."""
    loop = asyncio.get_running_loop()
    head = bytearray()
    while not head.endswith((b"\r\n\r\n", b"\n\n")):
        byte = await loop.sock_recv(sock, 1)
        if not byte or len(head) >= MAX_HEAD_BYTES:
            return b""
        head += byte
    return bytes(head)


def _status_of(head: bytes) -> int | None:
    found = _STATUS.match(head)
    return int(found[1]) if found else None
