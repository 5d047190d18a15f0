"""Decisions that no longer show values of their lead. Pure.

A decision shows values where a condition failed: in its finding, and in the reason made of the finding's words (distribution.routing).
"""

from collections.abc import Callable, Mapping
from typing import Any

from distribution.rules.explain import HIDDEN

# What makes a finding of Finding.as_json one.
_FINDING = frozenset({"field", "wanted", "actual", "words"})

type _Hide = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def without_values(detail: Any) -> Any:
    """A Decision's stored detail without any value: its lead was erased. Codes, partners and the fields' keys stay."""
    return _redacted(detail, _erased)


def with_hidden_values(detail: Any, labels: Mapping[str, str]) -> Any:
    """A Decision's stored detail with the values of some fields masked: they are encrypted by now. labels: of those fields, by key."""

    def hide(finding: Mapping[str, Any]) -> Mapping[str, Any]:
        # A part of an address is as secret as the whole.
        label = labels.get(str(finding["field"]).partition(".")[0])
        if label is None or finding["wanted"] == HIDDEN:
            return finding
        actual = None if finding["actual"] is None else HIDDEN
        return {**finding, "wanted": HIDDEN, "actual": actual, "words": f"A condition on {label} decided; its values are encrypted"}

    return _redacted(detail, hide)


def _erased(finding: Mapping[str, Any]) -> Mapping[str, Any]:
    if finding["field"] is None:
        return finding  # a part of the rule that could not be used, told without a look at the lead
    words = f"A condition on {finding['field']} decided (the lead was erased)"
    return {**finding, "wanted": None, "actual": None, "words": words}


def _redacted(node: Any, hide: _Hide) -> Any:
    if isinstance(node, list):
        return [_redacted(item, hide) for item in node]
    if not isinstance(node, dict):
        return node
    if node.keys() >= _FINDING:
        return hide(node)
    redacted = {name: _redacted(value, hide) for name, value in node.items()}
    details = redacted.get("details")
    if "reason" in node and isinstance(details, dict) and details.keys() >= _FINDING and details != node["details"]:
        redacted["reason"] = f"{details['words']}."
    return redacted
