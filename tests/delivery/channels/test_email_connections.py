"""Connections to mail servers: few, guarded, encrypted where it is asked for, and whose trouble is whose."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP

from delivery.channels.base import Context, MailServerSettings, Rendering
from delivery.channels.email import KIND, transport
from delivery.channels.email.transport import MAX_CONNECTIONS, MailTransport
from delivery.outbound import OutboundPolicy
from delivery.outcome import Outcome, Verdict
from tests.delivery.outbound.certificates import Authority
from tests.delivery.outbound.servers import FixedResolver

DELIVERY = UUID("0199a2f4-7b1c-7000-8000-000000000001")
LOOPBACK = OutboundPolicy(allow=(ip_network("127.0.0.0/8"),))
RENDERING = Rendering(b"Subject: x\r\n\r\nHello\r\n.hidden\r\n", "message/rfc822", ("leads@helios.test",))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(Path(tmp_path_factory.mktemp("mail-certificates")))


@dataclass
class Server:
    """delay: seconds that the end of DATA takes. most: how many mails were under way at once."""

    settings: MailServerSettings = field(default_factory=lambda: MailServerSettings("", 0, "none", "", "", "leads@acme.test"))
    delay: float = 0.0
    at_mail: str = "250 OK"
    contents: list[bytes] = field(default_factory=list)
    sessions: list[Any] = field(default_factory=list)
    under_way: int = 0
    most: int = 0

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:  # noqa: N802
        envelope.mail_from = address
        return self.at_mail

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.delay)
        self.under_way -= 1
        self.contents.append(envelope.content)
        self.sessions.append(session)
        return "250 Stored"


@asynccontextmanager
async def serving(server: Server, *, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Server]:
    loop = asyncio.get_running_loop()
    made: list[SMTP] = []

    def connected() -> SMTP:
        made.append(SMTP(server, loop=loop, hostname="mail.test", **options))
        return made[-1]

    listener = await loop.create_server(connected, "127.0.0.1", 0, ssl=tls)
    server.settings = replace(server.settings, host="127.0.0.1", port=listener.sockets[0].getsockname()[1])
    mine = {asyncio.current_task()}
    try:
        yield server
    finally:
        listener.close()
        for session in made:
            if isinstance(session.transport, asyncio.Transport):
                session.transport.abort()
        await asyncio.sleep(0)
        others = asyncio.all_tasks() - mine
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@dataclass
class Transport:
    mail: MailTransport


async def send(mail: MailTransport, settings: MailServerSettings) -> Outcome:
    context = Context(datetime.now(UTC), mail_server=settings)
    return await KIND.send(RENDERING, delivery_id=DELIVERY, config={}, secrets={}, context=context, transport=Transport(mail))


def once(server: Server, *, client: ssl.SSLContext | None = None, names: str = "", **options: Any) -> Outcome:
    """One mail. names: what the settings say for a host, all of them at 127.0.0.1."""

    async def run() -> Outcome:
        async with serving(server, **options):
            mail = MailTransport(LOOPBACK, resolver=FixedResolver({"mail.acme.test": [["127.0.0.1"]]}), ssl_context=client)
            try:
                return await send(mail, replace(server.settings, host=names or "127.0.0.1"))
            finally:
                await mail.close()

    return asyncio.run(run())


def of(security: Any) -> Server:
    return Server(settings=MailServerSettings("", 0, security, "", "", "leads@acme.test"))


def test_the_bytes_arrive_as_they_were_rendered() -> None:
    server = Server()
    assert once(server).verdict is Verdict.DELIVERED
    assert server.contents == [RENDERING.body]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_over_tls(security: str, authority: Authority) -> None:
    server, certificate = of(security), authority.server_context("mail.acme.test")
    options: dict[str, Any] = {"tls": certificate} if security == "tls" else {"tls_context": certificate, "require_starttls": True}
    outcome = once(server, client=authority.trusting_context(), names="mail.acme.test", **options)
    assert (outcome.verdict, outcome.code) == (Verdict.DELIVERED, "ok")
    assert outcome.timings.tls_ms is not None


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("certificate", "sentence"),
    [
        (("other.test", False), "The certificate of mail.acme.test is for another name."),
        (("mail.acme.test", True), "The certificate of mail.acme.test is self-signed."),
    ],
)
def test_a_certificate_at_fault_gets_no_mail(security: str, certificate: tuple[str, bool], sentence: str, authority: Authority) -> None:
    name, is_self_signed = certificate
    server, context = of(security), authority.server_context(name, is_self_signed=is_self_signed)
    options = {"tls": context} if security == "tls" else {"tls_context": context}
    outcome = once(server, client=authority.trusting_context(), names="mail.acme.test", **options)
    assert (outcome.verdict, outcome.code, outcome.reason) == (Verdict.RETRY, "tls", sentence)
    assert server.contents == []


def test_a_name_that_points_inside_is_not_connected_to() -> None:
    async def run() -> Outcome:
        async with serving(Server()) as server:
            mail = MailTransport(OutboundPolicy(), resolver=FixedResolver({"mail.acme.test": [["127.0.0.1"]]}))
            try:
                return await send(mail, replace(server.settings, host="mail.acme.test", port=25))
            finally:
                await mail.close()

    outcome = asyncio.run(run())
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "blocked_address")


@pytest.mark.parametrize("at_mail", ["550 Sender not allowed", "530 Authentication required", "451 Later"])
def test_a_refused_sender_is_a_matter_of_settings_and_tried_again(at_mail: str) -> None:
    outcome = once(Server(at_mail=at_mail))
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, f"smtp_{at_mail[:3]}")
    assert at_mail[4:] in outcome.reason


def test_many_mails_share_five_connections() -> None:
    server = Server(delay=0.05)

    async def run() -> list[Outcome]:
        async with serving(server):
            mail = MailTransport(LOOPBACK)
            try:
                return await asyncio.gather(*(send(mail, server.settings) for _ in range(20)))
            finally:
                await mail.close()

    outcomes = asyncio.run(run())
    assert {outcome.verdict for outcome in outcomes} == {Verdict.DELIVERED}
    assert server.most == MAX_CONNECTIONS == 5
    assert len({id(session) for session in server.sessions}) == 5


def test_waiting_for_others_does_not_use_up_a_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_WAIT_SECONDS", 0.05)
    server = Server(delay=0.5)

    async def run() -> list[Outcome]:
        async with serving(server):
            mail = MailTransport(LOOPBACK)
            try:
                return await asyncio.gather(*(send(mail, server.settings) for _ in range(7)))
            finally:
                await mail.close()

    outcomes = asyncio.run(run())
    assert [outcome.code for outcome in outcomes] == ["ok"] * 5 + ["mail_server_busy"] * 2
    assert [outcome.is_counted for outcome in outcomes] == [True] * 5 + [False] * 2


def test_a_silent_server_ends_with_the_time(monkeypatch: pytest.MonkeyPatch, silent: int) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.3)

    async def run() -> Outcome:
        mail = MailTransport(LOOPBACK)
        try:
            return await send(mail, MailServerSettings("127.0.0.1", silent, "none", "", "", "leads@acme.test"))
        finally:
            await mail.close()

    outcome = asyncio.run(run())
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "timeout")
    assert 250 < outcome.timings.total_ms < 2_000


@pytest.fixture
def silent() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def against(speak: Speak) -> Outcome:
    """One mail to a server that the test itself speaks for."""

    async def run() -> Outcome:
        async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await speak(reader, writer)
            writer.close()

        async with await asyncio.start_server(visited, "127.0.0.1", 0) as listener:
            mail = MailTransport(LOOPBACK)
            port = listener.sockets[0].getsockname()[1]
            try:
                return await send(mail, MailServerSettings("127.0.0.1", port, "none", "", "", "leads@acme.test"))
            finally:
                await mail.close()

    return asyncio.run(run())


def saying(*answers: bytes) -> Speak:
    """Each answer to one line, the first to the connection itself; then hangs up."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for place, answer in enumerate(answers):
            if place:
                await reader.readline()
            writer.write(answer)
            await writer.drain()

    return speak


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([b""], "smtp_connection"),
        ([b"554 No service\r\n"], "smtp_554"),
        ([b"421 Busy\r\n"], "smtp_421"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "smtp_-1"),
        ([b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n"], "smtp_connection"),
        ([b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"], "smtp_connection"),
    ],
)
def test_a_server_that_breaks_off_is_tried_again(answers: list[bytes], code: str) -> None:
    outcome = against(saying(*answers))
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, code)
    assert outcome.is_counted


def test_a_server_of_endless_words_is_cut() -> None:
    outcome = against(saying(b"220-" + b"x" * 400 + b"\r\n" + b"220-more\r\n" * 100_000))
    assert outcome.verdict is Verdict.RETRY
    assert len(outcome.response_body) <= 16_384
    assert len(outcome.reason) < 500
