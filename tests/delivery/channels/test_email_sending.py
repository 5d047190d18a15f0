"""Handing mails to a real SMTP server that answers as the test says."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from delivery.channels.base import Context, MailServerSettings, Rendering
from delivery.channels.email import KIND
from delivery.channels.email.transport import MailTransport
from delivery.outbound import OutboundPolicy
from delivery.outcome import Outcome, Settled, Verdict
from tests.flows.inbox import serving

DELIVERY = UUID("0199a2f4-7b1c-7000-8000-000000000001")
LOOPBACK = OutboundPolicy(allow=(ip_network("127.0.0.0/8"),))


@dataclass
class Server:
    """refusals: what RCPT answers, by address; at_end: what the end of DATA answers."""

    port: int = 0
    refusals: dict[str, str] = field(default_factory=dict)
    at_end: str = "250 Stored as 42"
    at_mail: str = "250 OK"
    connections: int = 0
    mails: list[tuple[list[str], bytes]] = field(default_factory=list)

    async def handle_EHLO(self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]) -> list[str]:  # noqa: N802
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        envelope.mail_from = address
        envelope.mail_options = options
        return self.at_mail

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:  # noqa: N802
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append((list(envelope.rcpt_tos), envelope.content))
        return self.at_end


@contextmanager
def running(server: Server, **options: Any) -> Iterator[Server]:
    with serving(lambda loop: SMTP(server, loop=loop, hostname="mail.test", **options)) as served:
        server.port = served.port
        yield server
    server.connections = served.connections


def settings_of(server: Server, **changes: Any) -> MailServerSettings:
    return replace(MailServerSettings("127.0.0.1", server.port, "none", "", "", "leads@acme.test"), **changes)


def send(
    settings: MailServerSettings, *recipients: str, times: int = 1, policy: OutboundPolicy = LOOPBACK, settled: Settled = ()
) -> list[Outcome]:
    rendering = Rendering(b"Subject: x\r\n\r\nHello\r\n", "message/rfc822", recipients or ("leads@helios.test",), settled=settled)
    context = Context(datetime(2026, 11, 24, tzinfo=UTC), mail_server=settings)

    @dataclass
    class Transport:
        mail: MailTransport

    async def run() -> list[Outcome]:
        transport = Transport(MailTransport(policy))
        try:
            return [
                await KIND.send(rendering, delivery_id=DELIVERY, config={}, secrets={}, context=context, transport=transport)
                for _ in range(times)
            ]
        finally:
            await transport.mail.close()

    return asyncio.run(run())


def test_an_accepted_mail_is_delivered_with_the_servers_words() -> None:
    with running(Server()) as server:
        (outcome,) = send(settings_of(server))
    assert (outcome.verdict, outcome.code) == (Verdict.DELIVERED, "ok")
    assert outcome.response_body == b"leads@helios.test: 250 Stored as 42"
    assert server.mails == [(["leads@helios.test"], b"Subject: x\r\n\r\nHello\r\n")]
    assert outcome.address == f"127.0.0.1:{server.port}"
    assert outcome.timings.connect_ms is not None


def test_one_connection_serves_many_mails() -> None:
    with running(Server()) as server:
        outcomes = send(settings_of(server), times=5)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.DELIVERED] * 5
    assert (len(server.mails), server.connections) == (5, 1)


def test_a_recipient_refused_for_good_does_not_keep_the_others_from_it() -> None:
    with running(Server(refusals={"gone@helios.test": "550 No such user"})) as server:
        (outcome,) = send(settings_of(server), "leads@helios.test", "gone@helios.test")
    assert outcome.verdict is Verdict.DELIVERED
    assert "gone@helios.test was refused: 550 No such user" in outcome.reason
    assert server.mails[0][0] == ["leads@helios.test"]
    assert outcome.settled == (("leads@helios.test", 250), ("gone@helios.test", 550))


FIVE = tuple(f"{name}@helios.test" for name in "abcde")


def test_a_server_that_takes_three_recipients_gets_the_mail_for_the_others_later() -> None:
    with running(Server(refusals=dict.fromkeys(FIVE[3:], "452 Too many recipients"))) as server:
        (first,) = send(settings_of(server), *FIVE)
        server.refusals.clear()
        (second,) = send(settings_of(server), *FIVE, settled=first.settled)
    assert (first.verdict, first.code, first.has_arrived) == (Verdict.RETRY, "smtp_452", True)
    assert first.reason == (
        "The mail server has accepted the mail for a@helios.test, b@helios.test, c@helios.test. "
        "The mail server puts off the mail for d@helios.test and 1 more: 452 Too many recipients."
    )
    assert (second.verdict, second.target) == (Verdict.DELIVERED, "d@helios.test, e@helios.test")
    assert [recipients for recipients, _ in server.mails] == [list(FIVE[:3]), list(FIVE[3:])]
    assert server.mails[0][1] == server.mails[1][1]
    assert second.settled == tuple((address, 250) for address in FIVE)


@pytest.mark.parametrize(
    ("earlier", "refusal", "verdict", "code"),
    [
        ((("a@helios.test", 250),), "550 No such user", Verdict.DELIVERED, "ok"),
        ((("a@helios.test", 250),), "452 Mailbox full", Verdict.RETRY, "smtp_452"),
        ((("a@helios.test", 550),), "250 OK", Verdict.DELIVERED, "ok"),
        ((("a@helios.test", 550),), "551 Gone", Verdict.FAILED, "smtp_551"),
    ],
)
def test_a_later_try_goes_on_where_the_earlier_one_stopped(earlier: Settled, refusal: str, verdict: Verdict, code: str) -> None:
    refusals = {"b@helios.test": refusal} if not refusal.startswith("2") else {}
    with running(Server(refusals=refusals)) as server:
        (outcome,) = send(settings_of(server), "a@helios.test", "b@helios.test", settled=earlier)
    assert (outcome.verdict, outcome.code, outcome.target) == (verdict, code, "b@helios.test")
    assert outcome.settled[:1] == earlier


def test_what_was_refused_for_good_stays_so_when_the_mail_as_a_whole_is_put_off() -> None:
    with running(Server(refusals={"a@helios.test": "550 No such user"}, at_end="451 Later")) as server:
        (outcome,) = send(settings_of(server), "a@helios.test", "b@helios.test")
    assert (outcome.verdict, outcome.code, outcome.settled) == (Verdict.RETRY, "smtp_451", (("a@helios.test", 550),))


def test_a_try_that_breaks_off_forgets_nobody() -> None:
    with running(Server()) as server:
        pass
    (outcome,) = send(settings_of(server), "a@helios.test", "b@helios.test", settled=(("a@helios.test", 250),))
    assert (outcome.verdict, outcome.settled, outcome.has_arrived) == (Verdict.RETRY, (("a@helios.test", 250),), True)


@pytest.mark.parametrize(
    ("changes", "verdict", "code"),
    [
        ({"refusals": {"leads@helios.test": "550 No such user"}}, Verdict.FAILED, "smtp_550"),
        ({"refusals": {"leads@helios.test": "452 Mailbox full"}}, Verdict.RETRY, "smtp_452"),
        ({"at_end": "554 Looks like spam"}, Verdict.FAILED, "smtp_554"),
        ({"at_end": "451 Try again later"}, Verdict.RETRY, "smtp_451"),
        ({"at_mail": "421 Too busy"}, Verdict.RETRY, "smtp_421"),
    ],
)
def test_a_refusal_is_for_good_or_for_now(changes: dict[str, Any], verdict: Verdict, code: str) -> None:
    with running(Server(**changes)) as server:
        (outcome,) = send(settings_of(server))
    assert (outcome.verdict, outcome.code) == (verdict, code)
    assert server.mails == [] or changes.get("at_end")


def test_a_wrong_password_is_tried_again_and_named() -> None:
    def refuse(*_: Any) -> AuthResult:
        return AuthResult(success=False, handled=False)

    with running(Server(), authenticator=refuse, auth_require_tls=False) as server:
        (outcome,) = send(settings_of(server, username="acme", password="wrong"))
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "smtp_auth")
    assert "wrong" not in outcome.reason
    assert server.mails == []


def test_a_server_without_starttls_gets_neither_password_nor_mail() -> None:
    with running(Server()) as server:
        (outcome,) = send(settings_of(server, security="starttls"))
    assert outcome.verdict is Verdict.RETRY
    assert server.mails == []


def test_a_refused_connection_is_tried_again() -> None:
    with running(Server()) as server:
        pass
    (outcome,) = send(settings_of(server))
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "connect")


def test_a_private_address_is_not_connected_to() -> None:
    with running(Server()) as server:
        (outcome,) = send(settings_of(server), policy=OutboundPolicy())
    assert outcome.code == "blocked_address"
    assert server.connections == 0


@dataclass
class Nowhere:
    mail: MailTransport = field(default_factory=lambda: MailTransport(LOOPBACK))


def test_without_a_mail_server_the_mail_waits() -> None:
    rendering = Rendering(b"", "message/rfc822", ("a@b.test",))
    context = Context(datetime(2026, 11, 24, tzinfo=UTC))
    outcome = asyncio.run(KIND.send(rendering, delivery_id=DELIVERY, config={}, secrets={}, context=context, transport=Nowhere()))
    assert (outcome.verdict, outcome.is_attempt) == (Verdict.HELD, False)
