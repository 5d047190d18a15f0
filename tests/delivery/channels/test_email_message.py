"""The mail as a partner's program reads it."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import strict
from time import process_time
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.spreadsheet import defused
from delivery.channels.base import Context, Envelope, EnvelopeField, MailServerSettings, NotReadyError, RenderError
from delivery.channels.email import KIND
from delivery.channels.email.csv_file import csv_bytes
from delivery.channels.email.message import file_name
from delivery.outbound import OutboundPolicy

DELIVERY = UUID("0199a2f4-7b1c-7000-8000-000000000001")
SERVER = MailServerSettings("mail.acme.test", 587, "starttls", "acme", "secret", "leads@acme.test", "Acme, Inc.")
CONTEXT = Context(datetime(2026, 11, 24, 9, 30, tzinfo=UTC), partner_email="leads@helios.test", mail_server=SERVER)


def envelope(*fields: EnvelopeField, lead_name: str = "Jane") -> Envelope:
    return Envelope(
        delivery_id=DELIVERY,
        lead_id=UUID("0199a2f4-7b1c-7000-8000-000000000002"),
        created_at=datetime(2026, 11, 24, 9, 29, tzinfo=UTC),
        source="api",
        status="new",
        lead_name=lead_name,
        entity="Solar Leads",
        profile="Solar West",
        partner="Helios Direct",
        fields=fields or (text("first_name", "Jane"),),
    )


def text(key: str, value: Any, **changes: Any) -> EnvelopeField:
    return msgspec.structs.replace(EnvelopeField(key, key, key.replace("_", " ").capitalize(), "text", value), **changes)


def config(**raw: Any) -> dict[str, Any]:
    stored, secrets = KIND.clean_config(raw, fields=(), is_http_allowed=False, policy=OutboundPolicy(), old_secrets={})
    assert secrets == {}
    return stored


def mail(lead: Envelope, **raw: Any) -> EmailMessage:
    body = KIND.render(lead, config(**raw), context=CONTEXT).body
    assert body.count(b"\n") == body.count(b"\r\n") == body.count(b"\r")
    assert max(map(len, body.split(b"\r\n"))) <= 998
    body.decode("ascii")
    return message_from_bytes(body, _class=EmailMessage, policy=strict)


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    content = found.get_content()
    assert isinstance(content, str)
    return content


def rows(message: EmailMessage, delimiter: str = ",") -> list[list[str]]:
    (attached,) = message.iter_attachments()
    content = attached.get_payload(decode=True)
    assert isinstance(content, bytes)
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True, delimiter=delimiter))


def test_the_usual_mail() -> None:
    message = mail(envelope(text("first_name", "Jane"), text("budget", Decimal("1200.5"), type="number")))
    assert message["Subject"] == "New Lead: Jane"
    assert str(message["From"]) == '"Acme, Inc." <leads@acme.test>'
    assert str(message["To"]) == "leads@helios.test"
    assert message["Message-ID"] == f"<{DELIVERY}@acme.test>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "First name" in part(message, "plain")
    assert "1200.5" in part(message, "plain")
    assert "<table" in part(message, "html")


def test_values_are_escaped_in_the_html_part() -> None:
    html = part(mail(envelope(text("first_name", "<img src=x onerror=alert(1)>"))), "html")
    assert "<img" not in html
    assert "&lt;img" in html


def test_a_custom_body_keeps_its_markup_and_escapes_values() -> None:
    source = "<h2>Call {{ lead.first_name }}</h2>{% for field in fields %}{{ field.label }}: {{ field.text }};{% endfor %}"
    stored = {**config(), "body_template": source}
    body = KIND.render(envelope(text("first_name", "<b>")), stored, context=CONTEXT).body
    html = part(message_from_bytes(body, _class=EmailMessage, policy=strict), "html")
    assert ">Call &lt;b&gt;</h2>" in html
    assert "First name: &lt;b&gt;;" in html


def test_a_part_that_an_address_lacks_is_empty_and_no_fault() -> None:
    fields = (text("home", {"city": "Bonn"}, type="address"), text("work", None, type="address"))
    source = "{{ lead.home.city }}/{{ lead.home.street }}/{{ lead.work.city }}/{% if lead.work %}x{% endif %}/{{ created_at }}"
    body = KIND.render(envelope(*fields), {**config(), "subject": source}, context=CONTEXT).body
    assert message_from_bytes(body, policy=strict)["Subject"] == "Bonn////2026-11-24 09:29 UTC"


def test_times_are_told_in_utc_wherever_they_came_from() -> None:
    abroad = replace(envelope(), created_at=datetime(2026, 11, 24, 18, 29, tzinfo=timezone(timedelta(hours=9))))
    assert "2026-11-24 09:29 UTC" in part(mail(abroad), "plain")


def test_an_address_that_no_mail_can_go_to_is_a_render_error() -> None:
    for address in ("no address", "a@", "<a@b.test>, c@d.test", "a@b.test\r\nBcc: c@d.test"):
        with pytest.raises(RenderError):
            KIND.render(envelope(), config(), context=replace(CONTEXT, partner_email=address))


def test_no_stylesheet_is_fetched_for_a_body() -> None:
    source = '<link rel="stylesheet" href="http://127.0.0.1:9/a.css"><link rel="stylesheet" href="file:///etc/passwd"><p>Hello</p>'
    html = part(mail(envelope(), body_template=source), "html")
    assert "Hello" in html
    assert "root:" not in html


def test_the_text_part_keeps_the_links_addresses() -> None:
    message = mail(envelope(), body_template='<p>See <a href="https://acme.test/x">the lead</a></p>')
    assert "https://acme.test/x" in part(message, "plain")


def test_a_csv_holds_the_leads_values() -> None:
    fields = (text("n", Decimal("-12.50"), type="number"), text("tags", ["a", "b"], type="multi_select"), text("phone", "+12025550123"))
    message = mail(
        envelope(*fields, text("note", '=1+1;"x"\r\ny'), text("none", None)), attach_csv=True, csv={"delimiter": ";", "bom": True}
    )
    assert rows(message, ";") == [["n", "tags", "phone", "note", "none"], ["-12.50", "a, b", "+12025550123", '\'=1+1;"x"\r\ny', ""]]


@pytest.mark.parametrize("piece", ["<table><tr><td>a", "<b><p>", "<div style='padding-left:99999999em'>", "<select><option>"])
def test_a_hostile_body_costs_no_more_than_its_length(piece: str) -> None:
    # css_inline ends the process on the first of these, and inscriptis fills the memory on the third.
    source = piece * (40_000 // len(piece))
    started = process_time()
    body = KIND.render(envelope(), config(body_template=source), context=CONTEXT).body
    assert process_time() - started < 2
    assert len(body) < 10 * len(source)


def test_long_values_cost_no_more_than_their_length() -> None:
    fields = tuple(text(f"field_{n}", ("word " * 2_000) if n % 2 else "=" * 10_000) for n in range(100))
    started = process_time()
    body = KIND.render(envelope(*fields), config(attach_csv=True), context=CONTEXT).body
    assert process_time() - started < 2
    assert len(body) < 5_000_000


def test_the_lines_of_a_value_stay_lines() -> None:
    message = mail(envelope(text("note", "one\r\ntwo <b>\n\nthree")))
    assert "one<br>two &lt;b&gt;<br><br>three" in part(message, "html")
    assert "one\ntwo <b>\n\nthree" in part(message, "plain").replace("\r\n", "\n")


def test_text_format_has_no_html_part() -> None:
    message = mail(envelope(), format="text")
    assert message.get_body(("html",)) is None
    assert "Jane" in part(message, "plain")


def test_none_format_is_the_attachment_alone() -> None:
    message = mail(envelope(), format="none", attach_csv=True)
    assert rows(message) == [["first_name"], ["Jane"]]


def test_recipients_of_the_channel_come_before_the_partners_own() -> None:
    rendering = KIND.render(envelope(), config(recipients=["a@b.test", "c@d.test"], cc=["e@f.test"], reply_to="g@h.test"), context=CONTEXT)
    assert rendering.recipients == ("a@b.test", "c@d.test", "e@f.test")
    message = message_from_bytes(rendering.body, _class=EmailMessage, policy=strict)
    assert (str(message["To"]), str(message["Cc"]), str(message["Reply-To"])) == ("a@b.test, c@d.test", "e@f.test", "g@h.test")


@pytest.mark.parametrize(("changes", "code"), [({"mail_server": None}, "no_mail_server"), ({"partner_email": ""}, "no_recipient")])
def test_what_is_missing_is_named(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(NotReadyError) as missing:
        KIND.render(envelope(), config(), context=replace(CONTEXT, **changes))
    assert missing.value.code == code


def test_a_template_that_a_lead_cannot_fill_is_a_render_error() -> None:
    stored = {**config(), "subject": "{{ lead.gone }}"}
    with pytest.raises(RenderError, match="subject"):
        KIND.render(envelope(), stored, context=CONTEXT)


BREAKS = ["\r\n", "\n", "\r", "\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\x1c", "\x00"]
INJECTIONS = ["Bcc: evil@x.test", "Content-Type: text/html", "\r\n\r\nBody", "Subject: other", "X-Evil: 1"]


@pytest.mark.parametrize("line_break", BREAKS)
@pytest.mark.parametrize("injected", INJECTIONS)
def test_no_value_can_write_a_header(line_break: str, injected: str) -> None:
    value = f"Jane{line_break}{injected}"
    message = mail(envelope(text("first_name", value, name="na" + line_break + "me"), lead_name=value), attach_csv=True)
    usual = mail(envelope(lead_name="Jane"), attach_csv=True)
    assert sorted(message.keys()) == sorted(usual.keys())
    assert message["Bcc"] is None
    assert message["X-Evil"] is None
    assert "\n" not in message["Subject"]


@pytest.mark.parametrize(
    "bad",
    [
        {"recipients": ["a@b.test\r\nBcc: c@d.test"]},
        {"recipients": ["Jane <a@b.test>"]},
        {"recipients": "a@b.test"},
        {"recipients": [f"a{n}@b.test" for n in range(11)]},
        {"cc": [""]},
        {"reply_to": "nobody"},
        {"subject": "{{ ''.__class__ }}"},
        {"subject": "{% for i in range(10**9) %}x{% endfor %}"},
        {"subject": "{{ unknown }}"},
        {"format": "pdf"},
        {"format": "none"},
        {"csv": {"delimiter": "x"}},
        {"csv": {"file_name": "{{ nope }}.csv"}},
        {"colour": "blue"},
    ],
)
def test_a_wrong_setting_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="config"):
        config(**bad)


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=", "+", "-", "+1 555", "--1"])
def test_a_formula_is_defused(cell: str) -> None:
    assert defused(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Jane", "-12.5", "+12025550123", "-1", "1e5", "a=b", "'=1"])
def test_what_is_no_formula_stays(cell: str) -> None:
    assert defused(cell) == cell


cells = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


@settings(max_examples=200)
@given(st.lists(st.lists(cells, min_size=2, max_size=2), max_size=5), st.sampled_from([",", ";", "\t", "|"]), st.booleans())
def test_a_csv_reads_back_equal(table: list[list[str]], delimiter: str, is_marked: bool) -> None:
    content = csv_bytes(["a", "b"], table, delimiter=delimiter, is_marked=is_marked)
    read = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True, delimiter=delimiter))
    assert read == [["a", "b"], *table]
    assert content.startswith(b"\xef\xbb\xbf") is is_marked


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("lead.csv", "lead.csv"),
        ("Jane Doe", "Jane Doe.csv"),
        ("../../etc/passwd", "etc_passwd.csv"),
        ('a"b\r\nc.csv', "a_b c.csv"),
        ("", "lead.csv"),
        ("...", "lead.csv"),
        ("Jané.CSV", "Jané.CSV"),
    ],
)
def test_a_file_name_is_safe(wanted: str, name: str) -> None:
    assert file_name(wanted) == name
