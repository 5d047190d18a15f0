"""A webhook's body by the partner's own template, as it is saved and as it goes out."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from delivery.channels.base import ConfigError, Context, Envelope, EnvelopeField, FieldInfo, RenderError, Rendering
from delivery.channels.webhook import KIND
from delivery.outbound import OutboundPolicy

URL = "https://partner.example.com/leads"
FIELDS = (
    FieldInfo("first_name", "first_name", "First name", "text"),
    FieldInfo("budget", "budget", "Budget", "number"),
    FieldInfo("state", "state", "State", "select"),
    FieldInfo("home", "home", "Home", "address"),
    FieldInfo("test", "test", "Test", "text"),
)
NESTED = """{
  "contact": {"name": {{ first_name }}, "greeting": "Dear {{ lead.first_name }}"},
  "state": {{ state | map({"CA": "California"}, "elsewhere") }},
  "city": {{ home.city }},
  "budget": {{ budget }},
  "meta": {"source": "leadflip", "version": 2, "id": "{{ delivery_id }}", "is_test": {{ test }}, "own": {{ lead.test }}},
  "from": "{{ profile }} for {{ partner }}", "who": {{ lead_name }},
  "at": "{{ created_at | date('%d.%m.%Y') }}"
}"""


def clean(template: Any, **more: Any) -> dict[str, Any]:
    raw = {"url": URL, "payload_format": "template", "template": template, **more}
    config, _ = KIND.clean_config(raw, fields=FIELDS, is_http_allowed=False, policy=OutboundPolicy(), old_secrets={})
    return config


def faults(template: Any, **more: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigError) as refused:
        clean(template, **more)
    return [(fault.attr, fault.code, fault.detail) for fault in refused.value.faults]


def rendered(template: str, content_type: str = "application/json", **values: Any) -> Rendering:
    fields = [EnvelopeField(info.key, info.name, info.label, info.type, values.get(info.key)) for info in FIELDS]
    envelope = Envelope(
        delivery_id=UUID("0199a2f4-7b1c-7000-8000-000000000001"),
        lead_id=UUID("0199a2f4-7b1c-7000-8000-000000000002"),
        created_at=datetime(2026, 11, 24, 9, 29, 5, tzinfo=UTC),
        source="api",
        status="new",
        lead_name="Jane",
        entity="Solar Leads",
        profile="Solar West",
        partner="Helios Direct",
        fields=tuple(fields),
    )
    config = {"payload_format": "template", "template": template, "content_type": content_type}
    return KIND.render(envelope, config, context=Context(datetime(2026, 11, 24, tzinfo=UTC)))


def test_a_partners_own_shape() -> None:
    assert clean(NESTED)["template"] == NESTED
    rendering = rendered(
        NESTED,
        first_name='Jané", "admin": true',
        budget=Decimal("1200.50"),
        state="CA",
        home={"city": "Los Angeles"},
        test="own",
    )
    assert rendering.content_type == "application/json"
    assert json.loads(rendering.body) == {
        "contact": {"name": 'Jané", "admin": true', "greeting": 'Dear Jané", "admin": true'},
        "state": "California",
        "city": "Los Angeles",
        "budget": 1200.5,
        "meta": {"source": "leadflip", "version": 2, "id": "0199a2f4-7b1c-7000-8000-000000000001", "is_test": False, "own": "own"},
        "from": "Solar West for Helios Direct",
        "who": "Jane",
        "at": "24.11.2026",
    }


def test_a_lead_without_values_keeps_the_shape() -> None:
    assert json.loads(rendered(NESTED).body)["contact"] == {"name": None, "greeting": "Dear "}


def test_a_form() -> None:
    rendering = rendered("n={{ first_name }}&src=leadflip", "application/x-www-form-urlencoded", first_name="a&b=ü")
    assert (rendering.body, rendering.content_type) == (b"n=a%26b%3D%C3%BC&src=leadflip", "application/x-www-form-urlencoded")


def test_xml() -> None:
    rendering = rendered('<lead n="{{ first_name }}"/>', "text/xml", first_name='"><x>\x0b')
    assert rendering.body == b'<lead n="&#34;&gt;&lt;x&gt;\xef\xbf\xbd"/>'
    assert rendering.content_type == "text/xml; charset=utf-8"


def test_plain_text() -> None:
    rendering = rendered("{{ first_name }} <{{ budget }}>", "text/plain", first_name="Jané", budget=5)
    assert (rendering.body, rendering.content_type) == ("Jané <5>".encode(), "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("template", "code", "detail"),
    [
        (None, "required", "The template is missing: "),
        ("  ", "required", "The template is missing: "),
        ('{\n"a": {{ frst_name }}}', "unknown_name", "Line 2: There is no frst_name; did you mean first_name?"),
        ('{"a": {{ home.zip }}}', "unknown_name", "Line 1: There is no home.zip; "),
        ('{\n\n"a": {{ first_name | shout }}}', "not_allowed", "Line 3: There is no filter shout; "),
        ('{"a": "{{ first_name }}}', "syntax", "Line 1: A text is not ended: a quotation mark is missing."),
        ('{\n"a": {{ budget }},\n}', "malformed", _no := "Tried with a sample lead: With this lead the channel's template makes no valid JSON: "),
        ("{{ first_name }}{{ budget }}", "malformed", _no),
        ('{"a": 1', "malformed", _no),
        ('{"a":\n{{ budget | number(99) }}}', "malformed", "Tried with a sample lead: The channel's template cannot be filled for this lead: Line 2: number"),
        ("[" * 24_000 + "]" * 24_000, "malformed", _no + "it is nested too deeply."),
        ("x" * 50_001, "too_long", "Wanted at most 50,000 characters; this has 50,001."),
        (["{}"], "invalid", "Wanted a text."),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_used_is_refused_where_it_stands(template: Any, code: str, detail: str) -> None:
    ((attr, found, text),) = faults(template)
    assert (attr, found) == ("config.template", code)
    assert text.startswith(detail), text


def test_the_line_that_is_no_json_is_named() -> None:
    ((_, _, detail),) = faults('{\n  "a": 1,\n  "b" {{ budget }}\n}')
    assert detail.endswith("no valid JSON: line 3 of it, byte 7: expected ':'.")


@pytest.mark.parametrize(
    ("template", "detail"),
    [
        ("<lead>\n<a>{{ first_name }}</b></lead>", "makes no valid XML: line 2 of it, byte "),
        ('<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>', "makes no valid XML: it has a DOCTYPE, which is not sent."),
        ("{{ first_name }}", "makes no valid XML: line 1 of it, byte "),
    ],
)
def test_xml_that_is_none_is_refused(template: str, detail: str) -> None:
    ((attr, code, text),) = faults(template, content_type="text/xml")
    assert (attr, code) == ("config.template", "malformed")
    assert detail in text


def test_another_content_type_is_refused() -> None:
    ((attr, code, _),) = faults("{}", content_type="text/html")
    assert (attr, code) == ("config.content_type", "invalid")


def test_a_template_that_is_not_used_waits_unchecked() -> None:
    config = clean("{{ gone }}", payload_format="json")
    assert (config["payload_format"], config["template"], config["content_type"]) == ("json", "{{ gone }}", "application/json")


@pytest.mark.parametrize(
    ("template", "values", "reason"),
    [
        ('{"a": {% if budget %}1{% endif %}}', {}, r"makes no valid JSON: line 1 of it, byte 7: invalid character\."),
        ('{"a": {% if budget > 5 %}1{% endif %}}', {}, r"cannot be filled for this lead: Line 1: This cannot be worked out"),
        ('{"a": {{ gone }}}', {}, r"Line 1: There is no gone here"),
        ('{"a": {{ first_name }}}', {"first_name": "\ud800"}, r"cannot be worked out with the values of this lead"),
    ],
)
def test_a_lead_that_does_not_fit_is_told_without_its_values(template: str, values: dict[str, Any], reason: str) -> None:
    with pytest.raises(RenderError, match=reason):
        rendered(template, **values)


def test_half_a_character_cannot_be_sent_as_plain_text() -> None:
    with pytest.raises(RenderError, match="surrogate"):
        rendered("{{ first_name }}", "text/plain", first_name="\ud800")
