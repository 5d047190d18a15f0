"""A digest's mail as a partner's program reads it."""

import csv
import io
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import strict
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.channels.base import Context, Envelope, EnvelopeField, FieldInfo, MailServerSettings, RenderError
from delivery.channels.email import KIND
from delivery.channels.email.digest import DigestWriter, Section, Written, quoted
from delivery.outbound import OutboundPolicy

DIGEST = UUID("0199a2f4-7b1c-7000-8000-000000000001")
SERVER = MailServerSettings("mail.acme.test", 587, "starttls", "acme", "secret", "leads@acme.test", "Acme, Inc.")
CONTEXT = Context(datetime(2026, 11, 24, 9, 30, tzinfo=UTC), mail_server=SERVER)
FIELDS = (FieldInfo("first_name", "first_name", "First name", "text"),)


def lead(name: Any, column: str = "first_name") -> Envelope:
    fields = (EnvelopeField("first_name", column, "First name", "text", name),)
    at = datetime(2026, 11, 24, 9, 29, tzinfo=UTC)
    return Envelope(DIGEST, DIGEST, at, "api", "new", str(name), "Solar Leads", "Solar West", "Helios Direct", fields)


def config(**raw: Any) -> dict[str, Any]:
    given = {"batching": {"mode": "every"}, "attach_csv": True, "recipients": ["leads@helios.test"], **raw}
    return KIND.clean_config(given, fields=FIELDS, is_http_allowed=False, policy=OutboundPolicy(), old_secrets={})[0]


def written(leads: list[Envelope], *, steps: int = 1, recipients: tuple[str, ...] = ("leads@helios.test",), **raw: Any) -> bytes:
    """The mail, put together in so many steps, each by a writer of its own."""
    settings, note, pieces = config(**raw), Written(), dict[tuple[int, int], bytes]()
    for step in range(steps):
        writer = DigestWriter(settings, lead_count=len(leads), written=msgspec.json.decode(msgspec.json.encode(note), type=Written))
        for envelope in leads[len(leads) * step // steps : len(leads) * (step + 1) // steps]:
            assert writer.add(envelope)
        pieces |= {(section, step): part for section, part in writer.take(is_last=step == steps - 1).items()}
        note = writer.written
    around = writer.around(leads[0], SERVER, recipients, digest_id=DIGEST, context=CONTEXT)
    pieces |= {(section, 0): part for section, part in around.items()}
    return b"".join(pieces[place] for place in sorted(pieces))


def parsed(content: bytes) -> EmailMessage:
    content.decode("ascii")
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    return message_from_bytes(content, _class=EmailMessage, policy=strict)


def rows(message: EmailMessage) -> list[list[str]]:
    (attached,) = message.iter_attachments()
    content = attached.get_payload(decode=True)
    assert isinstance(content, bytes)
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


def test_steps_leave_no_trace_in_the_mail() -> None:
    leads = [lead(f"Lead {number} é") for number in range(100)]
    assert written(leads) == written(leads, steps=7)


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        ({}, ["text/plain", "text/html", "text/csv"]),
        ({"format": "text"}, ["text/plain", "text/csv"]),
        ({"format": "none"}, ["text/csv"]),
        ({"attach_csv": False}, ["text/plain", "text/html"]),
        ({"attach_csv": False, "format": "text"}, ["text/plain"]),
    ],
)
def test_a_mail_has_the_parts_that_were_chosen(raw: dict[str, Any], parts: list[str]) -> None:
    message = parsed(written([lead("Jane"), lead("John")], **raw))
    assert [part.get_content_type() for part in message.walk() if not part.is_multipart()] == parts


cells = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=100)


@settings(max_examples=100, deadline=None)
@given(st.lists(cells, min_size=1, max_size=20), st.integers(1, 4))
def test_the_file_reads_back_equal(names: list[str], steps: int) -> None:
    message = parsed(written([lead(name) for name in names], steps=min(steps, len(names))))
    read = [row[0].removeprefix("'") for row in rows(message)]
    assert read == ["first_name", *(name.removeprefix("'") for name in names)]


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=300))
def test_texts_survive_their_encoding(text: str) -> None:
    message = message_from_bytes(
        b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n' + quoted(text), policy=strict
    )
    content = message.get_payload(decode=True)
    assert isinstance(content, bytes)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    assert content.decode().replace("\r\n", "\n") == (lines if lines.endswith("\n") or not lines else f"{lines}\n")


BREAKS = ["\r\n", "\n", "\r", "\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\x1c", "\x00"]
INJECTIONS = [
    "Bcc: evil@x.test",
    "Content-Type: text/html",
    "\r\n\r\nBody",
    "Subject: other",
    "--=_mixed-0199a2f47b1c70008000000000000001--",
]


@pytest.mark.parametrize("line_break", BREAKS)
@pytest.mark.parametrize("injected", INJECTIONS)
def test_no_value_can_write_a_header_or_end_a_part(line_break: str, injected: str) -> None:
    value = f"Jane{line_break}{injected}"
    templates: dict[str, Any] = {
        "subject": "{{ first_name }}",
        "csv": {"file_name": "{{ first_name }}.csv"},
        "body_template": "{{ first_name }}",
    }
    message = parsed(written([lead(value, column=value), lead("John")], **templates))
    usual = parsed(written([lead("Jane"), lead("John")], **templates))
    assert sorted(message.keys()) == sorted(usual.keys())
    assert [part.get_content_type() for part in message.walk()] == [part.get_content_type() for part in usual.walk()]
    assert len(str(message["Subject"]).splitlines()) == 1
    (attached,) = message.iter_attachments()
    assert sorted(attached.keys()) == sorted(next(usual.iter_attachments()).keys())
    name = attached.get_filename()
    assert name is not None
    assert name.endswith(".csv")
    assert not set(name) & set('/\\\r\n"\x00')
    assert len(rows(message)) == 3


@pytest.mark.parametrize(
    "address", ["no address", "a@", "<a@b.test>, c@d.test", "a@b.test\r\nBcc: c@d.test", "a@b.test\nX: y", "a b@c.test"]
)
def test_a_recipient_that_no_mail_can_go_to_is_refused(address: str) -> None:
    with pytest.raises(RenderError):
        written([lead("Jane")], recipients=(address,))


def test_a_lead_that_fills_no_template_is_left_out_and_leaves_nothing() -> None:
    writer = DigestWriter({**config(), "body_template": "{{ lead.gone }}"}, lead_count=2)
    with pytest.raises(RenderError, match="body_template"):
        writer.add(lead("Jane"))
    assert (writer.written, writer.take()) == (Written(), {})


def test_a_mail_that_is_full_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("delivery.channels.email.digest.MAX_BYTES", 130_000)
    writer = DigestWriter(config(format="none"), lead_count=100)
    taken = 0
    while writer.add(lead("x" * 1_000)):
        taken += 1
    # 30,000 bytes of base64 are 21,923 of the file: a header of 12, and rows of 1,002.
    assert taken == 21
    assert (writer.written.csv, writer.written.size) == (12 + 21 * 1_002, 28_860)
    assert len(writer.take(is_last=True)[Section.CSV]) == 28_812


def test_a_lead_that_is_larger_than_a_mail_goes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("delivery.channels.email.digest.MAX_BYTES", 101_000)
    writer = DigestWriter(config(), lead_count=2)
    assert writer.add(lead("x" * 50_000))
    assert not writer.add(lead("Jane"))
