"""A rendering shown to a person. Pure."""

from collections.abc import Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from delivery.channels.base import Rendering
from delivery.channels.webhook.prepared import request_headers, request_url


def describe_rendering(kind: str, config: Mapping[str, Any], rendering: Rendering) -> dict[str, Any]:
    """For a webhook {"kind", "method", "url", "headers", "content_type", "body"}, without the headers of the signature, which each try
    has of its own; for a mail {"kind", "to", "subject", "from", "text", "html", "attachments"}. Secrets are masked.
    """
    if kind == "email":
        return _describe_mail(rendering)
    return {
        "kind": kind,
        "method": "POST",
        "url": request_url(config),
        "headers": {"Content-Type": rendering.content_type, **dict(request_headers(config))},
        "content_type": rendering.content_type,
        "body": rendering.body.decode(errors="replace"),
    }


def _describe_mail(rendering: Rendering) -> dict[str, Any]:
    message = message_from_bytes(rendering.body, _class=EmailMessage, policy=default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return {
        "kind": "email",
        "from": str(message["From"]),
        "to": list(rendering.recipients),
        "subject": str(message["Subject"]),
        "text": text.get_content() if text else None,
        "html": html.get_content() if html else None,
        "attachments": [
            {"filename": part.get_filename(), "content_type": part.get_content_type(), "content": part.get_content()}
            for part in message.iter_attachments()
        ],
    }
