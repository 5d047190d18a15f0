"""Rules about answers as people type them, checked when saved."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from delivery.channels.reading import Reading, is_encodable, named
from delivery.channels.webhook.answer_rules import MEANINGS
from delivery.channels.webhook.json_path import MAX_PATH, PathError, compile_path
from distribution.fields.faults import RefusedError
from distribution.rules.pattern import MAX_PATTERN, compile_pattern

MAX_RULES = 20
MAX_VALUES = 100
MAX_TEXT = 500
MAX_REASON = 200
TAKEN = ("partner_id", "price")

_STATUS_CLASS = re.compile(r"[1-5]xx")


def clean_answers(reading: Reading) -> list[dict[str, Any]]:
    """From [{"when": {…}, "then", "reason"?}] to the same, checked."""
    stored = []
    for place, raw in enumerate(reading.items("answers", most=MAX_RULES)):
        rule = Reading(raw, path=f"{reading.path}.answers.{place}", known=("when", "then", "reason"), faults=reading.faults)
        when = _when(rule.inner("when", tuple(_CONDITIONS)))
        if "then" not in rule.raw:
            rule.report("then", "required", f"What the answer means is missing; wanted one of {', '.join(MEANINGS)}.")
        then = rule.choice("then", tuple(MEANINGS), default="accepted")
        stored.append({"when": when, "then": then, "reason": _reason(rule)})
    return stored


def clean_take(reading: Reading) -> dict[str, str]:
    """From {"partner_id"?: path, "price"?: path} to the same, checked."""
    take = reading.inner("take", TAKEN)
    paths = {name: take.text(name, default="", most=MAX_PATH) for name in TAKEN}
    return {name: _checked_path(take, name, path) for name, path in paths.items() if path}


def _when(when: Reading) -> dict[str, Any]:
    stored: dict[str, Any] = {}
    for name, clean in _CONDITIONS.items():
        if when.raw.get(name) is not None:
            stored[name] = clean(when)
    if not stored:
        when.report_itself(
            "required", f"A rule has at least one condition; wanted {', '.join(_CONDITIONS)}, or several that are all to be met."
        )
    return stored


def _status(when: Reading) -> Any:
    raw = when.raw["status"]
    items = raw if isinstance(raw, list) else [raw]
    if not 1 <= len(items) <= MAX_VALUES or not all(_is_status(item) for item in items):
        when.report("status", "invalid", f'Wanted a status from 100 to 599, a class such as "2xx", or a list of 1 to {MAX_VALUES} of them.')
    return raw


def _is_status(item: Any) -> bool:
    return (type(item) is int and 100 <= item <= 599) or (isinstance(item, str) and _STATUS_CLASS.fullmatch(item) is not None)


def _text(when: Reading) -> str:
    return when.needed_text("text", most=MAX_TEXT, missing="The text to look for is missing.")


def _regex(when: Reading) -> str:
    pattern = when.needed_text("regex", most=MAX_PATTERN, missing="The regular expression is missing.")
    try:
        compile_pattern(pattern)
    except RefusedError as error:
        when.report("regex", "invalid", f"The regular expression {named(pattern)} is one that {error.fault}.")
    return pattern


def _json(when: Reading) -> dict[str, Any]:
    condition = when.inner("json", ("path", "equals", "in"))
    path = condition.needed_text("path", most=MAX_PATH, missing="The path is missing; wanted one such as $.result.status.")
    stored: dict[str, Any] = {"path": _checked_path(condition, "path", path) if path else ""}
    if ("equals" in condition.raw) == ("in" in condition.raw):
        condition.report_itself("invalid", "Wanted either equals, with one value, or in, with a list of values.")
    elif "equals" in condition.raw:
        stored["equals"] = _value(condition, "equals", condition.raw["equals"])
    else:
        stored["in"] = [_value(condition, f"in.{place}", item) for place, item in enumerate(condition.items("in", most=MAX_VALUES))]
    return stored


def _value(condition: Reading, name: str, value: Any) -> Any:
    """As it can be stored; numbers as floats and ints, which JSON keeps to 15 digits."""
    match value:
        case None | bool():
            return value
        case str() if len(value) <= MAX_TEXT and "\0" not in value and is_encodable(value):
            return value
        case int() if -(10**15) < value < 10**15:
            return value
        case float() | Decimal() if -(10**15) < value < 10**15:
            return float(value)
    condition.report(
        name, "invalid", f"Wanted a text of at most {MAX_TEXT} characters, a number of at most 15 digits, true, false or null."
    )
    return None


def _checked_path(reading: Reading, name: str, path: str) -> str:
    try:
        compile_path(path)
    except PathError as error:
        reading.report(name, "invalid", f"{named(path)} {error}")
    return path


def _reason(rule: Reading) -> str:
    reason = rule.text("reason", default="", most=MAX_REASON)
    if not reason.isprintable():
        rule.report("reason", "invalid", "A reason is one line, without control characters.")
    return reason


_CONDITIONS: Mapping[str, Callable[[Reading], Any]] = {"status": _status, "text": _text, "regex": _regex, "json": _json}
