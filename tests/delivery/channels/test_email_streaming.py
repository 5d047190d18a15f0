"""Mails that are handed over chunk by chunk."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from accounts.vault import SealError
from delivery.channels.base import MAIL, Context, Rendering
from delivery.channels.email import KIND
from delivery.channels.email.transport import MailTransport
from delivery.outcome import Outcome, Verdict
from tests.delivery.channels.test_email_sending import LOOPBACK, Server, running, settings_of

DELIVERY = UUID("0199a2f4-7b1c-7000-8000-000000000001")


@dataclass
class Chunks:
    """broken_after: how many chunks there are before something goes wrong."""

    content: list[bytes] = field(default_factory=list)
    broken_after: int | None = None

    @property
    def size(self) -> int:
        return sum(map(len, self.content))

    async def chunks(self) -> AsyncIterator[bytes]:
        for place, chunk in enumerate(self.content):
            if place == self.broken_after:
                raise SealError("It is no longer whole.")
            yield chunk


@dataclass
class Transport:
    mail: MailTransport


def send(server: Server, stream: Any, *, times: int = 1) -> list[Outcome]:
    rendering = Rendering(b"", MAIL, ("leads@helios.test",), stream=stream)
    context = Context(datetime(2026, 11, 24, tzinfo=UTC), mail_server=settings_of(server))

    async def run() -> list[Outcome]:
        mail = MailTransport(LOOPBACK)
        try:
            return [
                await KIND.send(rendering, delivery_id=DELIVERY, config={}, secrets={}, context=context, transport=Transport(mail))
                for _ in range(times)
            ]
        finally:
            await mail.close()

    return asyncio.run(run())


def test_the_chunks_arrive_as_one_mail_with_its_dots() -> None:
    stream = Chunks([b"Subject: x\r\n\r\n.\r\n..two\r\n", b".first of a chunk\r\nlast\r\n", b".\r\n"])
    with running(Server()) as server:
        first, second = send(server, stream, times=2)
    assert (first.verdict, second.verdict) == (Verdict.DELIVERED, Verdict.DELIVERED)
    assert [content for _, content in server.mails] == [b"".join(stream.content)] * 2
    assert server.connections == 1


@pytest.mark.parametrize(("at_end", "verdict"), [("554 Spam", Verdict.FAILED), ("451 Later", Verdict.RETRY)])
def test_the_servers_word_at_the_end_counts(at_end: str, verdict: Verdict) -> None:
    with running(Server(at_end=at_end)) as server:
        (outcome,) = send(server, Chunks([b"Subject: x\r\n\r\nHello\r\n"]))
    assert (outcome.verdict, outcome.code) == (verdict, f"smtp_{at_end[:3]}")


def test_half_a_mail_does_not_arrive() -> None:
    stream = Chunks([b"Subject: x\r\n\r\n", b"Hello\r\n"], broken_after=1)
    with running(Server()) as server, pytest.raises(SealError):
        send(server, stream)
    assert server.mails == []
