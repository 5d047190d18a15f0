"""Which rules can be saved, and what is said of those that can not."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distribution.rules import RuleError, compile_rule, load, parse
from distribution.rules.tree import MAX_CONDITIONS, Group
from tests.distribution.rules.leads import NOW, SPECS, condition, holds, lead

NINE = condition("zip", "starts_with", "9")
ONE = condition("zip", "starts_with", "1")


def faults_of(raw: Any) -> list[tuple[str, str]]:
    with pytest.raises(RuleError) as refused:
        parse(raw, SPECS)
    return [(fault.attr, fault.code) for fault in refused.value.faults]


def detail_of(raw: Any) -> str:
    with pytest.raises(RuleError) as refused:
        parse(raw, SPECS)
    (fault,) = refused.value.faults
    return fault.detail


def nested(levels: int) -> dict[str, Any]:
    rule: dict[str, Any] = {"all": [NINE]}
    for _ in range(levels - 1):
        rule = {"all": [rule]}
    return rule


@pytest.mark.parametrize(
    ("raw", "is_match"),
    [
        ({}, True),
        ({"all": [NINE, NINE]}, True),
        ({"all": [NINE, ONE]}, False),
        ({"any": [ONE, NINE]}, True),
        ({"any": [ONE, ONE]}, False),
        ({"none": [ONE, ONE]}, True),
        ({"none": [ONE, NINE]}, False),
        ({"all": [{"any": [ONE, {"none": [ONE]}]}, NINE]}, True),
        ({"none": [{"all": [NINE, {"none": [ONE]}]}]}, False),
    ],
)
def test_groups_combine_their_conditions(raw: dict[str, Any], is_match: bool) -> None:
    assert holds(raw, {"zip": "90210"}) is is_match


@pytest.mark.parametrize("raw", [{"all": []}, {"any": []}, {"none": []}, {"all": [{"any": []}]}, {"none": [{"all": []}]}])
def test_a_group_without_conditions_says_nothing(raw: dict[str, Any]) -> None:
    assert holds(raw)


def test_an_empty_group_does_not_decide_for_its_neighbours() -> None:
    assert not holds({"any": [{"all": []}, ONE]}, {"zip": "90210"})


def test_ten_levels_can_be_nested() -> None:
    assert holds(nested(10), {"zip": "90210"})


@pytest.mark.parametrize(("home", "is_match"), [("90210", True), ("10115", False)])
def test_five_levels_of_every_kind_decide_together(home: str, is_match: bool) -> None:
    rule = {"all": [{"any": [{"none": [{"all": [{"none": [NINE]}]}]}, ONE]}, {"none": [ONE]}]}

    assert holds(rule, {"zip": home}) is is_match


@pytest.mark.parametrize("levels", [11, 400])
def test_deeper_nesting_is_refused(levels: int) -> None:
    assert detail_of(nested(levels)) == "Groups are nested deeper than 10; wanted fewer levels."


def test_too_many_conditions_are_refused() -> None:
    assert faults_of({"all": [NINE] * (MAX_CONDITIONS + 1)}) == [("rules.all", "too_many")]


def test_a_flood_of_faults_is_cut_short() -> None:
    flood = {"all": [None] * 100_000}
    loaded = load(flood, SPECS)

    assert len(faults_of(flood)) == 100
    assert isinstance(loaded.root, Group)
    assert len(loaded.root.children) == 100


def test_every_fault_is_reported_at_once_with_its_path() -> None:
    raw = {
        "all": [
            condition("zipp", "equals", "1"),
            {"any": [condition("zip", "begins", "1"), condition("budget", "contains", "1")]},
            condition("budget", "at_least", "lots"),
            {"some": []},
            {"field": "zip", "operator": "equals", "value": "1", "weight": 2},
            7,
        ]
    }

    assert faults_of(raw) == [
        ("rules.all.0.field", "unknown_field"),
        ("rules.all.1.any.0.operator", "unknown_operator"),
        ("rules.all.1.any.1.operator", "wrong_operator"),
        ("rules.all.2.value", "invalid"),
        ("rules.all.3", "invalid"),
        ("rules.all.4.weight", "unknown"),
        ("rules.all.5", "invalid"),
    ]


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        ([], "This is a list; wanted a group or a condition."),
        ({"all": {}}, "The group is an object; wanted a list of conditions and groups."),
        ({"all": [], "any": []}, 'A group has "all" and "any"; wanted one of "all", "any" and "none".'),
        (NINE, 'A rule begins with a group; wanted {"all": [ … ]} around it.'),
        ({"all": [{}]}, 'A group has nothing; wanted one of "all", "any" and "none".'),
    ],
)
def test_a_tree_of_another_shape_is_refused(raw: Any, detail: str) -> None:
    assert detail_of(raw) == detail


@pytest.mark.parametrize(
    ("field", "operator", "value", "fault"),
    [
        ("zip", "equals", "", '"", which is empty; wanted a text of at most 10,000 characters.'),
        ("zip", "contains", None, "null, which is empty; wanted a text of at most 1,000 characters."),
        ("zip", "is_empty", "x", '"x", which is one too many; wanted no value.'),
        ("zip", "in_list", "1,2", '"1,2", which is not a list; wanted a list of 1 to 100,000 values.'),
        ("zip", "in_list", [], "a list, which has 0 values; wanted a list of 1 to 100,000 values."),
        ("zip", "in_list", [{}], "an object, which is not a text; wanted a text of at most 10,000 characters."),
        ("state", "equals", "TX", '"TX", which is none of the options; wanted one of CA, NY.'),
        ("budget", "between", [2, 1], "a list, which runs backwards; wanted the lowest value first."),
        ("budget", "between", [1], "a list, which is not a pair; wanted a list of the lowest and the highest value."),
        ("born", "older_than_days", -1, "-1, which is no number of days; wanted a whole number from 0 to 36,500."),
    ],
)
def test_a_faulty_value_is_refused_with_words(field: str, operator: str, value: Any, fault: str) -> None:
    detail = detail_of({"all": [condition(field, operator, value)]})

    assert detail == f"The operator {operator} on {field.capitalize().replace('Zip', 'ZIP')} has {fault}"


FEW = "equals, not_equals, in_list, not_in_list"
MORE = "equals, not_equals, is_empty, is_not_empty, in_list, not_in_list"


@pytest.mark.parametrize(
    ("field", "operator", "detail"),
    [
        ("ssn", "starts_with", f"SSN is encrypted, which starts_with can not compare; wanted one of {FEW}."),
        ("ssn", "is_empty", f"SSN is encrypted, which is_empty can not compare; wanted one of {FEW}."),
        ("owner", "contains", f"Owner is a checkbox field, which contains can not compare; wanted one of {MORE}."),
        (
            "home",
            "equals",
            "Home is an address, which equals can not compare; wanted home.postcode, home.city and the other parts.",
        ),
        ("ssn", "matches", f"SSN is encrypted, which matches can not compare; wanted one of {FEW}."),
    ],
)
def test_an_operator_that_a_field_can_not_serve_is_refused_with_words(field: str, operator: str, detail: str) -> None:
    assert detail_of({"all": [condition(field, operator, "x")]}) == detail


def test_a_fault_never_repeats_the_value_for_an_encrypted_field() -> None:
    assert "078" not in detail_of({"all": [condition("ssn", "equals", "078\x00")]})


def test_the_limits_of_a_field_bind_leads_not_rules() -> None:
    assert holds({"all": [condition("budget", "greater_than", 1)]}, {"budget": 500})


def test_a_saved_rule_whose_field_is_gone_is_loaded_and_false() -> None:
    rule = load({"any": [condition("gone", "not_equals", "1"), NINE]}, SPECS)

    assert compile_rule(rule).matches(lead({"zip": "90210"}), NOW)
    assert not compile_rule(rule).matches(lead({"zip": "10115"}), NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["zip", "budget", "equals", "between", "1", "\ud800", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["all", "any", "none", "field", "operator", "value", "x"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(max_examples=200)
@given(JSON)
def test_no_json_makes_parsing_fail_otherwise(raw: Any) -> None:
    matches = compile_rule(load(raw, SPECS)).matches
    with suppress(RuleError):
        parse(raw, SPECS)

    assert matches(lead(), NOW) in {True, False}
