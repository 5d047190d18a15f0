"""Why a rule matched a lead or did not, for people. Values of encrypted fields never appear."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from distribution.fields.faults import cut
from distribution.fields.number import number_text
from distribution.rules.compile import CompiledCondition, CompiledGroup, CompiledNode, CompiledRule
from distribution.rules.lead import LeadView
from distribution.rules.operators import Wants
from distribution.rules.tree import Condition

HIDDEN = "•••"
UNTOLD = "encrypted; needs read:encrypted"
_MAX_LISTED = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition on one lead. wanted, actual: JSON, cut at 50 characters, decimals and lists as texts; None for no
    value. A part of the rule that can not be used has no field and operator, and its fault as words."""

    path: str
    field: str | None
    operator: str | None
    wanted: Any
    actual: Any
    is_true: bool
    words: str

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "field": self.field,
            "operator": self.operator,
            "wanted": self.wanted,
            "actual": self.actual,
            "is_true": self.is_true,
            "words": self.words,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """conditions: all of them in the order of the rule, also those that the result did not hang on. first_failure: the
    first that kept the rule from matching, None if it matched."""

    is_match: bool
    conditions: tuple[Finding, ...]
    first_failure: Finding | None

    def as_json(self) -> dict[str, Any]:
        return {
            "is_match": self.is_match,
            "conditions": [finding.as_json() for finding in self.conditions],
            "first_failure": self.first_failure.as_json() if self.first_failure else None,
        }


def explain(rule: CompiledRule, lead: LeadView, now: datetime) -> Explanation:
    if rule.root is None:
        return Explanation(is_match=True, conditions=(), first_failure=None)
    findings = tuple(_find(leaf, lead, now, is_wanted=True) for leaf in _leaves(rule.root))
    return Explanation(_holds(rule.root, lead, now), findings, first_failure(rule, lead, now))


def first_failure(rule: CompiledRule, lead: LeadView, now: datetime) -> Finding | None:
    """Return the first condition that kept the rule from matching; in a group that must not hold, one that was true."""
    if rule.root is None or rule.matches(lead, now):
        return None
    return _culprit(rule.root, lead, now, is_wanted=True)


def outcome_tree(rule: CompiledRule, lead: LeadView, now: datetime, *, tells_encrypted: bool = True) -> dict[str, Any]:
    """Run every condition, also those that the result does not hang on, and return the rule with its results, JSON.

    A group: {"group": "all" | "any" | "none", "result", "items"}; empty ones are left out. A condition: {"path", "field", "label", "operator",
    "wanted", "actual", "result", "words", "is_hidden"}; of an encrypted field wanted and actual are None and is_hidden is true.
    tells_encrypted: whether its result is told; else it is None, and so is that of a group that hangs on it.
    """
    if rule.root is None:
        return {"group": "all", "result": True, "items": []}
    return _outcome(rule.root, lead, now, is_wanted=True, tells_encrypted=tells_encrypted)


def told_failure(outcome: Mapping[str, Any], *, is_wanted: bool = True) -> str:
    """The words of the first condition that kept a rule from matching, out of its `outcome_tree`, whose result is known and not the wanted one."""
    if "items" not in outcome:
        return str(outcome["words"])
    is_item_wanted = is_wanted != (outcome["group"] == "none")
    wrong = next(item for item in outcome["items"] if item["result"] is (not is_item_wanted))
    return told_failure(wrong, is_wanted=is_item_wanted)


def _outcome(node: CompiledNode, lead: LeadView, now: datetime, *, is_wanted: bool, tells_encrypted: bool) -> dict[str, Any]:
    if not isinstance(node, CompiledGroup):
        return _leaf_outcome(node, _find(node, lead, now, is_wanted=is_wanted), tells_encrypted=tells_encrypted)
    kind = node.group.kind
    is_child_wanted = is_wanted != (kind == "none")
    items = [_outcome(child, lead, now, is_wanted=is_child_wanted, tells_encrypted=tells_encrypted) for child in node.children]
    return {"group": kind, "result": _combine_known(kind, [item["result"] for item in items]), "items": items}


def _leaf_outcome(leaf: CompiledNode, found: Finding, *, tells_encrypted: bool) -> dict[str, Any]:
    field = leaf.condition.field if isinstance(leaf, CompiledCondition) else None
    is_hidden = field is not None and field.is_encrypted
    is_told = tells_encrypted or not is_hidden
    return {
        "path": found.path,
        "field": found.field,
        "label": field.label if field else None,
        "operator": found.operator,
        "wanted": None if is_hidden else found.wanted,
        "actual": None if is_hidden else found.actual,
        "result": found.is_true if is_told else None,
        "words": found.words if is_told else UNTOLD,
        "is_hidden": is_hidden,
    }


def _combine_known(kind: str, results: Sequence[bool | None]) -> bool | None:
    """What a group comes to, whatever the unknown results (None) are; None if it hangs on them."""
    best, worst = (_combine(kind, (guess if result is None else result for result in results)) for guess in (True, False))
    return best if best == worst else None


def _leaves(node: CompiledNode) -> Iterator[CompiledNode]:
    if isinstance(node, CompiledGroup):
        for child in node.children:
            yield from _leaves(child)
    else:
        yield node


def _holds(node: CompiledNode, lead: LeadView, now: datetime) -> bool:
    """Read the tree, not the groups' closures, so that the tests can hold the one against the other."""
    if not isinstance(node, CompiledGroup):
        return node.test(lead, now)
    return _combine(node.group.kind, (_holds(child, lead, now) for child in node.children))


def _combine(kind: str, results: Iterable[bool]) -> bool:
    match kind:
        case "all":
            return all(results)
        case "any":
            return any(results)
        case _:
            return not any(results)


def _culprit(node: CompiledNode, lead: LeadView, now: datetime, *, is_wanted: bool) -> Finding:
    """Return the condition to name for a node that came out other than wanted."""
    if not isinstance(node, CompiledGroup):
        return _find(node, lead, now, is_wanted=is_wanted)
    is_child_wanted = is_wanted != (node.group.kind == "none")
    # The children that came out other than wanted; there is one, or the group would have come out right.
    wrong = next(child for child in node.children if child.test(lead, now) != is_child_wanted)
    found = _culprit(wrong, lead, now, is_wanted=is_child_wanted)
    others = len(node.children) - 1
    if node.group.kind == "any" and is_wanted and others:
        return _with_words(found, f"{found.words}; {_other_alternatives(others)}")
    return found


def _other_alternatives(count: int) -> str:
    return "the other alternative failed too" if count == 1 else f"the {count} other alternatives failed too"


def _with_words(finding: Finding, words: str) -> Finding:
    return Finding(finding.path, finding.field, finding.operator, finding.wanted, finding.actual, finding.is_true, words)


def _find(leaf: CompiledNode, lead: LeadView, now: datetime, *, is_wanted: bool) -> Finding:
    assert not isinstance(leaf, CompiledGroup)
    is_true = leaf.test(lead, now)
    if not isinstance(leaf, CompiledCondition):
        fault = leaf.unusable.fault
        return Finding(leaf.unusable.path, None, None, None, None, is_true, f"The rule no longer fits: {fault.detail}")
    condition = leaf.condition
    field = condition.field
    actual = (lead.blind if field.is_encrypted else lead.facts).get(field.key)
    if field.is_encrypted:
        wanted, actual = HIDDEN, None if actual is None else HIDDEN
    else:
        wanted, actual = wanted_shown(condition), shown(actual)
    words = _words(condition, wanted, actual, is_wanted=is_wanted)
    return Finding(condition.path, field.key, condition.operator.name, wanted, actual, is_true, words)


def _words(condition: Condition, wanted: Any, actual: Any, *, is_wanted: bool) -> str:
    sentence = condition.operator.words.replace("{}", spoken(wanted))
    was = "missing" if actual is None else spoken(actual)
    return f"{condition.field.label} {sentence} {'wanted' if is_wanted else 'not wanted'}, was {was}"


def spoken(value: Any) -> str:
    """What `shown` gives, within a sentence."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def wanted_shown(condition: Condition) -> Any:
    """As `shown`; of an encrypted field too, which is the caller's to hide."""
    if condition.operator.wants is Wants.PAIR:
        low, high = condition.value
        return f"{spoken(shown(low))} and {spoken(shown(high))}"
    return shown(condition.value)


def shown(value: Any) -> Any:
    """Return a value as a Decision stores it: small, and JSON for any encoder."""
    match value:
        case None | bool() | int():
            return value
        case Decimal():
            return number_text(value) if value.is_finite() else str(value)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case list():
            listed = ", ".join(spoken(shown(item)) for item in value[:_MAX_LISTED])
            return listed if len(value) <= _MAX_LISTED else f"{listed} … ({len(value):,} values)"
        case dict():
            return cut(", ".join(str(part) for part in value.values()))
        case _:
            return cut(str(value))
