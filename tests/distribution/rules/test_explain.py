"""Why a rule matched or did not."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distribution.rules import compile_rule, explain, first_failure, load, outcome_tree, parse, told_failure
from distribution.rules.compile import CompiledRule
from tests.distribution.rules.leads import NOW, SPECS, blind, condition, lead

NINE = condition("zip", "starts_with", "90")


def compiled(raw: dict[str, Any]) -> CompiledRule:
    return compile_rule(parse(raw, SPECS), blind=blind)


def words_of(raw: dict[str, Any], values: dict[str, Any], sealed: dict[str, Any] | None = None) -> str:
    failure = first_failure(compiled(raw), lead(values, sealed), NOW)
    assert failure is not None
    return failure.words


@pytest.mark.parametrize(
    ("raw", "values", "words"),
    [
        ({"all": [NINE]}, {"zip": "10115"}, "ZIP starts with 90 wanted, was 10115"),
        ({"all": [NINE]}, {}, "ZIP starts with 90 wanted, was missing"),
        ({"none": [NINE]}, {"zip": "90210"}, "ZIP starts with 90 not wanted, was 90210"),
        (
            {"any": [NINE, condition("state", "equals", "NY")]},
            {"zip": "1", "state": "CA"},
            "ZIP starts with 90 wanted, was 1; the other alternative failed too",
        ),
        (
            {"any": [NINE, NINE, NINE]},
            {"zip": "1"},
            "ZIP starts with 90 wanted, was 1; the 2 other alternatives failed too",
        ),
        (
            {"all": [NINE, condition("budget", "between", [500, "700.5"])]},
            {"zip": "90", "budget": Decimal("1000.25")},
            "Budget lies between 500 and 700.5 wanted, was 1000.25",
        ),
        (
            {"all": [condition("email", "is_empty")]},
            {"email": "j@example.com"},
            "Email is empty wanted, was j@example.com",
        ),
        ({"all": [condition("owner", "equals", True)]}, {"owner": False}, "Owner is true wanted, was false"),
        (
            {"all": [condition("born", "within_last_days", 30)]},
            {"born": "1990-01-01"},
            "Born lies within the last 30 days wanted, was 1990-01-01",
        ),
        (
            {"all": [condition("tags", "all_of", ["roof", "heat"])]},
            {"tags": ["roof", "solar"]},
            "Tags has all of roof, heat wanted, was roof, solar",
        ),
        (
            {"all": [condition("zip", "in_list", [str(number) for number in range(10_000)])]},
            {"zip": "x" * 60},
            "ZIP is one of 0, 1, 2, 3, 4 … (10,000 values) wanted, was " + "x" * 49 + "…",
        ),
        ({"none": [{"none": [NINE]}]}, {"zip": "1"}, "ZIP starts with 90 wanted, was 1"),
        ({"none": [{"all": [NINE]}]}, {"zip": "90"}, "ZIP starts with 90 not wanted, was 90"),
    ],
)
def test_the_first_failure_is_told_in_words(raw: dict[str, Any], values: dict[str, Any], words: str) -> None:
    assert words_of(raw, values) == words


def test_a_rule_that_matches_has_no_failure() -> None:
    assert first_failure(compiled({"all": [NINE]}), lead({"zip": "90210"}), NOW) is None
    assert first_failure(compiled({}), lead(), NOW) is None


def test_encrypted_values_never_appear() -> None:
    rule = compiled({"all": [condition("ssn", "in_list", ["079-wanted"])]})

    text = json.dumps(explain(rule, lead(sealed={"ssn": "078-secret"}), NOW).as_json(), ensure_ascii=False)

    assert "SSN is one of ••• wanted, was •••" in text
    assert "wanted-" not in text
    assert "078" not in text
    assert "079" not in text


def test_every_condition_is_explained_with_its_result() -> None:
    rule = compiled({"any": [NINE, {"none": [condition("budget", "less_than", 500)]}]})

    assert explain(rule, lead({"zip": "90210", "budget": 700}), NOW).as_json() == {
        "is_match": True,
        "conditions": [
            {
                "path": "rules.any.0",
                "field": "zip",
                "operator": "starts_with",
                "wanted": "90",
                "actual": "90210",
                "is_true": True,
                "words": "ZIP starts with 90 wanted, was 90210",
            },
            {
                "path": "rules.any.1.none.0",
                "field": "budget",
                "operator": "less_than",
                "wanted": 500,
                "actual": 700,
                "is_true": False,
                "words": "Budget is less than 500 wanted, was 700",
            },
        ],
        "first_failure": None,
    }


def test_the_tree_of_outcomes_keeps_a_part_that_no_longer_fits() -> None:
    rule = compile_rule(load({"none": [condition("gone", "equals", "1")]}, SPECS))

    assert outcome_tree(rule, lead(), NOW) == {
        "group": "none",
        "result": True,
        "items": [
            {
                "path": "rules.none.0",
                "field": None,
                "label": None,
                "operator": None,
                "wanted": None,
                "actual": None,
                "result": False,
                "words": 'The rule no longer fits: The field is "gone"; wanted the key of a field of this Entity.',
                "is_hidden": False,
            }
        ],
    }


def test_a_condition_that_no_longer_fits_says_so() -> None:
    failure = first_failure(compile_rule(load({"all": [condition("gone", "equals", "1")]}, SPECS)), lead(), NOW)

    assert failure is not None
    assert failure.words == 'The rule no longer fits: The field is "gone"; wanted the key of a field of this Entity.'


CONDITIONS = st.sampled_from(
    [
        condition("zip", "starts_with", "9"),
        condition("zip", "not_equals", "9"),
        condition("zip", "is_empty"),
        condition("zip", "matches", "0+2|^$"),
        condition("budget", "at_least", 500),
        condition("budget", "between", [100, 600]),
        condition("state", "in_list", ["CA", "NY"]),
        condition("state", "not_equals", "NY"),
        condition("born", "within_last_days", 30),
        condition("home.postcode", "in_list", [str(number) for number in range(10_000, 11_000)]),
        condition("tags", "any_of", ["roof"]),
        condition("ssn", "not_equals", "1"),
        condition("owner", "equals", True),
    ]
)
RULES = st.recursive(
    CONDITIONS,
    lambda inner: st.builds(lambda kind, items: {kind: items}, st.sampled_from(["all", "any", "none"]), st.lists(inner, max_size=3)),
    max_leaves=12,
)
LEADS = st.fixed_dictionaries(
    {},
    optional={
        "zip": st.sampled_from(["9", "90210", "10115", 9, ""]),
        "budget": st.sampled_from([100, Decimal("599.99"), 700, "600", True]),
        "state": st.sampled_from(["CA", "NY", "TX"]),
        "tags": st.sampled_from([["roof"], ["solar", "heat"], [], "roof"]),
        "owner": st.booleans(),
        "born": st.sampled_from(["2026-05-01", "1990-01-01", "soon", 5]),
        "home": st.sampled_from([{"postcode": "10115"}, {"city": "Berlin"}, "Berlin"]),
    },
)


def outcome(raw: dict[str, Any], view: Any) -> bool | None:
    """Evaluate a raw tree the plain way, a condition by the compiled rule of it alone; None for an empty group."""
    if "field" in raw:
        return compiled({"all": [raw]}).matches(view, NOW)
    ((kind, items),) = raw.items()
    results = [result for item in items if (result := outcome(item, view)) is not None]
    if not results:
        return None
    return {"all": all(results), "any": any(results), "none": not any(results)}[kind]


@settings(max_examples=200)
@given(st.lists(RULES, max_size=3), LEADS, st.sampled_from([{}, {"ssn": "1"}, {"ssn": "2"}]))
def test_compiled_equals_explained(rules: list[Any], values: dict[str, Any], sealed: dict[str, Any]) -> None:
    raw = {"all": rules}
    rule = compiled(raw)
    view = lead(values, sealed)

    explanation = explain(rule, view, NOW)

    assert explanation.is_match is rule.matches(view, NOW)
    assert explanation.is_match is (outcome(raw, view) in {True, None})
    assert (explanation.first_failure is None) is explanation.is_match
    assert outcome_tree(rule, view, NOW)["result"] is explanation.is_match


@settings(max_examples=200)
@given(st.lists(RULES, max_size=3), LEADS)
def test_what_is_told_without_encrypted_results_is_the_same_whatever_they_are(rules: list[Any], values: dict[str, Any]) -> None:
    rule = compiled({"all": rules})
    views = [lead(values, sealed) for sealed in ({}, {"ssn": "1"}, {"ssn": "2"})]

    told = [outcome_tree(rule, view, NOW, tells_encrypted=False) for view in views]

    assert told[0] == told[1] == told[2]
    result = told[0]["result"]
    if result is not None:
        assert [rule.matches(view, NOW) for view in views] == [result] * 3
    if result is False:
        assert "SSN" not in told_failure(told[0])


SSN = condition("ssn", "equals", "1")


@pytest.mark.parametrize(
    ("raw", "result"),
    [
        ({"all": [NINE, SSN]}, None),
        ({"all": [condition("zip", "is_empty"), SSN]}, False),
        ({"any": [NINE, SSN]}, True),
        ({"any": [condition("zip", "is_empty"), SSN]}, None),
        ({"none": [NINE, SSN]}, False),
        ({"none": [condition("zip", "is_empty"), SSN]}, None),
        ({"all": [NINE, {"any": [SSN, {"none": [condition("zip", "is_empty")]}]}]}, True),
    ],
)
def test_a_group_is_told_as_far_as_it_does_not_hang_on_an_encrypted_field(raw: dict[str, Any], result: bool | None) -> None:
    assert outcome_tree(compiled(raw), lead({"zip": "90210"}, {"ssn": "1"}), NOW, tells_encrypted=False)["result"] is result
