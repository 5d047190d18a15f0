"""Names to addresses, without a thread per look-up and with a time limit."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Protocol

import aiodns
import pycares

from delivery.outbound.addresses import Address
from delivery.outbound.errors import Fault

DNS_SECONDS = 3.0


class ResolveError(Exception):
    """A name that has no address now. code: `dns` or `dns_timeout`; reason: one sentence for people."""

    def __init__(self, code: Fault, reason: str) -> None:
        super().__init__(reason)
        self.code: Fault = code
        self.reason = reason


class Resolver(Protocol):
    """Anything that turns a name into addresses. The caller keeps the time and judges every address."""

    async def resolve(self, host: str) -> Sequence[Address]:
        """All addresses of a name, at least one. Raises ResolveError."""

    async def close(self) -> None: ...


class DnsResolver:
    """Asks /etc/hosts, then DNS (c-ares). Lives in the event loop of its first look-up.

    nameservers: `ip` or `ip:port`; those of the system if empty. memory_seconds: nothing is remembered for longer, whatever its TTL.
    """

    def __init__(self, nameservers: Sequence[str] = (), *, memory_seconds: float = 60.0) -> None:
        self._nameservers = tuple(nameservers)
        self._memory_seconds = memory_seconds
        self._channel: aiodns.DNSResolver | None = None
        self._renewed_at = 0.0

    async def resolve(self, host: str) -> Sequence[Address]:
        channel = self._open()  # held until it has answered, even if another takes its place meanwhile
        try:
            found = await channel.getaddrinfo(host, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
        except aiodns.error.DNSError as error:
            raise _resolve_error(error, host) from error
        addresses = tuple(dict.fromkeys(ip_address(node.addr[0].decode()) for node in found.nodes))
        if not addresses:
            raise ResolveError("dns", f"The name {host} has no address.")
        return addresses

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    def _open(self) -> aiodns.DNSResolver:
        now = asyncio.get_running_loop().time()
        # c-ares remembers for an hour that a name has no address of a family: whoever mends it would wait in vain.
        if self._channel is None or now - self._renewed_at >= self._memory_seconds:
            self._renewed_at = now
            self._channel = aiodns.DNSResolver(
                nameservers=self._nameservers,
                loop=asyncio.get_running_loop(),
                # 0.8 s, then 1.6 s: a name server that is silent about one family leaves time for the other's answer.
                timeout=0.8,
                tries=2,
                # No search domains and no aliases from the environment: the name is looked up as it was typed.
                flags=pycares.ARES_FLAG_NOSEARCH | pycares.ARES_FLAG_NOALIASES | pycares.ARES_FLAG_EDNS,
            )
        return self._channel


def _resolve_error(error: aiodns.error.DNSError, host: str) -> ResolveError:
    match error.args[0] if error.args else None:
        case pycares.errno.ARES_ENOTFOUND | pycares.errno.ARES_EBADNAME:
            return ResolveError("dns", f"The name {host} does not exist.")
        case pycares.errno.ARES_ENODATA:
            return ResolveError("dns", f"The name {host} has no address.")
        case pycares.errno.ARES_ETIMEOUT:
            return ResolveError("dns_timeout", f"The name {host} could not be looked up in time.")
    return ResolveError("dns", f"The name {host} could not be looked up: its name server does not answer properly.")
