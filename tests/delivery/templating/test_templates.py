"""Users' templates: what they can say, and what is told to those who write them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from delivery.templating import TemplateError, check, compile_template, one_line


@dataclass(frozen=True)
class Field:
    key: str
    type: str = "text"


FIELDS = (Field("first_name"), Field("budget", "number"), Field("address", "address"), Field("tags", "multi_select"), Field("items"))
VALUES: dict[str, Any] = {
    "lead_name": "Jane Doe",
    "created_at": datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
    "lead": {
        "first_name": "Jane",
        "budget": Decimal("1200.50"),
        "born": "1990-02-01",
        "phone": "+1 (202) 555-0123",
        "is_owner": True,
        "missing": None,
        "tags": ["roof", "garden"],
        "address": {"street": "Main St", "city": None},
        "items": "a field named like a method",
    },
    "fields": [{"label": "First name", "text": "Jane"}, {"label": "Budget", "text": "1200.50"}],
}


def rendered(source: str, **more: Any) -> str:
    return compile_template(source, escaping="none").render(VALUES | more)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("New Lead: {{lead_name}}", "New Lead: Jane Doe"),
        ("{{ lead.first_name }}", "Jane"),
        ("{{ lead['first_name'] }}", "Jane"),
        ("{{ lead.items }}", "a field named like a method"),
        ("{{ lead.budget }}", "1200.50"),
        ("{{ lead.missing }}", ""),
        ("{{ lead.is_owner }}", "Yes"),
        ("{{ lead.tags }}", "roof, garden"),
        ("{{ lead.address }}", "Main St"),
        ("{{ lead.address.city }}", ""),
        ("{{ created_at }}", "2026-11-24 09:30 UTC"),
        ("{{ created_at | date('%d.%m.%Y') }}", "24.11.2026"),
        ("{{ lead.born | date }}", "01 February 1990"),
        ("{{ lead.first_name | date }}", "Jane"),
        ("{{ lead.first_name | upper }}", "JANE"),
        ("{{ lead.missing | upper }}", ""),
        ("{{ lead.missing | default('none given') }}", "none given"),
        ("{{ lead.first_name | default('none given') }}", "Jane"),
        ("{{ lead.phone | digits }}", "12025550123"),
        ("{{ lead_name | truncate(6) }}", "Jane…"),
        ("{{ lead_name | truncate(length=100) }}", "Jane Doe"),
        ("{{ lead_name | replace('Doe', 'D.') }}", "Jane D."),
        ("{{ '  x ' | trim }}", "x"),
        ("{{ 'jane doe' | title }}", "Jane Doe"),
        ("{{ lead.tags | join(' + ') }}", "roof + garden"),
        ("{{ lead.tags | map({'roof': 'R'}) }}", "R, garden"),
        ("{{ lead.tags | map({'roof': 'R'}, 'other') }}", "R, other"),
        ("{{ lead.first_name | map({'Jane': 'J', 'Joe': 'X'}) }}", "J"),
        ("{{ lead.first_name | map({'jane': 'J'}) }}", "Jane"),
        ("{{ lead.is_owner | map({true: 'O', false: 'T'}) }}", "O"),
        ("{{ lead.missing | map({'': 'none'}) }}", "none"),
        ("{{ lead.budget | map({'1200.50': 'mid'}) }}", "mid"),
        ("{{ lead.budget | number(1) }}", "1200.5"),
        ("{{ '0.125' | number(2) }}", "0.13"),
        ("{{ ' 7 ' | number }}", "7"),
        ("{{ lead.first_name | number | default(0) }}", "0"),
        ("{{ lead.missing | number }}", ""),
        ("{{ lead.budget | format_number }}", "1,200.50"),
        ("{{ 1234567.891 | format_number(1, '.', ',') }}", "1.234.567,9"),
        ("{{ lead.budget | format_number(decimals=0, thousands='') }}", "1201"),
        ("{{ lead.first_name | format_number }}", ""),
        ("{{ lead.tags | json }}", '["roof","garden"]'),
        ("{% if lead.budget >= 1000 %}big{% else %}small{% endif %}", "big"),
        ("{% if lead.first_name in ['Jane', 'Joe'] %}yes{% endif %}", "yes"),
        ("{% if lead.missing is none %}nothing{% endif %}", "nothing"),
        ("{{ 'a' if lead.is_owner and not lead.missing else 'b' }}", "a"),
        ("{% for f in fields %}{{ loop.index }}. {{ f.label }}: {{ f.text }}\n{% endfor %}", "1. First name: Jane\n2. Budget: 1200.50\n"),
        ("{% for tag in lead.tags %}{{ tag }}{% if not loop.last %}/{% endif %}{% endfor %}", "roof/garden"),
        ("{% for tag in lead.tags %}{% else %}none{% endfor %}", ""),
        ("{% raw %}{{ as it is }}{% endraw %}{# a remark #}", "{{ as it is }}"),
    ],
)
def test_a_template(source: str, text: str) -> None:
    assert rendered(source) == text


def test_html_escapes_values_and_keeps_markup() -> None:
    source = "<p>{{ lead_name }} {{ '<i>' }} {{ lead_name | upper }}</p>"
    html = compile_template(source, escaping="html").render({"lead_name": "<b>&'\""})
    assert html == "<p>&lt;b&gt;&amp;&#39;&#34; &lt;i&gt; &lt;B&gt;&amp;&#39;&#34;</p>"


def test_xml_escapes_values_and_leaves_out_what_xml_has_not() -> None:
    source = '<a b="{{ lead_name }}">{{ lead_name }}</a>'
    xml = compile_template(source, escaping="xml").render({"lead_name": "<b>&'\"\x0b\x00\ud800\ufffe\U0001f600\t"})
    assert xml == '<a b="{0}">{0}</a>'.format("&lt;b&gt;&amp;&#39;&#34;\ufffd\ufffd\ufffd\ufffd\U0001f600\t")


def test_a_form_percent_encodes_values() -> None:
    source = "name={{ lead_name }}&fixed=1&tag={{ lead.tags | join('&') }}"
    assert (
        compile_template(source, escaping="form").render(VALUES | {"lead_name": "J&a=1 é"})
        == "name=J%26a%3D1+%C3%A9&fixed=1&tag=roof%26garden"
    )


def test_a_value_is_never_read_as_a_template() -> None:
    assert rendered("{{ lead_name }}", lead_name="{{ 7 }}{% if %}") == "{{ 7 }}{% if %}"


def test_the_same_content_is_compiled_once() -> None:
    assert compile_template("{{ lead_name }}!", escaping="none") is compile_template("{{ lead_name }}!", escaping="none")


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        ("{{ lead.first_name }} {{ lead.source }} {{ profile }} {{ lead_count }}", []),
        ("{{ lead.address.postcode }}", []),
        ("{% for f in fields %}{{ f.label }}{{ f.text }}{{ loop.first }}{% endfor %}", []),
        ("\n{{ nope }}", ["Line 2: There is no nope; "]),
        ("{{ first_name }} {{ address.postcode }} {{ delivery_id }} {{ test }}", []),
        ("{{ source }}", ["Line 1: There is no source; the field is written lead.source."]),
        ("{{ lead.frst_name }}", ["Line 1: There is no lead.frst_name; did you mean lead.first_name?"]),
        ("{{ lead.address.zip }}", ["Line 1: There is no lead.address.zip; "]),
        ("{{ lead.first_name.x }}", ["Line 1: There is no lead.first_name.x; it has no parts."]),
        ("{{ a }}\n{{ b }}\n\n{{ c }}", ["Line 1: There is no a; ", "Line 2: There is no b; ", "Line 4: There is no c; "]),
        ("{% for f in fields %}{{ f.colour }}{% endfor %}{{ f }}", ["Line 1: There is no f.colour; ", "Line 1: There is no f; "]),
        ("{% for x in lead.first_name %}{% endfor %}", ["Line 1: A loop goes over fields or over a field with several values."]),
        ("{{ loop.index }}", ["Line 1: There is no loop; "]),
        ("{% for f in fields %}{{ loop.cycle }}{% endfor %}", ["Line 1: There is no loop.cycle; "]),
        ("{% if x is defined %}{% endif %}", ["Line 1: There is no x; "]),
        ("Hello {{ lead_name", ["Line 1: "]),
        ("\n\n{% if %}", ["Line 3: "]),
        ("{% endif %}", ["Line 1: "]),
    ],
)
def test_faults_are_named_with_their_line_when_saved(source: str, faults: list[str]) -> None:
    found = sorted(str(fault) for fault in check(source, FIELDS))
    assert len(found) == len(faults)
    assert all(text.startswith(start) for text, start in zip(found, faults, strict=True)), found


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("\n\n{{ lead.gone }}", r"Line 3: There is no gone here"),
        ("{{ gone }}", r"Line 1: There is no gone here"),
        ("\n{% if lead.first_name > 5 %}{% endif %}", r"Line 2: This cannot be worked out"),
        ("{{ lead.first_name | replace('', 'x') }}", r"Line 1: replace wants"),
        ("{{ lead.first_name | truncate('x') }}", r"Line 1: truncate wants"),
        ("{% for x in lead.first_name %}{% endfor %}", r"Line 1: A loop goes over"),
        ("{{ lead.budget | number(11) }}", r"Line 1: number wants"),
        ("{{ lead.budget | number('2') }}", r"Line 1: number wants"),
        ("{{ lead.budget | format_number(2, '--') }}", r"Line 1: format_number wants"),
        ("{{ lead.budget | format_number(2, 1) }}", r"Line 1: format_number wants"),
    ],
)
def test_what_a_lead_cannot_fill_is_named_with_its_line(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        rendered(source)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\nBcc: b@c.test", "a Bcc: b@c.test"),
        ("a\u2028b\x85c\x0bd\x1ce", "a b c d e"),
        ("nul\x00 and \x07bell", "nul and bell"),
        ("  spaced \t out ", "spaced out"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text, most=200) == line
