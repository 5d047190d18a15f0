"""Templates of JSON: a value is written to fit its place, and never changes the shape."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.templating import TemplateError, compile_template

HOSTILE = 'x", "admin": true, "a": "\\'
VALUES: dict[str, Any] = {
    "name": 'Jane "J" O\\Neil\n',
    "hostile": HOSTILE,
    "budget": Decimal("1200.50"),
    "is_owner": True,
    "missing": None,
    "tags": ["roof", 'a "b"'],
    "address": {"city": "Bonn", "latitude": Decimal("50.70")},
    "created_at": datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
    "items": [{"label": "A", "value": 1}, {"label": "B", "value": None}],
}


def rendered(source: str, **values: Any) -> str:
    return compile_template(source, escaping="json").render(VALUES | values)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('{"n": {{ name }}}', r'{"n": "Jane \"J\" O\\Neil\n"}'),
        ('{"n": "{{ name }}"}', r'{"n": "Jane \"J\" O\\Neil\n"}'),
        ('{"n": {{ name | json }}}', r'{"n": "Jane \"J\" O\\Neil\n"}'),
        ('{"n": "Dear {{ name | upper | trim }}!"}', r'{"n": "Dear JANE \"J\" O\\NEIL!"}'),
        ('{"n": {{ hostile }}}', r'{"n": "x\", \"admin\": true, \"a\": \"\\"}'),
        ('{"n": "{{ hostile }}"}', r'{"n": "x\", \"admin\": true, \"a\": \"\\"}'),
        ('{"n": {{ budget }}}', '{"n": 1200.50}'),
        ('{"n": "{{ budget }} USD"}', '{"n": "1200.50 USD"}'),
        ('{"n": {{ is_owner }}}', '{"n": true}'),
        ('{"n": "{{ is_owner }}"}', '{"n": "Yes"}'),
        ('{"n": {{ missing }}}', '{"n": null}'),
        ('{"n": "{{ missing }}"}', '{"n": ""}'),
        ('{"n": {{ missing | default(0) }}}', '{"n": 0}'),
        ('{"n": {{ tags }}}', r'{"n": ["roof","a \"b\""]}'),
        ('{"n": "{{ tags | join(\'/\') }}"}', r'{"n": "roof/a \"b\""}'),
        ('{"n": {{ address }}}', '{"n": {"city":"Bonn","latitude":50.70}}'),
        ('{"n": "{{ address | json }}"}', r'{"n": "{\"city\":\"Bonn\",\"latitude\":50.70}"}'),
        ('{"n": {{ created_at }}}', '{"n": "2026-11-24T09:30:00Z"}'),
        ('{"n": {{ created_at | date("%d.%m.%Y") }}}', '{"n": "24.11.2026"}'),
        ('{"n": {{ items }}}', '{"n": [{"label":"A","value":1},{"label":"B","value":null}]}'),
        (
            '[{% for one in items %}{"l": {{ one.label }}, "v": "{{ one.value }}"}{% if not loop.last %}, {% endif %}{% endfor %}]',
            '[{"l": "A", "v": "1"}, {"l": "B", "v": ""}]',
        ),
        ('{"n": "{% if is_owner %}{{ hostile }}{% elif missing %}b{% else %}c{% endif %}"}', r'{"n": "x\", \"admin\": true, \"a\": \"\\"}'),
        ('{"n": {% if missing %}"{{ name }}"{% else %}{{ tags }}{% endif %}}', r'{"n": ["roof","a \"b\""]}'),
        ('{"quoted \\" \\\\": {{ budget }}}', r'{"quoted \" \\": 1200.50}'),
        ('{% raw %}{"n": "{% endraw %}{{ hostile }}"}', r'{"n": "x\", \"admin\": true, \"a\": \"\\"}'),
        ('{"n": "{{ "a" }}{{ \'"\' }}"}', r'{"n": "a\""}'),
        ('{"n": {{ "a" if is_owner else "b" }}}', '{"n": "a"}'),
    ],
)
def test_a_value_is_written_for_its_place(source: str, text: str) -> None:
    assert rendered(source) == text
    json.loads(text)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ('{\n"n": "{% if missing %}"{% endif %}}', "Line 2: Every branch of an if has its quotation marks in pairs, or none has."),
        ('\n{% if missing %}"a{% else %}"b"{% endif %}', "Line 2: Every branch of an if has its quotation marks in pairs, or none has."),
        ('[{% for x in tags %}"{{ x }}{% endfor %}]', "Line 1: A loop ends every text that it begins: "),
        ('[{% for x in tags %}{% else %}"{% endfor %}]', "Line 1: A loop ends every text that it begins: "),
        ('{"n": "\n\\{{ name }}"}', "Line 2: A value cannot follow a backslash."),
        ('{"n": "{{ name }}}', "Line 1: A text is not ended: a quotation mark is missing."),
    ],
)
def test_a_place_that_depends_on_the_lead_is_refused(source: str, fault: str) -> None:
    with pytest.raises(TemplateError) as refused:
        compile_template(source, escaping="json")
    assert str(refused.value).startswith(fault)


def test_a_name_that_there_is_not_is_told_and_no_value() -> None:
    with pytest.raises(TemplateError, match=r"Line 2: There is no gone here"):
        rendered('{"a":\n{{ gone }}}')


def test_half_a_character_is_told() -> None:
    for source in ('{"n": {{ name }}}', '{"n": "{{ name }}"}'):
        with pytest.raises(TemplateError, match="cannot be worked out with the values of this lead"):
            rendered(source, name="\ud800")


texts = st.text(alphabet=st.characters(codec="utf-8"))
values = st.none() | st.booleans() | texts | st.integers(-(10**20), 10**20) | st.lists(texts, max_size=3)


@given(bare=values, quoted=texts, key=texts, filtered=texts)
def test_no_lead_changes_the_shape(bare: Any, quoted: str, key: str, filtered: str) -> None:
    source = '{"a": {{ bare }}, "b": "<{{ quoted }}>", "k{{ key }}": [{{ filtered | replace("a", \'"\') }}, true]}'
    read = json.loads(rendered(source, bare=bare, quoted=quoted, key=key, filtered=filtered))
    assert read == {"a": bare, "b": f"<{quoted}>", f"k{key}": [filtered.replace("a", '"'), True]}
    assert list(read) == ["a", "b", f"k{key}"]
