"""A rule as a form, and back."""

import re
from collections.abc import Sequence
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.faults import Fault, HasFault
from distribution.dashboard.rule_acts import act_on
from distribution.dashboard.rule_form import MAX_CHIPS, TypedCondition, TypedGroup, data_of, place_of, read, tree_of, typed_of
from distribution.dashboard.rule_rows import ConditionRow, GroupRow, field_choices, rows_of
from distribution.fields import FieldSpec
from distribution.fields.moment import DatetimeCleaner
from distribution.fields.number import exact_number
from distribution.rules import MAX_DEPTH, OPERATORS, RuleError, Wants, operator_names, parse, targets_of
from tests.distribution.rules.leads import SPECS, condition

TARGETS = targets_of(SPECS)
NEW_YORK = ZoneInfo("America/New_York")
ZONES = [NEW_YORK, ZoneInfo("UTC"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")]

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1, max_size=20).filter(str.strip)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "number": st.integers(-(10**20), 10**20) | st.decimals(-1_000, 1_000, places=4).map(exact_number),
    "date": st.dates().map(lambda day: day.isoformat()),
    "datetime": st.datetimes(timezones=st.just(UTC)).map(lambda moment: DatetimeCleaner()(moment.isoformat())),
    "checkbox": st.booleans(),
    "select": st.sampled_from(["CA", "NY"]),
}


def _value(spec: FieldSpec, operator: str) -> st.SearchStrategy[Any]:
    one = VALUES.get(spec.type, TEXTS)
    match OPERATORS[operator].wants:
        case Wants.LIST | Wants.VALUE if spec.type == "multi_select":
            return st.lists(st.sampled_from(["solar", "roof", "heat"]), min_size=1, unique=True)
        case Wants.LIST:
            many = st.lists(st.integers(10_000, 99_999).map(str), min_size=60, max_size=70)
            return st.lists(one, min_size=1, max_size=60) if spec.type in VALUES else st.lists(one, min_size=1, max_size=5) | many
        case Wants.PAIR:
            return st.lists(one, min_size=2, max_size=2)
        case Wants.DAYS:
            return st.integers(0, 36_500)
        case Wants.PIECE | Wants.PATTERN:
            return TEXTS
        case _:
            return one


@st.composite
def _conditions(draw: st.DrawFn) -> dict[str, Any]:
    spec = draw(st.sampled_from([spec for spec in TARGETS.values() if operator_names(spec)]))
    operator = draw(st.sampled_from(operator_names(spec)))
    named = {"field": spec.key, "operator": operator}
    if OPERATORS[operator].wants is Wants.NOTHING:
        return named
    return {**named, "value": draw(_value(spec, operator))}


def _groups(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(["all", "any", "none"]), st.lists(children, max_size=4), min_size=1, max_size=1)


TREES = st.recursive(_conditions(), _groups, max_leaves=12).filter(lambda tree: "field" not in tree and any(tree.values()))


@given(TREES, st.sampled_from(ZONES))
def test_a_rule_comes_back_from_its_form_as_it_was(tree: dict[str, Any], zone: ZoneInfo) -> None:
    assert tree_of(read(data_of(typed_of(tree, TARGETS, zone))), TARGETS, zone) == tree


NAMES = st.from_regex(re.compile(r"rule(\.\d{1,2}){0,3}\.(kind|field|operator|value|high|list|add|pick|lines)", re.ASCII), fullmatch=True)
POSTED = st.dictionaries(
    NAMES,
    st.sampled_from(["all", "any", "zip", "safe", "safe.city", "seen", "born", "between", "in_list", '["a"]', "[[", "[1]", ""])
    | st.text(max_size=9),
)
ACTS = st.sampled_from(["add", "group", "remove", "field", "operator", "drop", "chip", "lines", "chips", "fit"]).flatmap(
    lambda verb: st.sampled_from(["rule", "rule.0", "rule.0.1", "rule.7", ""]).map(lambda path: f"{verb}:{path}:0")
)


@given(POSTED, ACTS | st.text(max_size=20))
def test_whatever_is_posted_is_a_rule_or_a_list_of_faults(posted: dict[str, str], act: str) -> None:
    acted = act_on(read(posted), act, TARGETS)
    faults = faults_of(acted.root)
    assert rows_of(acted.root, TARGETS, faults).kind == acted.root.kind
    assert len(faults) <= 100


def faults_of(root: TypedGroup) -> Sequence[HasFault]:
    """What saving it would meet."""
    try:
        parse(tree_of(root, TARGETS, NEW_YORK), SPECS)
    except RuleError as error:
        return error.faults
    return ()


def tree_posted(**parts: str) -> Any:
    """The condition of a rule that has this one alone."""
    return tree_of(read({f"rule.0.{part}": text for part, text in parts.items()}), TARGETS, NEW_YORK)["all"][0]


def test_a_form_without_a_rule_is_the_rule_that_matches_every_lead() -> None:
    assert tree_of(read({"name": "Solar West", "rule.kind": "any"}), TARGETS, NEW_YORK) == {}


def test_gaps_in_the_numbering_close_and_ten_comes_after_nine() -> None:
    posted = {f"rule.{number}.field": f"f{number}" for number in (10, 9, 2)}
    assert [child["field"] for child in tree_of(read(posted), TARGETS, NEW_YORK)["all"]] == ["f2", "f9", "f10"]


def test_a_kind_that_is_none_is_all() -> None:
    assert read({"rule.kind": "xor"}) == TypedGroup("all", ())


def test_numbers_and_flags_have_the_types_that_the_api_gives_them() -> None:
    assert tree_posted(field="budget", operator="at_least", value="680.50")["value"] == exact_number("680.5")
    assert tree_posted(field="owner", operator="equals", value="true")["value"] is True
    assert tree_posted(field="born", operator="older_than_days", value="30")["value"] == 30


def test_what_is_no_number_stays_for_the_domain_to_refuse() -> None:
    assert tree_posted(field="budget", operator="at_least", value="many") == condition("budget", "at_least", "many")


def test_times_are_typed_in_the_accounts_zone_and_kept_in_utc() -> None:
    assert tree_posted(field="seen", operator="at_least", value="2026-07-01T09:30")["value"] == "2026-07-01T13:30:00Z"


def test_an_hour_that_a_clock_shows_twice_is_shown_in_utc() -> None:
    tree = {"all": [condition("seen", "at_least", "2026-11-01T06:30:00Z")]}
    (typed,) = typed_of(tree, TARGETS, NEW_YORK).children
    assert isinstance(typed, TypedCondition)
    assert typed.values == ("2026-11-01T06:30:00Z",)


def test_texts_beside_a_list_are_added_to_it_once() -> None:
    added = tree_posted(field="zip", operator="in_list", list='["90210"]', add=" 85001, 90210;10115,, ")
    assert added["value"] == ["90210", "85001", "10115"]


def test_a_picked_choice_may_hold_a_comma() -> None:
    assert tree_posted(field="state", operator="in_list", list="[]", pick="Washington, D.C.")["value"] == ["Washington, D.C."]


def test_lines_are_values() -> None:
    assert tree_posted(field="zip", operator="in_list", lines="90210\r\n\r\n 85001 \n")["value"] == ["90210", "85001"]


def test_a_long_list_is_typed_in_lines() -> None:
    values = [str(number) for number in range(MAX_CHIPS + 1)]
    (typed,) = typed_of({"all": [condition("zip", "in_list", values)]}, TARGETS, NEW_YORK).children
    assert isinstance(typed, TypedCondition)
    assert (typed.shape, len(typed.values)) == ("lines", MAX_CHIPS + 1)


def test_groups_nested_deeper_than_rules_may_be_are_left_out() -> None:
    deep = "rule" + ".0" * (MAX_DEPTH + 5)
    assert tree_of(read({f"{deep}.field": "zip"}), TARGETS, NEW_YORK) == {}


@pytest.mark.parametrize(
    ("attr", "place"),
    [
        ("rules", ("rule", "")),
        ("rules.all", ("rule", "")),
        ("rules.all.0.value", ("rule.0", "value")),
        ("rules.all.2.any.1.none.0.operator", ("rule.2.1.0", "operator")),
        ("rules.all.2.any", ("rule.2", "")),
        ("rules.all.3", ("rule.3", "")),
    ],
)
def test_a_fault_has_its_place(attr: str, place: tuple[str, str]) -> None:
    assert place_of(attr) == place


def row_of(tree: dict[str, Any]) -> ConditionRow:
    """The one condition of a rule, with the faults that saving it meets."""
    typed = typed_of(tree, TARGETS, NEW_YORK)
    (row,) = rows_of(typed, TARGETS, faults_of(typed)).items
    assert isinstance(row, ConditionRow)
    return row


@pytest.mark.parametrize(
    ("field", "operator", "value", "control"),
    [
        ("zip", "is_empty", None, "none"),
        ("zip", "starts_with", "9", "text"),
        ("zip", "matches", "^9", "pattern"),
        ("zip", "in_list", ["9"], "chips"),
        ("budget", "at_least", 1, "number"),
        ("budget", "between", [1, 2], "pair"),
        ("born", "at_least", "2026-01-31", "date"),
        ("born", "at_least", "tomorrow", "text"),
        ("seen", "at_least", "2026-01-31T14:30:00Z", "datetime-local"),
        ("born", "within_last_days", 30, "days"),
        ("owner", "equals", True, "choice"),
        ("state", "equals", "CA", "choice"),
        ("tags", "equals", ["solar"], "chips"),
        ("home.latitude", "at_most", 50, "number"),
        ("created_at", "older_than_days", 1, "days"),
    ],
)
def test_a_value_is_typed_into_what_its_type_wants(field: str, operator: str, value: Any, control: str) -> None:
    assert row_of({"all": [condition(field, operator, value)]}).control == control


def test_an_encrypted_field_is_marked_and_offers_only_what_it_can_be_asked() -> None:
    row = row_of({"all": [condition("ssn", "equals", "078-05-1120")]})
    assert row.is_encrypted
    assert [name for name, _ in row.operators] == ["equals", "not_equals", "in_list", "not_in_list"]


def test_what_can_be_asked_nothing_is_not_offered() -> None:
    (_, fields), (_, system) = field_choices(TARGETS)
    offered = dict(fields)
    assert ("safe" in offered, offered["safe.city"], offered["home"]) == (False, "Safe city (encrypted)", "Home")
    assert [value for value, _ in system] == ["id", "status", "source", "created_at", "updated_at"]


def test_a_choice_goes_by_its_label() -> None:
    assert [chip.label for chip in row_of({"all": [condition("state", "in_list", ["CA"])]}).chips] == ["California"]


@pytest.mark.parametrize(
    ("field", "operator", "value", "said"),
    [
        ("budget", "at_least", "many", '"many" is not a number; wanted a number, such as 1234.5.'),
        ("budget", "at_least", "", "The value is missing; wanted a number, such as 1234.5."),
        ("state", "equals", "TX", '"TX" is none of the options; wanted one of CA, NY.'),
        ("ssn", "equals", "", "The value is missing; wanted a text of at most 10,000 characters."),
    ],
)
def test_a_fault_says_what_is_wrong_without_what_stands_beside_it(field: str, operator: str, value: Any, said: str) -> None:
    assert row_of({"all": [condition(field, operator, value)]}).errors == {"value": said}


def test_a_field_that_is_gone_is_named_and_its_value_kept() -> None:
    row = row_of({"all": [condition("roof", "equals", "flat")]})
    assert (row.is_unknown, row.low) == (True, "flat")
    assert row.errors["field"] == "There is no field roof any more. Choose another, or remove the condition."


def test_a_fault_of_a_group_stands_at_the_group() -> None:
    typed = TypedGroup("all", (TypedGroup("any", ()),))
    (group,) = rows_of(typed, TARGETS, [Fault("rules.all.0.any", "too_deep", "Too deep.")]).items
    assert isinstance(group, GroupRow)
    assert group.error == "Too deep."
