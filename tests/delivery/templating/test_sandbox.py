"""What users' templates cannot do: reach Python, or take more than their share of time and memory."""

import tracemalloc
from time import process_time
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.templating import Escaping, TemplateError, TemplateFault, check, compile_template

BIG = "x" * 100_000
VALUES: dict[str, Any] = {
    "lead_name": "Jane",
    "lead": {"big": BIG, "tags": ["t"] * 1_000},
    "fields": [{"label": "L", "text": "T", "value": BIG} for _ in range(500)],
}

ESCAPINGS: tuple[Escaping, ...] = get_args(Escaping)
ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ lead['__class__'] }}",
    "{{ lead.__class__.__mro__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ lead_name|attr('__class__') }}",
    "{{ lead_name.format('x') }}",
    "{{ '{0.__class__}'.format(lead) }}",
    "{{ '%s'|format(lead) }}",
    "{{ lead_name.upper() }}",
    "{{ lead.items() }}",
    "{{ lead|map(attribute='x')|list }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ _budget }}",
    "{{ _budget.spend }}",
    "{{ fields|_bounded(0) }}",
    "{{ config }}{{ request }}{{ cycler.__init__ }}{{ joiner }}{{ namespace() }}{{ lipsum() }}{{ dict() }}",
    "{{ range(3) }}",
    "{% set x = 1 %}",
    "{% set x %}{{ lead }}{% endset %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% call m() %}{% endcall %}",
    "{% include 'base.html' %}",
    "{% import 'base.html' as b %}",
    "{% from 'base.html' import b %}",
    "{% extends 'base.html' %}",
    "{% block b %}{% endblock %}",
    "{% with x = 1 %}{% endwith %}",
    "{% filter upper %}x{% endfilter %}",
    "{% autoescape false %}{{ lead_name }}{% endautoescape %}",
    "{{ lead_name|safe }}",
    "{{ lead_name|tojson }}",
    "{% for x in fields recursive %}{{ loop(fields) }}{% endfor %}",
    "{% for x in fields if x %}{% endfor %}",
    "{% for a, b in fields %}{% endfor %}",
    "{% for x in [1, 2, 3] %}{% endfor %}",
    "{% for x in fields %}{% for y in fields %}{% for z in fields %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for i in range(10**9) %}x{% endfor %}",
    "{{ 'a' * 10**9 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ 9 ** 9 ** 9 ** 9 }}",
    "{{ 1 // 0 }}",
    "{{ '%999999999d' % 1 }}",
    "{{ 'a' ~ 'b' }}",
    "{{ lead_name + lead_name }}",
    "{{ lead_name[0:1] }}",
    "{{ lead_name[0] }}",
    "{{ {'a': 1} }}",
    "{{ lead_name|default({'a': 1}) }}",
    "{{ lead_name|map }}",
    "{{ lead_name|map('a') }}",
    "{{ lead_name|map({'a': lead}) }}",
    "{{ lead_name|map({lead_name: 'a'}) }}",
    "{{ lead_name|map({'a': {'b': 1}}) }}",
    "{{ lead_name|map({'a': 1}, other={'b': 1}) }}",
    "{{ lead_name|map({'a': 1}, x()) }}",
    "{{ lead_name|map({'a': 1}, 'b', 'c') }}",
    "{{ lead_name|_in_string }}",
    "{{ lead_name|_as_value }}",
    "{{ lead_name|date('%999999999Y') }}",
    "{{ lead_name|date(lead_name) if false }}{{ x() }}",
    "{{ lead_name|upper(*fields) }}",
    "{{ lead_name|upper(**lead) }}",
    "{{ lead_name is callable }}",
    "{{ lead_name is sameas lead_name }}",
    "{{ caller }}{{ varargs }}{{ super() }}",
    "{{ " + "(" * 20_000,
    "{{ " + "(" * 60 + "not 1" + ")" * 60 + " }}" + "{{ x() }}",
    "{{ " + "not " * 5_000 + "1 }}",
    "{{ -" + "-" * 5_000 + "1 }}",
    "{{ lead_name" + "|upper" * 5_000 + " }}",
    "{{ lead" + ".a" * 5_000 + " }}",
    "{% if 1 %}" * 200 + "{% endif %}" * 200,
    "{{ 1 }}" * 7_000,
    "{{ " + "9" * 5_000 + " }}",
    "{{ [" + "[" * 5_000 + " }}",
    "{{ '\\N{no such name}' }}",
    "x" * 50_001,
    "{{ '" * 10_000,
    "{# " * 10_000,
    "{% raw %}" * 5_000,
]


@pytest.mark.parametrize("source", ESCAPES, ids=lambda source: source[:40])
def test_an_escape_is_refused_when_saved_in_bounded_time(source: str) -> None:
    started = process_time()
    assert check(source, ())
    assert process_time() - started < 2


@pytest.mark.parametrize("escaping", ESCAPINGS)
@pytest.mark.parametrize("source", [source for source in ESCAPES if "{{ config }}" not in source], ids=lambda source: source[:40])
def test_what_got_past_saving_still_does_nothing(source: str, escaping: Escaping) -> None:
    with pytest.raises(TemplateError):
        compile_template(source, escaping=escaping).render(VALUES)


GREEDY = [
    "{% for a in fields %}{% for b in fields %}{% endfor %}{% endfor %}" * 30,
    "{% for a in fields %}{% for b in fields %}{{ lead.big }}{% endfor %}{% endfor %}",
    "{% for a in fields %}{% for b in fields %}{{ lead.big|upper|digits }}{% endfor %}{% endfor %}",
    "{% for a in fields %}{% for b in fields %}{% if lead.big == a.value %}{% endif %}{% endfor %}{% endfor %}",
    "{% for a in lead.tags %}{% for b in lead.tags %}{% if 'y' in lead.big %}{% endif %}{% endfor %}{% endfor %}",
    "{{ lead.big|replace('x', 'xxxxxxxxxx') }}",
    "{{ lead.big" + "|replace('x', 'xx')" * 30 + " }}",
    "{{ lead.big }}" * 100,
    "{{ lead.tags|join(lead.big) }}",
    "{% for a in fields %}{{ lead.big|replace('x', 'y') }}{% endfor %}",
    "{% for a in fields %}{{ lead.big|json|truncate(1) }}{% endfor %}",
    "{% for a in lead.tags %}{{ a|map({" + ",".join(f"'{n}': 1" for n in range(1_000)) + "}) }}{% endfor %}",
]


@pytest.mark.parametrize("source", GREEDY, ids=lambda source: source[:60])
def test_a_greedy_template_is_stopped(source: str) -> None:
    template = compile_template(source, escaping="none")
    tracemalloc.start()
    started = process_time()
    try:
        with pytest.raises(TemplateError):
            template.render(VALUES)
        assert process_time() - started < 5  # tracemalloc itself takes most of it
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


WORDS = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "lead",
    ".big",
    "|upper",
    "|",
    "'",
    '"',
    "(",
    ")",
    "[",
    "]",
    "*",
    "~",
    "__class__",
    "is",
    "in",
    "9",
    ",",
    "=",
    "\\",
    "é",
    "-",
    "x",
    "raw",
    "endraw",
    "for",
    "if",
    "endif",
    "endfor",
    "not",
]
pieces = st.sampled_from([*WORDS, " ", "\n", " for x in fields ", "{% endfor %}", "{% if 1 %}", "{% endif %}", "{{ lead_name }}"])


@settings(max_examples=400, deadline=None)
@given(source=st.lists(pieces, max_size=25).map("".join), escaping=st.sampled_from(ESCAPINGS))
def test_whatever_is_written_is_refused_or_rendered(source: str, escaping: Escaping) -> None:
    faults: tuple[TemplateFault, ...] = ()
    try:
        assert isinstance(compile_template(source, escaping=escaping).render(VALUES), str)
    except TemplateError as error:
        faults = error.faults
    assert all(fault.line >= 1 and fault.detail.endswith((".", "?")) for fault in faults)
