"""The operators of conditions: their words, the types they serve, and what they do.

A check takes a lead's actual value and the moment of routing, and answers without ever raising. A value that is missing
or of the wrong type makes every check false, the negative ones too; only `is_empty` is true for a missing one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any

from distribution.rules.pattern import compile_pattern

TEXT_TYPES = frozenset({"text", "textarea", "email", "phone", "url"})
ORDERED_TYPES = frozenset({"number", "date", "datetime"})
DATE_TYPES = frozenset({"date", "datetime"})
CHOICE_TYPES = frozenset({"multi_select"})
SCALAR_TYPES = TEXT_TYPES | ORDERED_TYPES | {"select", "checkbox"}
VALUE_TYPES = SCALAR_TYPES | CHOICE_TYPES
ALL_TYPES = VALUE_TYPES | {"address"}

Check = Callable[[Any, datetime], bool]
Read = Callable[[Any], Any]


class Wants(Enum):
    """The form of a condition's value."""

    NOTHING = "no value"
    VALUE = "a value of the field"
    LIST = "a list of values of the field"
    PAIR = "a list of the lowest and the highest value"
    PIECE = "a piece of text"
    DAYS = "a whole number of days"
    PATTERN = "a regular expression"


@dataclass(frozen=True, slots=True)
class Operator:
    """words: what follows the field's label, {} being the wanted value, as in 'ZIP starts with 90'."""

    name: str
    words: str
    wants: Wants
    types: frozenset[str]
    is_blind: bool = False


_ALL = (
    Operator("equals", "is {}", Wants.VALUE, VALUE_TYPES, is_blind=True),
    Operator("not_equals", "is not {}", Wants.VALUE, VALUE_TYPES, is_blind=True),
    Operator("is_empty", "is empty", Wants.NOTHING, ALL_TYPES),
    Operator("is_not_empty", "is not empty", Wants.NOTHING, ALL_TYPES),
    Operator("in_list", "is one of {}", Wants.LIST, VALUE_TYPES, is_blind=True),
    Operator("not_in_list", "is none of {}", Wants.LIST, VALUE_TYPES, is_blind=True),
    Operator("contains", "contains {}", Wants.PIECE, TEXT_TYPES),
    Operator("not_contains", "does not contain {}", Wants.PIECE, TEXT_TYPES),
    Operator("starts_with", "starts with {}", Wants.PIECE, TEXT_TYPES),
    Operator("ends_with", "ends with {}", Wants.PIECE, TEXT_TYPES),
    Operator("matches", "matches {}", Wants.PATTERN, TEXT_TYPES),
    Operator("less_than", "is less than {}", Wants.VALUE, ORDERED_TYPES),
    Operator("at_most", "is at most {}", Wants.VALUE, ORDERED_TYPES),
    Operator("greater_than", "is greater than {}", Wants.VALUE, ORDERED_TYPES),
    Operator("at_least", "is at least {}", Wants.VALUE, ORDERED_TYPES),
    Operator("between", "lies between {}", Wants.PAIR, ORDERED_TYPES),
    Operator("within_last_days", "lies within the last {} days", Wants.DAYS, DATE_TYPES),
    Operator("older_than_days", "is older than {} days", Wants.DAYS, DATE_TYPES),
    Operator("any_of", "has any of {}", Wants.LIST, CHOICE_TYPES),
    Operator("all_of", "has all of {}", Wants.LIST, CHOICE_TYPES),
    Operator("none_of", "has none of {}", Wants.LIST, CHOICE_TYPES),
)
OPERATORS = {operator.name: operator for operator in _ALL}

# For several choices, being in a list means that any of them is.
_CHOICE_NAMES = {"in_list": "any_of", "not_in_list": "none_of"}


def build_check(field_type: str, operator: str, wanted: Any) -> Check:
    """wanted: normalised by the field's type; a list for operators that want one, a pair for `between`."""
    name = _CHOICE_NAMES.get(operator, operator) if field_type in CHOICE_TYPES else operator
    if name in _DAYS:
        return _DAYS[name](field_type, wanted)
    read = READERS[field_type]
    if OPERATORS[name].wants in {Wants.LIST, Wants.PAIR} and field_type not in CHOICE_TYPES:
        wanted = [read(item) for item in wanted]
    elif OPERATORS[name].wants not in {Wants.NOTHING, Wants.PATTERN}:
        wanted = read(wanted)
    return _BUILDERS[name](read, wanted)


def build_blind_check(operator: str, wanted: frozenset[str]) -> Check:
    """wanted: blind indexes, one for equals and not_equals."""
    if operator in {"equals", "in_list"}:
        return lambda actual, _now: actual in wanted
    return lambda actual, _now: actual is not None and actual not in wanted


# --- readers: an actual value as something to compare, None where there is nothing of the right type


def _text(actual: Any) -> str | None:
    return actual.strip().casefold() or None if type(actual) is str else None


def _number(actual: Any) -> int | Decimal | None:
    if type(actual) is int:
        return actual
    if type(actual) is Decimal:
        return actual if actual.is_finite() else None
    # A float compares by its shortest text, as cleaning takes it: 0.1 is the decimal 0.1.
    return Decimal(repr(actual)) if type(actual) is float and isfinite(actual) else None


def _flag(actual: Any) -> bool | None:
    return actual if type(actual) is bool else None


def _day(actual: Any) -> date | None:
    if type(actual) is not str:
        return None
    try:
        return date.fromisoformat(actual)
    except ValueError:
        return None


def _moment(actual: Any) -> datetime | None:
    if type(actual) is str:
        try:
            actual = datetime.fromisoformat(actual)
        except ValueError:
            return None
    if type(actual) is not datetime:
        return None
    return actual if actual.tzinfo else actual.replace(tzinfo=UTC)


def _choices(actual: Any) -> frozenset[Any] | None:
    if type(actual) is not list:
        return None
    return frozenset(item for item in actual if type(item) is str) or None


def _whole(actual: Any) -> Any:
    return actual or None


READERS: dict[str, Read] = {
    **dict.fromkeys([*TEXT_TYPES, "select"], _text),
    "number": _number,
    "date": _day,
    "datetime": _moment,
    "checkbox": _flag,
    "multi_select": _choices,
    "address": _whole,
}


# --- builders: one closure per condition, since this runs for every lead and rule


def _equals(read: Read, wanted: Any) -> Check:
    return lambda actual, _now: read(actual) == wanted


def _not_equals(read: Read, wanted: Any) -> Check:
    return lambda actual, _now: (value := read(actual)) is not None and value != wanted


def _is_empty(_read: Read, _wanted: Any) -> Check:
    return lambda actual, _now: actual is None or actual in ("", [], {})


def _is_not_empty(_read: Read, _wanted: Any) -> Check:
    return lambda actual, _now: actual is not None and actual not in ("", [], {})


def _in_list(read: Read, wanted: list[Any]) -> Check:
    known = frozenset(wanted)
    return lambda actual, _now: read(actual) in known


def _not_in_list(read: Read, wanted: list[Any]) -> Check:
    known = frozenset(wanted)
    return lambda actual, _now: (value := read(actual)) is not None and value not in known


def _contains(read: Read, wanted: str) -> Check:
    return lambda actual, _now: (value := read(actual)) is not None and wanted in value


def _not_contains(read: Read, wanted: str) -> Check:
    return lambda actual, _now: (value := read(actual)) is not None and wanted not in value


def _starts_with(read: Read, wanted: str) -> Check:
    return lambda actual, _now: (value := read(actual)) is not None and value.startswith(wanted)


def _ends_with(read: Read, wanted: str) -> Check:
    return lambda actual, _now: (value := read(actual)) is not None and value.endswith(wanted)


def _matches(_read: Read, wanted: str) -> Check:
    finds = compile_pattern(wanted)
    # Not through the reader: a folded text would no longer fit the classes of a pattern, such as [ß].
    return lambda actual, _now: type(actual) is str and bool(value := actual.strip()) and finds(value)


def _less_than(read: Read, wanted: Any) -> Check:
    return lambda actual, _now: (value := read(actual)) is not None and value < wanted


def _at_most(read: Read, wanted: Any) -> Check:
    return lambda actual, _now: (value := read(actual)) is not None and value <= wanted


def _greater_than(read: Read, wanted: Any) -> Check:
    return lambda actual, _now: (value := read(actual)) is not None and value > wanted


def _at_least(read: Read, wanted: Any) -> Check:
    return lambda actual, _now: (value := read(actual)) is not None and value >= wanted


def _between(read: Read, wanted: list[Any]) -> Check:
    low, high = wanted
    return lambda actual, _now: (value := read(actual)) is not None and low <= value <= high


def _any_of(read: Read, wanted: frozenset[str]) -> Check:
    return lambda actual, _now: (value := read(actual)) is not None and not value.isdisjoint(wanted)


def _all_of(read: Read, wanted: frozenset[str]) -> Check:
    return lambda actual, _now: (value := read(actual)) is not None and value >= wanted


def _none_of(read: Read, wanted: frozenset[str]) -> Check:
    return lambda actual, _now: (value := read(actual)) is not None and value.isdisjoint(wanted)


_BUILDERS: dict[str, Callable[[Read, Any], Check]] = {
    "equals": _equals,
    "not_equals": _not_equals,
    "is_empty": _is_empty,
    "is_not_empty": _is_not_empty,
    "in_list": _in_list,
    "not_in_list": _not_in_list,
    "contains": _contains,
    "not_contains": _not_contains,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "matches": _matches,
    "less_than": _less_than,
    "at_most": _at_most,
    "greater_than": _greater_than,
    "at_least": _at_least,
    "between": _between,
    "any_of": _any_of,
    "all_of": _all_of,
    "none_of": _none_of,
}


def _age(field_type: str) -> Callable[[Any, datetime], timedelta | None]:
    """A date's age counts in calendar days of the zone that `now` carries, a moment's in time passed."""
    if field_type == "date":
        return lambda actual, now: None if (day := _day(actual)) is None else now.date() - day
    return lambda actual, now: None if (moment := _moment(actual)) is None else now - moment


def _within_last_days(field_type: str, days: int) -> Check:
    age, most = _age(field_type), timedelta(days=days)
    return lambda actual, now: (passed := age(actual, now)) is not None and timedelta(0) <= passed <= most


def _older_than_days(field_type: str, days: int) -> Check:
    age, most = _age(field_type), timedelta(days=days)
    return lambda actual, now: (passed := age(actual, now)) is not None and passed > most


_DAYS = {"within_last_days": _within_last_days, "older_than_days": _older_than_days}
