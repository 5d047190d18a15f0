"""What the buttons inside a rule do to it."""

from distribution.dashboard.rule_acts import act_on
from distribution.dashboard.rule_form import TypedCondition, TypedGroup, TypedNode
from distribution.rules import MAX_DEPTH, targets_of
from tests.distribution.rules.leads import SPECS

TARGETS = targets_of(SPECS)
ZIP = TypedCondition("zip", "starts_with", "one", ("90",))
ZIPS = TypedCondition("zip", "in_list", "list", ("90210", "85001"))
RULE = TypedGroup("all", (ZIP, TypedGroup("any", (ZIPS,))))


def after(act: str, *children: TypedNode) -> tuple[TypedNode, ...]:
    return act_on(TypedGroup("all", children) if children else RULE, act, TARGETS).root.children


def test_a_condition_is_added_at_the_end_and_is_what_the_next_key_is_for() -> None:
    acted = act_on(RULE, "add:rule.1", TARGETS)
    assert acted.root == TypedGroup("all", (ZIP, TypedGroup("any", (ZIPS, TypedCondition()))))
    assert acted.focus == "rule.1.1.field"


def test_a_group_comes_with_a_condition_to_fill_in() -> None:
    acted = act_on(RULE, "group:rule", TARGETS)
    assert acted.root.children[2:] == (TypedGroup("any", (TypedCondition(),)),)
    assert acted.focus == "rule.2.0.field"


def test_groups_nest_no_deeper_than_rules_may() -> None:
    rule = TypedGroup()
    paths = ["rule"] + ["rule.0" + ".1" * deeper for deeper in range(MAX_DEPTH + 3)]
    for path in paths:
        rule = act_on(rule, f"group:{path}", TARGETS).root
    assert _depth(rule) == MAX_DEPTH


def test_a_condition_and_a_whole_group_are_removed() -> None:
    assert after("remove:rule.0") == RULE.children[1:]
    assert after("remove:rule.1") == (ZIP,)
    assert after("remove:rule.1.0") == (ZIP, TypedGroup("any", ()))


def test_the_outermost_group_stays() -> None:
    assert after("remove:rule") == RULE.children


def test_what_names_nothing_changes_nothing() -> None:
    for act in ("remove:rule.9", "add:rule.0.3", "drop:rule.0:7", "add:rules", "add:", "dance:rule", ""):
        assert after(act) == RULE.children


def test_another_field_gets_an_operator_that_it_has_and_no_value_of_the_old_one() -> None:
    changed = TypedCondition("budget", "starts_with", "one", ("90",))
    assert after("field:rule.0", changed) == (TypedCondition("budget", "equals", "one", ("",)),)


def test_another_field_keeps_an_operator_that_it_has_too() -> None:
    changed = TypedCondition("email", "ends_with", "one", ("90",))
    assert after("field:rule.0", changed) == (TypedCondition("email", "ends_with", "one", ("",)),)


def test_another_operator_keeps_the_value_as_far_as_it_fits() -> None:
    listed = TypedCondition("zip", "in_list", "one", ("90",))
    assert after("operator:rule.0", listed) == (TypedCondition("zip", "in_list", "list", ("90",)),)
    between = TypedCondition("budget", "between", "one", ("5",))
    assert after("operator:rule.0", between) == (TypedCondition("budget", "between", "pair", ("5", "")),)
    empty = TypedCondition("zip", "is_empty", "one", ("90",))
    assert after("operator:rule.0", empty) == (TypedCondition("zip", "is_empty", "none", ()),)


def test_one_value_of_a_list_is_dropped() -> None:
    assert after("drop:rule.0:0", ZIPS) == (TypedCondition("zip", "in_list", "list", ("85001",)),)


def test_a_list_is_typed_in_lines_and_singly_again() -> None:
    (lines,) = after("lines:rule.0", ZIPS)
    assert lines == TypedCondition("zip", "in_list", "lines", ("90210", "85001"))
    assert after("chips:rule.0", lines) == (ZIPS,)


def test_a_value_of_several_lines_is_not_torn_apart() -> None:
    torn = TypedCondition("zip", "in_list", "list", ("one\ntwo",))
    assert after("lines:rule.0", torn) == (torn,)


def test_all_conditions_fit_their_fields_at_once() -> None:
    wrong = TypedCondition("budget", "starts_with", "one", ("90",))
    right = TypedCondition("budget", "equals", "one", ("90",))
    assert after("fit", wrong, TypedGroup("any", (wrong,))) == (right, TypedGroup("any", (right,)))


def _depth(node: TypedNode) -> int:
    return 1 + max(map(_depth, node.children), default=0) if isinstance(node, TypedGroup) else 0
