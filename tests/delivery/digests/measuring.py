"""Writes a digest of so many leads in steps, keeps its pieces sealed in a file, and sends its mails from there to an SMTP server; prints how many mails
there were, and the most memory that Python had for it, in bytes. For a process of its own."""

import asyncio
import gc
import os
import tempfile
import tracemalloc
from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from itertools import batched
from typing import BinaryIO
from uuid import UUID

from accounts.vault import LeadVault
from delivery.channels.base import MAIL, Context, Envelope, EnvelopeField, MailServerSettings, Rendering
from delivery.channels.email import KIND
from delivery.channels.email.digest import DigestWriter
from delivery.channels.email.transport import MailTransport
from delivery.digest_pieces import SealedMail, place_of, seal_piece
from delivery.digest_rendering import STEP_BYTES
from delivery.outbound import OutboundPolicy

DIGEST = UUID("0199a2f4-7b1c-7000-8000-000000000001")
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@dataclass
class Store:
    """Pieces in a file, as the database has them. index: place, start and size of each, in a row."""

    file: BinaryIO
    index: array[int] = field(default_factory=lambda: array("q"))
    size: int = 0

    def keep(self, vault: LeadVault, place: int, content: bytes) -> None:
        sealed = seal_piece(vault, content, digest_id=DIGEST, place=place)
        self.index.extend((place, self.file.seek(0, os.SEEK_END), len(sealed)))
        self.file.write(sealed)
        self.size += len(content)

    async def read(self, _digest_id: UUID, _began_at: datetime, after: int) -> tuple[int, bytes] | None:
        place, start, size = min((piece for piece in batched(self.index, 3) if piece[0] > after), default=(after, 0, 0))
        if place == after:
            return None
        self.file.seek(start)
        return place, self.file.read(size)


@dataclass
class Transport:
    mail: MailTransport


NOTE = EnvelopeField("note", "note", "Note", "textarea", "Wants to be called in the evening, after six. " * 5)


def envelope(number: int) -> Envelope:
    fields = (EnvelopeField("email", "email", "Email", "email", f"lead{number}@example.com"), NOTE)
    return Envelope(DIGEST, DIGEST, NOW, "csv", "new", f"Lead {number}", "Solar Leads", "Solar West", "Helios", fields)


async def send_digest(server: MailServerSettings, leads: int) -> int:
    """Returns how many mails there were."""
    config, _ = KIND.clean_config(
        {"attach_csv": True, "recipients": ["leads@helios.test"]}, fields=(), is_http_allowed=False, policy=OutboundPolicy(), old_secrets={}
    )
    context = Context(NOW, mail_server=server)
    mail = MailTransport(OutboundPolicy(allow=(ip_network("127.0.0.0/8"),)))
    sent, number = 0, 0
    while number < leads:
        vault = LeadVault(DIGEST, bytes(32))
        with tempfile.TemporaryFile() as file:
            store, writer, steps = Store(file), DigestWriter(config, lead_count=leads), 0
            while number < leads and writer.add(envelope(number)):
                number += 1
                if writer.gathered >= STEP_BYTES:
                    steps += 1
                    for section, content in writer.take().items():
                        store.keep(vault, place_of(section, steps), content)
            parts = writer.take(is_last=True).items()
            for section, content in parts:
                store.keep(vault, place_of(section, steps + 1), content)
            for section, content in writer.around(envelope(0), server, ("leads@helios.test",), digest_id=DIGEST, context=context).items():
                store.keep(vault, place_of(section, 0), content)
            stream = SealedMail(store.size, DIGEST, NOW, vault, store.read)
            rendering = Rendering(b"", MAIL, ("leads@helios.test",), stream=stream)
            outcome = await KIND.send(rendering, delivery_id=DIGEST, config=config, secrets={}, context=context, transport=Transport(mail))
            assert outcome.code == "ok", outcome
            sent += 1
        # Headers are classes of their own to the standard library, and wait for the collector, however long the mail.
        gc.collect()
    await mail.close()
    return sent


def measure(port: int, leads: int) -> None:
    server = MailServerSettings("127.0.0.1", port, "none", "", "", "leads@acme.test")
    asyncio.run(send_digest(server, 1))
    tracemalloc.start()
    mails = asyncio.run(send_digest(server, leads))
    print(mails, tracemalloc.get_traced_memory()[1])
