"""A digest as a mail (RFC 5322), written lead by lead in memory that does not grow with their number. Pure.

How many leads the mail holds is known only when it is full. So it is written in sections, each growing on its own: those in between hold what the
leads add, as it goes on the wire; the others are written at the end, and name the number.
"""

import binascii
from email.message import EmailMessage
from enum import IntEnum
from functools import cache
from typing import NamedTuple
from uuid import UUID

import msgspec
from markupsafe import escape

from delivery.channels.base import Config, Context, Envelope, MailServerSettings
from delivery.channels.email.csv_file import cell, csv_bytes, csv_rows
from delivery.channels.email.message import POLICY, attachment, inlined, layout, with_breaks, with_headers
from delivery.channels.email.plain_text import text_of_html
from delivery.channels.filling import filled, shown_value, template_values
from delivery.templating import text_of

# Of the mail as it goes on the wire; room is left for what goes around the leads.
MAX_BYTES = 10_000_000
_AROUND = 100_000
# Where the leads are attached as well, a body is for a glance.
SHOWN_BESIDE_CSV = 200

# RFC 2045, 6.8: lines of base64 have at most 76 characters.
_LINE, _ENCODED_LINE = 57, 78
_PLACE = "the-leads-go-here"


class Section(IntEnum):
    """In the order of the mail."""

    TOP = 0  # headers, the head of the text
    TEXT = 1
    MIDDLE = 2  # the end of the text, the head of the HTML
    HTML = 3
    BOTTOM = 4  # the end of the HTML, the attachment's headers
    CSV = 5
    END = 6


class Written(msgspec.Struct):
    """How far a mail has been written. csv: bytes before they are encoded; csv_rest: the last of them, too few for a line."""

    leads: int = 0
    shown: int = 0
    body: int = 0
    csv: int = 0
    csv_rest: bytes = b""

    @property
    def size(self) -> int:
        return self.body + _encoded_size(self.csv)


class Rows(NamedTuple):
    """What one lead adds: text and HTML as they go on the wire, CSV before it is encoded."""

    text: bytes
    html: bytes
    csv: bytes


class DigestWriter:
    """lead_count: what a body template's `lead_count` says; written: where an earlier writer stopped."""

    def __init__(self, config: Config, *, lead_count: int, written: Written | None = None) -> None:
        self._config = config
        self._lead_count = lead_count
        self.written = written or Written()
        self.gathered = 0  # bytes that `take` would return, about
        self._parts: dict[Section, list[bytes]] = {Section.TEXT: [], Section.HTML: [], Section.CSV: []}

    def add(self, envelope: Envelope) -> bool:
        """False: it does not fit any more, and nothing was written. Raises RenderError, and nothing was written either."""
        rows = self._rows(envelope)
        written = self.written
        size = written.body + len(rows.text) + len(rows.html) + _encoded_size(written.csv + len(rows.csv))
        if written.leads and size > MAX_BYTES - _AROUND:
            return False
        written.leads += 1
        written.shown += bool(rows.text)
        written.body += len(rows.text) + len(rows.html)
        written.csv += len(rows.csv)
        for section, part in zip(self._parts, rows, strict=True):
            self._parts[section].append(part)
            self.gathered += len(part)
        return True

    def take(self, *, is_last: bool = False) -> dict[Section, bytes]:
        """What was written since it was last taken, without what is empty. is_last: the file ends here."""
        written = self.written
        parts = {section: b"".join(self._parts[section]) for section in self._parts}
        content = written.csv_rest + parts[Section.CSV]
        end = len(content) if is_last else len(content) // _LINE * _LINE
        written.csv_rest = content[end:]
        parts[Section.CSV] = _base64(content[:end])
        self._parts = {section: [] for section in self._parts}
        self.gathered = 0
        return {section: part for section, part in parts.items() if part}

    def around(
        self, first: Envelope, server: MailServerSettings, recipients: tuple[str, ...], *, digest_id: UUID, context: Context
    ) -> dict[Section, bytes]:
        """What goes around the leads, once they are all written. first: whose values the subject and the file name may use. Raises RenderError."""
        config, count = self._config, self.written.leads
        names = {**template_values(first, lead_count=count), "delivery_id": str(digest_id)}
        head, tail = self._frame(first, count)
        message = with_headers(names, config, server, recipients, message_id=digest_id, now=context.now)
        # `=_` stands in no quoted-printable and no base64 (RFC 2045, 6.7), so that no value ends a part.
        mixed, alternative = f"=_mixed-{digest_id.hex}", f"=_alternative-{digest_id.hex}"
        message["MIME-Version"] = "1.0"
        message["Content-Type"] = f'multipart/mixed; boundary="{mixed}"'
        top, middle, bottom = _headers(message), b"", b""
        if config["format"] != "none":
            top += _boundary(mixed) + _wire(f'Content-Type: multipart/alternative; boundary="{alternative}"\n\n')
            top += _boundary(alternative) + _part_headers("plain") + quoted(_paragraph(text_of_html(head)))
            middle = quoted(text_of_html(tail))
            if config["format"] == "html":
                middle += _boundary(alternative) + _part_headers("html") + quoted(head)
                bottom = quoted(tail)
            bottom += _boundary(alternative, is_last=True)
        if config["attach_csv"]:
            part = EmailMessage(policy=POLICY)
            part.set_content(b"", **attachment(config["csv"], names))
            bottom += _boundary(mixed) + _headers(part) + b"\r\n"
        return {Section.TOP: top, Section.MIDDLE: middle, Section.BOTTOM: bottom, Section.END: _boundary(mixed, is_last=True)}

    def _frame(self, first: Envelope, count: int) -> tuple[str, str]:
        """The HTML before and after the leads."""
        around = inlined(
            layout("digest.html").render(
                is_test=first.is_test,
                lead_count=count,
                profile="" if self._config["body_template"] else first.profile,
                inner=_PLACE,
                attached_only=count - self.written.shown if self._config["format"] != "none" else 0,
            )
        )
        head, _, tail = around.partition(_PLACE)
        return head, tail

    def _rows(self, envelope: Envelope) -> Rows:
        text = html = content = b""
        config = self._config
        if config["format"] != "none" and not (config["attach_csv"] and self.written.shown >= SHOWN_BESIDE_CSV):
            source = self._filled(envelope) if config["body_template"] else lead_block(envelope)
            text = quoted(f"{text_of_html(source)}\n")
            html = quoted(source) if config["format"] == "html" else b""
        if config["attach_csv"]:
            content = self._csv(envelope)
        return Rows(text, html, content)

    def _filled(self, envelope: Envelope) -> str:
        names = template_values(envelope, lead_count=self._lead_count)
        return filled(self._config["body_template"], names, setting="body_template", escaping="html")

    def _csv(self, envelope: Envelope) -> bytes:
        settings, rows = self._config["csv"], [[cell(field) for field in envelope.fields]]
        if self.written.csv:
            return csv_rows(rows, delimiter=settings["delimiter"])
        return csv_bytes((field.name for field in envelope.fields), rows, delimiter=settings["delimiter"], is_marked=settings["bom"])


def one_lead_digest(
    envelope: Envelope, config: Config, server: MailServerSettings, recipients: tuple[str, ...], *, context: Context
) -> bytes:
    """A whole mail with one lead. Raises RenderError."""
    writer = DigestWriter(config, lead_count=1)
    writer.add(envelope)
    parts = writer.take(is_last=True) | writer.around(envelope, server, recipients, digest_id=envelope.delivery_id, context=context)
    return b"".join(parts[section] for section in sorted(parts))


class _Block(NamedTuple):
    """The layout of one lead, styles inlined, cut where its values go."""

    before_name: str
    before_time: str
    before_rows: str
    before_label: str
    before_text: str
    after_text: str
    after_rows: str


def lead_block(envelope: Envelope) -> str:
    block = _block()
    rows = "".join(
        f"{block.before_label}{escape(field.label)}{block.before_text}{with_breaks(shown_value(field))}{block.after_text}"
        for field in envelope.fields
    )
    name, moment = escape(envelope.lead_name), escape(text_of(envelope.created_at))
    return f"{block.before_name}{name}{block.before_time}{moment}{block.before_rows}{rows}{block.after_rows}"


@cache
def _block() -> _Block:
    _, _, source = inlined(layout("digest_lead.html").render()).partition("the-lead-begins")
    source, _, _ = source.partition("the-lead-ends")
    before_name, _, rest = source.partition("the-name")
    before_time, _, rest = rest.partition("the-time")
    table, _, rest = rest.partition("the-label")
    before_rows, row, label = table.rpartition("<tr")
    before_text, _, rest = rest.partition("the-text")
    cell_end, row_end, after_rows = rest.partition("</tr>")
    return _Block(before_name, before_time, before_rows, row + label, before_text, cell_end + row_end, after_rows)


def quoted(text: str) -> bytes:
    """Quoted-printable lines (RFC 2045, 6.7), the last one ended; empty for no text."""
    if not text:
        return b""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    content = lines if lines.endswith("\n") else f"{lines}\n"
    return binascii.b2a_qp(content.encode("utf-8", "replace"), istext=True).replace(b"\n", b"\r\n")


def _paragraph(text: str) -> str:
    return text and f"{text}\n"


def _base64(content: bytes) -> bytes:
    lines = (binascii.b2a_base64(content[start : start + _LINE], newline=False) for start in range(0, len(content), _LINE))
    return b"".join(line + b"\r\n" for line in lines)


def _encoded_size(size: int) -> int:
    return -(-size // _LINE) * _ENCODED_LINE


def _headers(message: EmailMessage) -> bytes:
    return b"".join(POLICY.fold_binary(name, value) for name, value in message.raw_items())


def _part_headers(subtype: str) -> bytes:
    return _wire(f'Content-Type: text/{subtype}; charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n\n')


def _boundary(name: str, *, is_last: bool = False) -> bytes:
    # RFC 2046, 5.1.1: the line end before it belongs to it.
    return _wire(f"\n--{name}{'--' if is_last else ''}\n")


def _wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("ascii")
