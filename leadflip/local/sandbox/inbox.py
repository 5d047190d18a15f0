"""The partner's mailbox: an SMTP server that takes every mail. Recipients that begin with `reject` or `later` are refused, for good or for now."""

import sys
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from leadflip.local.sandbox.arrivals import Arrivals, Attachment, Mail, shortened


class Inbox:
    """The hooks that aiosmtpd calls."""

    def __init__(self, arrivals: Arrivals) -> None:
        self.arrivals = arrivals

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802 - aiosmtpd's name
        if address.lower().startswith("reject"):
            return "550 5.1.1 Nobody of that name lives here"
        if address.lower().startswith("later"):
            return "451 4.3.0 Come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        mail = read_mail(envelope.content, sender=envelope.mail_from, recipients=list(envelope.rcpt_tos))
        self.arrivals.add(mail)
        sys.stdout.write(f"Mail came for {', '.join(mail.recipients)[:200]!r}: {mail.subject[:100]!r}.\n")
        sys.stdout.flush()
        return "250 OK"


def open_inbox(port: int, *, arrivals: Arrivals) -> Controller:
    controller = Controller(Inbox(arrivals), hostname="127.0.0.1", port=port, ident="Sandbox partner", enable_SMTPUTF8=True)
    controller.start()
    return controller


def read_mail(content: bytes, *, sender: str, recipients: list[str]) -> Mail:
    message = message_from_bytes(content, policy=policy.default)
    texts: dict[str, str] = {}
    attachments: list[Attachment] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        if part.get_content_type() in ("text/plain", "text/html") and not part.is_attachment():
            texts.setdefault(part.get_content_type(), _text_of(part))
        else:
            attachments.append(_attachment_of(part))
    return Mail(
        sender=sender,
        recipients=recipients,
        subject=str(message.get("Subject", "")),
        headers={name: shortened(str(value)) for name, value in message.items()},
        text=texts.get("text/plain", ""),
        html=texts.get("text/html", ""),
        attachments=attachments,
    )


def _attachment_of(part: EmailMessage) -> Attachment:
    raw = part.get_payload(decode=True)
    is_text = part.get_content_maintype() == "text" or part.get_content_type() == "application/json"
    return Attachment(
        name=part.get_filename() or "unnamed",
        type=part.get_content_type(),
        size=len(raw) if isinstance(raw, bytes) else 0,
        text=_text_of(part) if is_text else "",
    )


def _text_of(part: EmailMessage) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    try:
        return shortened(raw.decode(part.get_content_charset("utf-8"), errors="replace"))
    except LookupError:  # a charset that nobody knows
        return shortened(raw.decode("utf-8", errors="replace"))
