"""A real SMTP inbox for the flows."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import strict
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass
class Inbox:
    """mails: parsed by the standard library's strict policy; raw: as they came; recipients: of each envelope.

    answer: what the end of each mail's DATA is told, by its place in the row; it may block. refusals: what RCPT is told next, by address.
    """

    port: int = 0
    answer: Callable[[int], str] = lambda _: "250 Stored"
    refusals: dict[str, list[str]] = field(default_factory=dict)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(content, _class=EmailMessage, policy=strict) for content in self.raw]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name for it
        self.recipients.append(list(envelope.rcpt_tos))
        self.raw.append(envelope.content)
        return await asyncio.to_thread(self.answer, len(self.raw))

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:  # noqa: N802
        if refusals := self.refusals.get(address):
            return refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"


@dataclass
class Served:
    port: int = 0
    connections: int = 0


@contextmanager
def serving(make: Callable[[asyncio.AbstractEventLoop], SMTP]) -> Iterator[Served]:
    """Serve SMTP on a free port in a thread of its own; every connection is ended when the body ends."""
    served = Served()
    loop = asyncio.new_event_loop()
    sessions: list[SMTP] = []

    def connected() -> SMTP:
        served.connections += 1
        sessions.append(make(loop))
        return sessions[-1]

    async def end() -> None:
        server.close()
        for session in sessions:
            if isinstance(session.transport, asyncio.Transport):
                session.transport.abort()
        await asyncio.sleep(0)
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = loop.run_until_complete(loop.create_server(connected, "127.0.0.1", 0))
    served.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def running_inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    with serving(lambda loop: SMTP(inbox, loop=loop, hostname="inbox.test")) as served:
        inbox.port = served.port
        yield inbox
