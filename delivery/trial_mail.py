"""A mail that shows whether an account's mail server works, sent while somebody waits. No transaction may be open meanwhile."""

import asyncio
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID

from django.utils import timezone

from accounts.ids import new_id
from delivery.channels.base import NO_CONFIG, Context, MailServerSettings, Rendering
from delivery.channels.email import KIND
from delivery.outcome import Outcome
from delivery.transport import Transport

_TEXT = """This is a test message from Leadflip.

That it is here means that leads can go out by email through {server}.
"""


def send_trial_mail(server: MailServerSettings, *, to: str) -> Outcome:
    """One mail to one address; the outcome has the server's own words as `response_body`."""
    mail_id = new_id()
    rendering = Rendering(_message(server, to, mail_id), "message/rfc822", (to,))
    return asyncio.run(_send(server, rendering, mail_id))


async def _send(server: MailServerSettings, rendering: Rendering, mail_id: UUID) -> Outcome:
    transport = Transport.from_settings()
    context = Context(timezone.now(), mail_server=server)
    try:
        return await KIND.send(rendering, delivery_id=mail_id, config=NO_CONFIG, secrets={}, context=context, transport=transport)
    finally:
        await transport.close()


def _message(server: MailServerSettings, to: str, mail_id: UUID) -> bytes:
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["Subject"] = "Leadflip: test message"
    message["From"] = Address(display_name=server.from_name, addr_spec=server.from_address)
    message["To"] = to
    message["Date"] = format_datetime(timezone.now())
    message["Message-ID"] = f"<{mail_id}@{server.from_address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_TEXT.format(server=f"{server.host}:{server.port}"))
    return message.as_bytes()
