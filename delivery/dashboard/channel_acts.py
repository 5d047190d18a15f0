"""What the buttons inside the form of a channel do to what is typed, before anything is saved. Pure.

`add:headers`, `remove:headers:3`, `up:<field>`, `down:<field>`, `rules:<proposal>`; any other leaves the form as it is.
"""

from typing import Any

from django.http import QueryDict

from delivery.dashboard.channel_acceptance import read_proposal
from delivery.dashboard.channel_form import ANSWER_PARTS, rows_of
from delivery.dashboard.channel_typed import typed_rule

_PARTS = {"headers": ("name", "value", "secret"), "answers": ANSWER_PARTS}
_DEFAULTS = {"headers": {"name": ""}, "answers": {"then": "accepted"}}


def acted(typed: QueryDict, act: str) -> QueryDict:
    """The form as it is after the button."""
    changed = typed.copy()
    verb, _, what = act.partition(":")
    name, _, row = what.partition(":")
    match verb:
        case "add" if name in _PARTS:
            _add(changed, name, _DEFAULTS[name])
        case "remove" if name in _PARTS and row.isdecimal():
            for part in _PARTS[name]:
                changed.pop(f"{name}-{row}-{part}", None)
        case "up" | "down":
            _move(changed, what, -1 if verb == "up" else 1)
        case "rules":
            for rule in reversed(read_proposal(what)):
                _put_first(changed, rule)
    return changed


def _add(typed: QueryDict, name: str, values: dict[str, str]) -> None:
    row = max(rows_of(typed, name), default=-1) + 1
    for part, text in values.items():
        typed[f"{name}-{row}-{part}"] = text


def _move(typed: QueryDict, key: str, by: int) -> None:
    keys = typed.getlist("field")
    if key not in keys:
        return
    at = keys.index(key)
    to = at + by
    if 0 <= to < len(keys):
        keys[at], keys[to] = keys[to], keys[at]
        typed.setlist("field", keys)


def _put_first(typed: QueryDict, rule: dict[str, Any]) -> None:
    """The first rule that is met wins: a new one is not to be shadowed by those that were there."""
    for row in reversed(rows_of(typed, "answers")):
        for part in ANSWER_PARTS:
            values = typed.pop(f"answers-{row}-{part}", None)
            if values is not None:
                typed.setlist(f"answers-{row + 1}-{part}", values)
    for part, text in typed_rule(rule).items():
        typed[f"answers-0-{part}"] = text
