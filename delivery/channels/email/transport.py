"""Connections to the accounts' mail servers: guarded, few, and used for many mails each."""

import asyncio
import re
import socket
import ssl
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter

import aiosmtplib

from delivery.channels.base import MailServerSettings, Streamed
from delivery.outbound import DnsResolver, OutboundPolicy, Resolver, open_socket
from delivery.outcome import Timings

TOTAL_SECONDS = 30.0
# A large mail gets the time that it takes at this rate, in bytes per second.
_SLOWEST = 250_000
MAX_CONNECTIONS = 5
_IDLE_SECONDS = 20.0
_LEADING_DOT = re.compile(rb"(?m)^\.")
_NOOP_SECONDS = 3.0
# How long a mail waits for one of the server's places; longer would keep the engine's slots from everybody else.
_WAIT_SECONDS = 30.0
# Where mail servers listen; a web server's ports are not among them.
SMTP_PORTS = frozenset({25, 465, 587, 2525})


class BusyError(Exception):
    """Other mails had all of the server's places for too long."""


@cache
def _ssl_context() -> ssl.SSLContext:
    """The system's authorities, names checked, TLS 1.2 or later. Built once: reading the authorities takes tens of ms."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@cache
def _own_name() -> str:
    """What EHLO says (RFC 5321, 4.1.1.1). Not looked up in DNS, which may take its time to say nothing."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9.-]{1,253}", name) else "localhost"


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
    users: int = 0  # mails that are being sent or wait for a place
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
        self._tidy_at = 0.0

    async def send(self, server: MailServerSettings, message: bytes | Streamed, recipients: Sequence[str]) -> Sent:
        """Hand one message over, once one of the server's places is free.

        Raises OutboundError, aiosmtplib.SMTPException, TimeoutError, BusyError; a refused recipient is in the answer, and so is a refused message.
        """
        self._close_idle()
        kept = self._servers[server]
        kept.users += 1
        try:
            await self._wait_for_a_place(kept)
            try:
                async with asyncio.timeout(TOTAL_SECONDS + _size(message) / _SLOWEST):
                    return await self._send(kept, server, message, recipients)
            finally:
                kept.places.release()
        finally:
            kept.users -= 1

    async def close(self) -> None:
        for kept in self._servers.values():
            for connected in kept.idle:
                connected.client.close()
        self._servers.clear()
        await self._resolver.close()

    async def _wait_for_a_place(self, kept: _Server) -> None:
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await kept.places.acquire()
        except TimeoutError:
            raise BusyError from None

    async def _send(self, kept: _Server, server: MailServerSettings, message: bytes | Streamed, recipients: Sequence[str]) -> Sent:
        connected = await self._take(kept, server)
        try:
            sent = await self._exchange(connected, server, message, recipients)
        except BaseException:
            connected.client.close()
            raise
        if connected.client.is_connected:
            connected.used_at = asyncio.get_running_loop().time()
            kept.idle.append(connected)
        return sent

    def _close_idle(self) -> None:
        """Once in a while: connections that nobody used lately, and servers that nobody uses any more."""
        now = asyncio.get_running_loop().time()
        if now < self._tidy_at:
            return
        self._tidy_at = now + _IDLE_SECONDS
        for server, kept in list(self._servers.items()):
            for connected in [one for one in kept.idle if now - one.used_at >= _IDLE_SECONDS]:
                kept.idle.remove(connected)
                connected.client.close()
            if not kept.idle and not kept.users:
                del self._servers[server]

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
            tls_context=self._ssl_context or _ssl_context(),
            local_hostname=_own_name(),
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

    async def _exchange(
        self, connected: _Connected, server: MailServerSettings, message: bytes | Streamed, recipients: Sequence[str]
    ) -> Sent:
        client = connected.client
        await client.mail(server.from_address, options=[f"SIZE={_size(message)}"] if client.supports_extension("size") else None)
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
            final = await _hand_over(client, message)
            replies = [(who, *final) if code < 400 else (who, code, text) for who, code, text in replies]
        else:
            await client.rset()
        timings, connected.timings = connected.timings, Timings()
        return Sent(tuple(replies), connected.address, timings)


async def _hand_over(client: aiosmtplib.SMTP, message: bytes | Streamed) -> tuple[int, str]:
    """The server's word on the message as a whole: (code, text)."""
    try:
        answer = await (client.data(message) if isinstance(message, bytes) else _stream(client, message))
    except aiosmtplib.SMTPDataError as refused:
        # Some servers hang up on what they refuse.
        client.close()
        return refused.code, refused.message
    return answer.code, answer.message


async def _stream(client: aiosmtplib.SMTP, message: Streamed) -> aiosmtplib.SMTPResponse:
    """As `client.data`, a chunk at a time: no more of it is in memory than the server has yet to take. Raises SMTPDataError."""
    started = await client.execute_command(b"DATA")
    if started.code != aiosmtplib.SMTPStatus.start_input:
        raise aiosmtplib.SMTPDataError(started.code, started.message)
    protocol = client.protocol
    if protocol is None:
        raise aiosmtplib.SMTPServerDisconnected("Connection lost")
    async for chunk in message.chunks():
        # RFC 5321, 4.5.2.
        protocol.write(_LEADING_DOT.sub(b"..", chunk))
        await protocol._drain_helper()  # noqa: SLF001 - what asyncio's own StreamWriter.drain waits for
    protocol.write(b".\r\n")
    answer = await protocol.read_response()
    if answer.code != aiosmtplib.SMTPStatus.completed:
        raise aiosmtplib.SMTPDataError(answer.code, answer.message)
    return answer


def _size(message: bytes | Streamed) -> int:
    return len(message) if isinstance(message, bytes) else message.size


async def _is_alive(client: aiosmtplib.SMTP) -> bool:
    if not client.is_connected:
        return False
    try:
        await client.noop(timeout=_NOOP_SECONDS)
    except (aiosmtplib.SMTPException, OSError):
        return False
    return True
