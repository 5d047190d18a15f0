"""One lead as a mail (RFC 5322). Values reach the headers through the modern email API alone, which cannot be made to write another header."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from delivery.channels.base import Config, Context, Envelope, MailServerSettings, RenderError
from delivery.channels.email.csv_file import cell, csv_bytes
from delivery.channels.email.plain_text import text_of_html
from delivery.channels.filling import filled, shown_value, template_values
from delivery.templating import one_line, text_of

MAX_SUBJECT = 200
_LAYOUTS = Path(__file__).resolve().parents[3] / "templates" / "mail"
# Lines of at most 998 bytes and only ASCII on the wire, whatever the values.
POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)
_LONG = 20_000
_PLACE = "the-body-goes-here"
_FILE_NAME = re.compile(r"[^\w.()+ -]+")


def build_message(envelope: Envelope, config: Config, server: MailServerSettings, recipients: tuple[str, ...], context: Context) -> bytes:
    """Raises RenderError when a template of the channel cannot be filled with this lead's values."""
    names = template_values(envelope)
    message = with_headers(names, config, server, recipients, message_id=envelope.delivery_id, now=context.now)
    _add_body(message, envelope, config, names)
    if config["attach_csv"]:
        _attach_csv(message, envelope, config["csv"], names)
    return message.as_bytes()


def with_headers(
    names: Mapping[str, Any], config: Config, server: MailServerSettings, recipients: tuple[str, ...], *, message_id: UUID, now: datetime
) -> EmailMessage:
    """A message without a body. names: what the subject may name. Raises RenderError."""
    message = EmailMessage(policy=POLICY)
    message["Subject"] = one_line(filled(config["subject"], names, setting="subject"), most=MAX_SUBJECT) or "New lead"
    message["From"] = _address(server.from_address, server.from_name)
    message["To"] = [_address(recipient) for recipient in recipients]
    if config["cc"]:
        message["Cc"] = [_address(recipient) for recipient in config["cc"]]
    if config["reply_to"]:
        message["Reply-To"] = _address(config["reply_to"])
    message["Date"] = format_datetime(now)
    # The same on every try, so that a mail program shows a repeated mail once.
    message["Message-ID"] = f"<{message_id}@{server.from_address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    return message


def _add_body(message: EmailMessage, envelope: Envelope, config: Config, names: Mapping[str, Any]) -> None:
    if config["format"] == "none":
        return
    if config["body_template"]:
        inner = filled(config["body_template"], names, setting="body_template", escaping="html")
        html, text = _frame().replace(_PLACE, inner, 1), text_of_html(inner)
    else:
        rows = [(field.label, with_breaks(shown_value(field))) for field in envelope.fields]
        html = inlined(layout("lead.html").render(envelope=envelope, created_at=text_of(envelope.created_at), rows=rows))
        text = text_of_html(html)
    message.set_content(text, cte=_encoding(text))
    if config["format"] == "html":
        message.add_alternative(html, subtype="html", cte=_encoding(html))


def _encoding(text: str) -> str:
    # Readable as it stands, but made character by character; a long text would hold up the engine.
    return "quoted-printable" if len(text) < _LONG else "base64"


def with_breaks(text: str) -> Markup:
    return Markup("<br>").join(escape(line) for line in text.splitlines())


def inlined(html: str) -> str:
    """For layouts of ours only: the inliner's parser overflows the stack on users' deeply nested elements, and ends the worker with it."""
    # Remote stylesheets stay where they are: loading one would be a request that nobody vetted.
    return css_inline.inline(html, load_remote_stylesheets=False, keep_style_tags=True)


@cache
def _frame() -> str:
    """What goes around the body of a user's own template."""
    return inlined(layout("custom.html").render(inner=_PLACE))


def _attach_csv(message: EmailMessage, envelope: Envelope, settings: Mapping[str, Any], names: Mapping[str, Any]) -> None:
    content = csv_bytes(
        (field.name for field in envelope.fields),
        [[cell(field) for field in envelope.fields]],
        delimiter=settings["delimiter"],
        is_marked=settings["bom"],
    )
    message.add_attachment(content, **attachment(settings, names))


def attachment(settings: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """What the headers of an attached CSV say, as `EmailMessage.set_content` takes it. Raises RenderError."""
    name = file_name(filled(settings["file_name"], names, setting="csv.file_name"))
    return {"maintype": "text", "subtype": "csv", "filename": name, "params": {"charset": "utf-8", "header": "present"}}


def file_name(text: str) -> str:
    """A name that no mail program and no file system trips over, ending in .csv."""
    name = _FILE_NAME.sub("_", one_line(text, most=100)).strip(" ._") or "lead"
    return name if name.lower().endswith(".csv") else f"{name}.csv"


def _address(address: str, name: str = "") -> Address:
    try:
        return Address(display_name=one_line(name, most=100), addr_spec=address)
    except (ValueError, IndexError, HeaderParseError) as error:  # whatever the standard library's parser makes of it
        raise RenderError(f"{one_line(address, most=100)} is not an email address that a mail can be sent to.") from error


@cache
def layout(name: str) -> Any:
    environment = Environment(loader=FileSystemLoader(_LAYOUTS), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template(name)
