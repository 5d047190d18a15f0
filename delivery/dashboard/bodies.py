"""What was sent and what came back, as people read it."""

from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import parse_qsl

import msgspec

from delivery.log import ShownAttempt
from delivery.preview import describe_mail

MAX_BODY = 100_000  # characters of a body that are shown


def readable(content_type: str, body: str) -> str:
    """JSON indented, a form one pair to a line; everything else as it is."""
    text = body[:MAX_BODY]
    if "json" in content_type:
        with suppress(msgspec.DecodeError, RecursionError):
            text = msgspec.json.format(body, indent=2)[:MAX_BODY]
    elif "urlencoded" in content_type:
        text = "\n".join(f"{name} = {value}" for name, value in parse_qsl(text, keep_blank_values=True))
    return text


def sent_text(shown: ShownAttempt, kind: str) -> str:
    """The body of a request; of a mail what it says, its attachments by their names. Empty where it may not or cannot be shown."""
    text = shown.request_body.text or ""
    if kind == "webhook" or not text:
        return readable(_type(shown.attempt.request_headers), text)
    mail = describe_mail(text.encode(), ())
    files = "".join(f"\n\n[{one['filename']}]" for one in mail["attachments"])
    return f"From: {mail['from']}\nSubject: {mail['subject']}\n\n{mail['text'] or ''}".rstrip() + files


def answer_text(shown: ShownAttempt) -> str:
    return readable(_type(shown.response_headers.items()), shown.response_body.text or "")


def _type(headers: Iterable[tuple[str, str]]) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")
