"""A rule as closures: made once, run for every lead."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from distribution.rules.lead import Blind, LeadView, blind_text
from distribution.rules.operators import Check, Wants, build_blind_check, build_check
from distribution.rules.tree import Condition, Group, Node, Rule, Unusable

Test = Callable[[LeadView, datetime], bool]


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    condition: Condition
    test: Test


@dataclass(frozen=True, slots=True)
class CompiledUnusable:
    unusable: Unusable
    test: Test


@dataclass(frozen=True, slots=True)
class CompiledGroup:
    group: Group
    children: tuple["CompiledNode", ...]
    test: Test


CompiledNode = CompiledGroup | CompiledCondition | CompiledUnusable


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """matches(lead, now): now is aware, dates compare to its calendar day. Never raises. root: for explanations."""

    matches: Test
    root: CompiledNode | None


def compile_rule(rule: Rule, *, blind: Blind | None = None) -> CompiledRule:
    """blind: the account's blind index; without it every condition on an encrypted field is false."""
    if rule.root is None:
        return MATCHES_ALL
    root = _compile(rule.root, blind)
    return CompiledRule(root.test, root)


def _compile(node: Node, blind: Blind | None) -> CompiledNode:
    match node:
        case Group():
            children = tuple(_compile(child, blind) for child in node.children)
            return CompiledGroup(node, children, _GROUPS[node.kind]([child.test for child in children]))
        case Condition():
            return CompiledCondition(node, _condition(node, blind))
        case Unusable():
            return CompiledUnusable(node, _never)


def _condition(condition: Condition, blind: Blind | None) -> Test:
    key = condition.field.key
    if condition.field.is_encrypted:
        return _blind_test(key, _blind_check(condition, blind)) if blind else _never
    return _plain_test(key, build_check(condition.field.type, condition.operator.name, condition.value))


def _blind_check(condition: Condition, blind: Blind) -> Check:
    wanted = condition.value
    items: list[Any] = wanted if condition.operator.wants is Wants.LIST else [wanted]
    indexes = frozenset(blind(condition.field.key, blind_text(item)) for item in items)
    return build_blind_check(condition.operator.name, indexes)


def _plain_test(key: str, check: Check) -> Test:
    return lambda lead, now: check(lead.facts.get(key), now)


def _blind_test(key: str, check: Check) -> Test:
    return lambda lead, now: check(lead.blind.get(key), now)


def _never(_lead: LeadView, _now: datetime) -> bool:
    return False


def _always(_lead: LeadView, _now: datetime) -> bool:
    return True


MATCHES_ALL = CompiledRule(_always, None)


def _all(tests: list[Test]) -> Test:
    def test(lead: LeadView, now: datetime) -> bool:
        for holds in tests:  # noqa: SIM110 - all() over a generator costs twice as much
            if not holds(lead, now):
                return False
        return True

    return tests[0] if len(tests) == 1 else test


def _any(tests: list[Test]) -> Test:
    def test(lead: LeadView, now: datetime) -> bool:
        for holds in tests:  # noqa: SIM110 - any() over a generator costs twice as much
            if holds(lead, now):
                return True
        return False

    return tests[0] if len(tests) == 1 else test


def _none(tests: list[Test]) -> Test:
    some = _any(tests)
    return lambda lead, now: not some(lead, now)


_GROUPS = {"all": _all, "any": _any, "none": _none}
