"""`matches`: what a pattern finds, which patterns are refused, and that none takes its time."""

from typing import Any

import pytest

from distribution.rules import RuleError, compile_rule, load, parse
from tests.distribution.rules.leads import NOW, SPECS, condition, holds, lead

LONG = "a" * 100_000


def matches(pattern: str, actual: Any, field: str = "zip") -> bool:
    return holds({"all": [condition(field, "matches", pattern)]}, {field: actual})


def detail_of(pattern: Any) -> str:
    with pytest.raises(RuleError) as refused:
        parse({"all": [condition("zip", "matches", pattern)]}, SPECS)
    (fault,) = refused.value.faults
    assert fault.attr == "rules.all.0.value"
    return fault.detail


@pytest.mark.parametrize(
    ("pattern", "actual", "is_match"),
    [
        ("021", "90210", True),
        ("^9[0-6]", "90210", True),
        ("^9[0-6]", "97210", False),
        (r"^\d{5}$", " 90210 ", True),
        (r"^\d{5}$", "9021", False),
        (r"^\D+$", "abc", True),
        ("^sw1a", "SW1A 2AA", True),
        ("^SW1A", "sw1a 2aa", True),
        ("(?-i)^sw1a", "SW1A", False),
        ("straße", "STRAẞE", True),
        ("^a.c$", "a\nc", False),
        ("^b", "a\nb", False),
        ("(?m)^b$", "a\nb", True),
        ("x*", "abc", True),
        ("x*", "  ", False),
        ("x", "\ud800x", True),
        ("5", 5, False),
    ],
)
def test_a_pattern_is_found_anywhere_in_the_trimmed_text_whatever_the_case(pattern: str, actual: Any, is_match: bool) -> None:
    assert matches(pattern, actual) is is_match


def test_a_pattern_serves_parts_of_addresses_too() -> None:
    rule = {"all": [condition("home.postcode", "matches", "^10[0-9]{3}$")]}

    assert holds(rule, {"home": {"postcode": "10115"}})
    assert not holds(rule, {"home": {"city": "Berlin"}})


@pytest.mark.parametrize(
    ("pattern", "actual", "is_match"),
    [
        ("^(a+)+$", LONG + "!", False),
        ("^(a|aa)+$", LONG + "!", False),
        ("^(a|a?)+$", LONG + "!", False),
        ("^(.*a){25}$", LONG + "!", False),
        ("(x+x+)+y", "x" * 100_000, False),
        (".*.*.*=.*", LONG, False),
        (".*.*.*=.*", LONG + "=", True),
        (r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$", LONG, False),
    ],
)
def test_patterns_that_bring_backtracking_to_its_knees_are_answered(pattern: str, actual: str, is_match: bool) -> None:
    assert matches(pattern, actual) is is_match


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("a**", "bad repetition operator: **"),
        ("(", "missing ): ("),
        ("[z-a]", "invalid character class range: z-a"),
        ("x{1001}", "invalid repetition size: {1001}"),
        (r"\pL{1000}", "pattern too large - compile failed"),
    ],
)
def test_a_pattern_that_does_not_compile_is_refused_in_the_words_of_re2(pattern: str, words: str) -> None:
    assert detail_of(pattern) == (
        f'The operator matches on ZIP has "{pattern}", which RE2 can not use ({words}); wanted a regular expression as RE2 has it.'
    )


@pytest.mark.parametrize("pattern", ["(?=a)b", "(?!a)b", "(?<=a)b", "(?<!a)b", r"(a)\1"])
def test_what_takes_more_than_linear_time_is_named(pattern: str) -> None:
    assert "; back-references and look-arounds are not supported; wanted" in detail_of(pattern)


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        (None, "null, which is empty"),
        ("  ", '"  ", which is empty'),
        ([], "a list, which is not a text"),
        ("a" * 1_001, f'"{"a" * 49}…", which has 1,001 characters'),
        ("a\x00", '"a\ufffd", which contains a NUL character'),
        ("\ud800", '"?", which contains half of a surrogate pair, which is no character'),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: Any, fault: str) -> None:
    assert detail_of(pattern) == f"The operator matches on ZIP has {fault}; wanted a text of at most 1,000 characters."


def test_a_saved_pattern_that_is_refused_by_now_is_false() -> None:
    rule = compile_rule(load({"all": [condition("zip", "matches", "(")]}, SPECS))

    assert not rule.matches(lead({"zip": "("}), NOW)
