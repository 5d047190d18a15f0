"""From a target to an open connection: resolve once, judge every address, dial the very address that was judged.

With an egress proxy all of this stays as it is: the proxy is asked for that very address, and TLS is made through it, with the name.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address
from itertools import chain, zip_longest
from time import perf_counter

from delivery.outbound.addresses import Address, OutboundPolicy, unwrap
from delivery.outbound.connection import Connection, Opening, milliseconds_since
from delivery.outbound.errors import Fault, OutboundError, connect_reason, tls_reason
from delivery.outbound.proxy import EgressProxy, ProxyError, connect_socket, connect_to_proxy, open_tunnel
from delivery.outbound.resolver import DNS_SECONDS, ResolveError, Resolver
from delivery.outbound.urls import Target

CONNECT_SECONDS = 5.0  # TCP and TLS together
MAX_ADDRESSES_TRIED = 4


@dataclass(frozen=True, slots=True)
class Dialler:
    """Opens connections. Raises OutboundError with the phases that were reached."""

    policy: OutboundPolicy
    resolver: Resolver
    ssl_context: ssl.SSLContext
    on_lost: Callable[[Connection], None]
    proxy: EgressProxy | None = None

    async def dial(self, target: Target, *, started: float, deadline: float) -> Connection:
        """started: perf_counter; deadline: loop time, an upper limit to each phase's own."""
        opening = Opening(started)
        addresses = await self._find(target, opening, deadline)
        connect_by = min(deadline, asyncio.get_running_loop().time() + CONNECT_SECONDS)
        sock = await self._connect_to_any(target, addresses, opening, connect_by)
        return await self._make_connection(target, sock, opening, connect_by)

    async def connect(self, target: Target, opening: Opening, deadline: float) -> socket.socket:
        """Only the TCP connection, for protocols other than HTTP."""
        addresses = await self._find(target, opening, deadline)
        connect_by = min(deadline, asyncio.get_running_loop().time() + CONNECT_SECONDS)
        return await self._connect_to_any(target, addresses, opening, connect_by)

    async def _find(self, target: Target, opening: Opening, deadline: float) -> Sequence[Address]:
        addresses = await self._resolve(target, opening, min(deadline, asyncio.get_running_loop().time() + DNS_SECONDS))
        self._vet(target, addresses, opening)
        return _in_dialling_order(addresses)

    async def _resolve(self, target: Target, opening: Opening, resolve_by: float) -> Sequence[Address]:
        if target.address is not None:
            return (target.address,)
        begun = perf_counter()
        try:
            async with asyncio.timeout_at(resolve_by):
                found = await self.resolver.resolve(target.host)
        except ResolveError as error:
            opening.dns_ms = milliseconds_since(begun)
            raise _error(error.code, error.reason, opening) from error
        except TimeoutError as error:
            opening.dns_ms = milliseconds_since(begun)
            raise _error("dns_timeout", f"The name {target.host} could not be looked up in time.", opening) from error
        opening.dns_ms = milliseconds_since(begun)
        return tuple(dict.fromkeys(unwrap(address) for address in found))

    def _vet(self, target: Target, addresses: Sequence[Address], opening: Opening) -> None:
        # One bad address refuses them all: choosing the good ones would let the owner of the name choose the moment.
        for address in addresses:
            if (word := self.policy.refusal(address)) is not None:
                subject = f"{target.host} is" if target.address else f"{target.host} points to {address}, which is"
                raise _error("blocked_address", f"{subject} {word}; only public addresses are allowed.", opening)
            if not self.policy.is_port_open(target.port, address):
                raise _error("blocked_port", f"Port {target.port} of {target.host} may not be used.", opening)

    async def _connect_to_any(self, target: Target, addresses: Sequence[Address], opening: Opening, connect_by: float) -> socket.socket:
        """The first address that answers. Each gets an even share of the time left, so that a dead one leaves time for the next."""
        loop = asyncio.get_running_loop()
        begun = perf_counter()
        failure = _error("connect_timeout", f"No connection to {target.host} could be made in time.", opening)
        for untried, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            opening.address = f"[{address}]:{target.port}" if isinstance(address, IPv6Address) else f"{address}:{target.port}"
            share = max(connect_by - loop.time(), 0.0) / untried
            try:
                async with asyncio.timeout(share):
                    sock = await self._open_socket(target, address)
            except TimeoutError:
                opening.connect_ms = milliseconds_since(begun)
                failure = _error("connect_timeout", f"{target.host} did not take a connection in time{self._way}.", opening)
            except ProxyError as error:
                opening.connect_ms = milliseconds_since(begun)
                failure = _error(error.code, error.reason, opening)
            except OSError as error:
                opening.connect_ms = milliseconds_since(begun)
                failure = _error("connect", connect_reason(error, target.host, target.port), opening)
            else:
                opening.connect_ms = milliseconds_since(begun)
                return sock
        raise failure

    async def _open_socket(self, target: Target, address: Address) -> socket.socket:
        if self.proxy is None:
            return await connect_socket(address, target.port)
        sock = await connect_to_proxy(self.proxy, await self._find_proxy(self.proxy))
        try:
            await open_tunnel(sock, self.proxy, address, target.port, host=target.host)
        except BaseException:
            sock.close()
            raise
        return sock

    async def _find_proxy(self, proxy: EgressProxy) -> Sequence[Address]:
        # Not judged: who runs Leadflip chose it, and it is most likely in their own network.
        if not isinstance(proxy.host, str):
            return (proxy.host,)
        try:
            return _in_dialling_order(await self.resolver.resolve(proxy.host))
        except ResolveError as error:
            raise ProxyError("proxy", "The name of this installation's egress proxy could not be looked up.") from error

    @property
    def _way(self) -> str:
        return " through the egress proxy of this installation" if self.proxy else ""

    async def _make_connection(self, target: Target, sock: socket.socket, opening: Opening, connect_by: float) -> Connection:
        loop = asyncio.get_running_loop()
        is_tls = target.scheme == "https"
        begun = perf_counter()
        try:
            async with asyncio.timeout_at(connect_by):
                _, connection = await loop.create_connection(
                    lambda: Connection(target.origin, opening, self.on_lost),
                    sock=sock,
                    ssl=self.ssl_context if is_tls else None,
                    server_hostname=target.host if is_tls else None,
                )
        except TimeoutError as error:
            opening.tls_ms = milliseconds_since(begun)
            reason = f"The TLS handshake with {target.host} was not finished in time."
            raise _error("connect_timeout", reason, opening) from error
        except OSError as error:  # ssl.SSLError is one, too
            opening.tls_ms = milliseconds_since(begun)
            raise _error("tls", tls_reason(error, target.host), opening) from error
        if is_tls:
            opening.tls_ms = milliseconds_since(begun)
        return connection


def _in_dialling_order(addresses: Sequence[Address]) -> Sequence[Address]:
    """IPv4 first, then in turns (as RFC 8305, 4): many hosts have no IPv6 route, few have no IPv4."""
    v4 = [address for address in addresses if address.version == 4]
    v6 = [address for address in addresses if address.version == 6]
    turns = chain.from_iterable(zip_longest(v4, v6))
    return [address for address in turns if address is not None][:MAX_ADDRESSES_TRIED]


def _error(code: Fault, reason: str, opening: Opening) -> OutboundError:
    return OutboundError(code, reason, timings=opening.timings(), address=opening.address)
