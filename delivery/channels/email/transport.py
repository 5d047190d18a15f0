"""Connections to the accounts' mail servers: guarded, few, and used for many mails each."""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import aiosmtplib

from delivery.channels.base import MailServerSettings
from delivery.outbound import DnsResolver, OutboundPolicy, Resolver, open_socket
from delivery.outcome import Timings

TOTAL_SECONDS = 30.0
MAX_CONNECTIONS = 5
_IDLE_SECONDS = 20.0
# Where mail servers listen; a web server's ports are not among them.
SMTP_PORTS = frozenset({25, 465, 587, 2525})


@dataclass(slots=True)
class _Connected:
    client: aiosmtplib.SMTP
    address: str
    timings: Timings
    used_at: float


@dataclass(slots=True)
class _Server:
    """One server's connections: idle ones to take, and places for at most MAX_CONNECTIONS."""

    idle: list[_Connected] = field(default_factory=list)
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONNECTIONS))


@dataclass(frozen=True, slots=True)
class Sent:
    """The server's word for every recipient: (address, code, text)."""

    replies: tuple[tuple[str, int, str], ...]
    address: str
    timings: Timings


class MailTransport:
    """Lives in one event loop, and is closed there."""

    def __init__(self, policy: OutboundPolicy, *, resolver: Resolver | None = None, ssl_context: ssl.SSLContext | None = None) -> None:
        self._policy = OutboundPolicy(allow=policy.allow, ports=SMTP_PORTS)
        self._resolver = resolver or DnsResolver()
        self._ssl_context = ssl_context
        self._servers: dict[MailServerSettings, _Server] = defaultdict(_Server)

    async def send(self, server: MailServerSettings, message: bytes, recipients: Sequence[str]) -> Sent:
        """Hand one message over. Raises OutboundError, aiosmtplib.SMTPException, TimeoutError; a refused recipient is in the answer."""
        async with asyncio.timeout(TOTAL_SECONDS):
            kept = self._servers[server]
            async with kept.places:
                connected = await self._take(kept, server)
                try:
                    sent = await self._exchange(connected, server, message, recipients)
                except BaseException:
                    connected.client.close()
                    raise
                connected.used_at = asyncio.get_running_loop().time()
                kept.idle.append(connected)
                return sent

    async def close(self) -> None:
        for kept in self._servers.values():
            for connected in kept.idle:
                connected.client.close()
        self._servers.clear()
        await self._resolver.close()

    async def _take(self, kept: _Server, server: MailServerSettings) -> _Connected:
        while kept.idle:
            connected = kept.idle.pop()
            if asyncio.get_running_loop().time() - connected.used_at < _IDLE_SECONDS and await _is_alive(connected.client):
                return connected
            connected.client.close()
        return await self._connect(server)

    async def _connect(self, server: MailServerSettings) -> _Connected:
        opened = await open_socket(server.host, server.port, policy=self._policy, resolver=self._resolver, timeout_seconds=TOTAL_SECONDS)
        client = aiosmtplib.SMTP(
            hostname=opened.host,
            sock=opened.sock,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=self._ssl_context or ssl.create_default_context(),
            timeout=TOTAL_SECONDS,
        )
        begun = perf_counter()
        try:
            await client.connect()
            if server.username:
                await client.login(server.username, server.password)
        except BaseException:
            client.close()
            opened.sock.close()
            raise
        opening = opened.opening
        handshake = None if server.security == "none" else (perf_counter() - begun) * 1000
        timings = Timings(dns_ms=opening.dns_ms, connect_ms=opening.connect_ms, tls_ms=handshake)
        return _Connected(client, opened.address, timings, asyncio.get_running_loop().time())

    async def _exchange(self, connected: _Connected, server: MailServerSettings, message: bytes, recipients: Sequence[str]) -> Sent:
        client = connected.client
        await client.mail(server.from_address, options=[f"SIZE={len(message)}"] if client.supports_extension("size") else None)
        replies: list[tuple[str, int, str]] = []
        for recipient in recipients:
            try:
                answer = await client.rcpt(recipient)
            except aiosmtplib.SMTPRecipientRefused as refused:
                replies.append((recipient, refused.code, refused.message))
            else:
                replies.append((recipient, answer.code, answer.message))
        accepted = [reply for reply in replies if reply[1] < 400]
        if accepted:
            final = await client.data(message)
            replies = [(who, final.code, final.message) if code < 400 else (who, code, text) for who, code, text in replies]
        else:
            await client.rset()
        timings, connected.timings = connected.timings, Timings()
        return Sent(tuple(replies), connected.address, timings)


async def _is_alive(client: aiosmtplib.SMTP) -> bool:
    if not client.is_connected:
        return False
    try:
        await client.noop()
    except (aiosmtplib.SMTPException, OSError):
        return False
    return True
