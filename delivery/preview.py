"""What a partner would get, or got, shown to a person. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from accounts.ids import new_id
from delivery.channel_settings import ChannelSettings
from delivery.channels.base import MailServerSettings, Rendering
from delivery.channels.webhook.prepared import request_headers, request_url
from delivery.samples import MASK
from delivery.shipment import LeadContent, make_envelope

_NO_MAIL_SERVER = MailServerSettings(
    host="", port=25, security="none", username="", password="", from_address="you@example.com", from_name="Your mail server"
)


def render_preview(settings: ChannelSettings, lead: LeadContent, *, now: datetime, is_test: bool) -> dict[str, Any]:
    """As `describe_rendering` has it; encrypted values are masked. is_test: what it is marked as. Raises RenderError, NotReadyError."""
    masked = replace(lead, sealed_values=dict.fromkeys(lead.sealed_values, MASK))
    context = settings.context(now)
    if context.mail_server is None:
        context = replace(context, mail_server=_NO_MAIL_SERVER)
    envelope = make_envelope(settings, masked, delivery_id=new_id(), is_test=is_test)
    rendering = settings.sender.render(envelope, settings.config, context=context)
    return describe_rendering(settings.kind, settings.config, rendering)


def describe_rendering(kind: str, config: Mapping[str, Any], rendering: Rendering) -> dict[str, Any]:
    """For a webhook {"kind", "method", "url", "headers", "content_type", "body"}, without the headers of the signature, which each try
    has of its own; for a mail {"kind", "to", "subject", "from", "text", "html", "attachments"}. Secrets are masked.
    """
    if kind == "email":
        return describe_mail(rendering.body, rendering.recipients)
    return {
        "kind": kind,
        "method": "POST",
        "url": request_url(config),
        "headers": {"Content-Type": rendering.content_type, **dict(request_headers(config))},
        "content_type": rendering.content_type,
        "body": rendering.body.decode(errors="replace"),
    }


def describe_mail(mail: bytes, recipients: Sequence[str]) -> dict[str, Any]:
    """As `describe_rendering` does a mail."""
    message = message_from_bytes(mail, _class=EmailMessage, policy=default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return {
        "kind": "email",
        "from": str(message["From"]),
        "to": list(recipients),
        "subject": str(message["Subject"]),
        "text": text.get_content() if text else None,
        "html": html.get_content() if html else None,
        "attachments": [
            {"filename": part.get_filename(), "content_type": part.get_content_type(), "content": part.get_content()}
            for part in message.iter_attachments()
        ],
    }
