"""The filters of users' templates. A missing value is an empty text to all of them."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from decimal import Context as Arithmetic
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from delivery.templating.faults import ValueProblem
from delivery.templating.json_values import as_json
from delivery.templating.text import counted_text, spend, text_of
from distribution.fields.faults import RefusedError
from distribution.fields.number import Number, exact_number

MAX_TEXT = 200_000
MAX_DECIMALS = 10
DEFAULT_DATE = "%d %B %Y"

# Without a width: C libraries take any number there, and fill memory with blanks for it.
_DATE_FORMAT = re.compile(r"(?:[^%]|%-?[aAbBdeHIjmMpSuyYZ%])*")
_NOT_A_DIGIT = re.compile(r"[^0-9]+")
# Wide enough for every number that a field can hold, and its decimals.
_ARITHMETIC = Arithmetic(prec=60, rounding=ROUND_HALF_UP)
_NOTHING = object()


def is_date_format(text: object) -> bool:
    return isinstance(text, str) and len(text) <= 100 and _DATE_FORMAT.fullmatch(text) is not None


@pass_context
def _upper(context: Context, value: Any) -> str:
    return counted_text(context, value).upper()


@pass_context
def _lower(context: Context, value: Any) -> str:
    return counted_text(context, value).lower()


@pass_context
def _title(context: Context, value: Any) -> str:
    return counted_text(context, value).title()


@pass_context
def _trim(context: Context, value: Any) -> str:
    return counted_text(context, value).strip()


@pass_context
def _digits(context: Context, value: Any) -> str:
    return _NOT_A_DIGIT.sub("", counted_text(context, value))


@pass_context
def _default(context: Context, value: Any, fallback: Any = "") -> Any:
    return value if counted_text(context, value) else fallback


@pass_context
def _truncate(context: Context, value: Any, length: int = 100) -> str:
    text = counted_text(context, value)
    if type(length) is not int or not 1 <= length <= MAX_TEXT:
        raise ValueProblem("truncate wants a length of at least 1.")
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


@pass_context
def _replace(context: Context, value: Any, old: Any, new: Any) -> str:
    text, sought, substitute = counted_text(context, value), text_of(old), text_of(new)
    if not sought:
        raise ValueProblem("replace wants a text to look for.")
    if len(text) + text.count(sought) * max(len(substitute) - len(sought), 0) > MAX_TEXT:
        raise ValueProblem(f"replace would make a text of more than {MAX_TEXT:,} characters.")
    return text.replace(sought, substitute)


@pass_context
def _join(context: Context, value: Any, separator: Any = ", ") -> str:
    items = value if isinstance(value, list | tuple) else [value]
    between = text_of(separator)
    texts = [counted_text(context, item) for item in items]
    if sum(map(len, texts)) + len(texts) * len(between) > MAX_TEXT:
        raise ValueProblem(f"join would make a text of more than {MAX_TEXT:,} characters.")
    return between.join(texts)


@pass_context
def _date(context: Context, value: Any, pattern: str = DEFAULT_DATE) -> str:
    text = counted_text(context, value)
    if not is_date_format(pattern):
        raise ValueProblem("date wants a pattern such as '%d.%m.%Y'.")
    if isinstance(value, date):
        return value.strftime(pattern)
    try:
        return datetime.fromisoformat(text).strftime(pattern)
    except ValueError:
        return text


@pass_context
def _number(context: Context, value: Any, decimals: int | None = None) -> Number | None:
    """The number that a value is or spells, rounded half up; None if it is none."""
    if decimals is not None and (type(decimals) is not int or not 0 <= decimals <= MAX_DECIMALS):
        raise ValueProblem(f"number wants a number of decimals from 0 to {MAX_DECIMALS}.")
    try:
        number = exact_number(counted_text(context, value))
    except RefusedError:
        return None
    return number if decimals is None else Decimal(number).quantize(Decimal(1).scaleb(-decimals), context=_ARITHMETIC)


@pass_context
def _format_number(context: Context, value: Any, decimals: int = 2, thousands: str = ",", point: str = ".") -> str:
    """A number as people write it, `1,234.50`; an empty text if the value is none."""
    if any(not isinstance(mark, str) or len(mark) > 1 for mark in (thousands, point)):
        raise ValueProblem("format_number wants at most one character between thousands and one before the decimals.")
    number = _number(context, value, decimals)
    if number is None:
        return ""
    return f"{number:,}".translate({ord(","): thousands, ord("."): point})


@pass_context
def _map(context: Context, value: Any, table: Mapping[Any, Any], other: Any = _NOTHING) -> Any:
    """What the table has for the value, or for each of several; `other` for all else, or the value itself."""
    if isinstance(value, list | tuple):
        return [_map(context, item, table, other) for item in value]
    text = counted_text(context, value)
    spend(context, 50 * len(table))
    for key, substitute in table.items():
        if text_of(key) == text:
            return substitute
    return value if other is _NOTHING else other


@pass_context
def bounded(context: Context, value: Any, weight: int) -> Iterator[Any]:
    """Put around what every loop goes over, by the guard. weight: the number of parts in the loop's body."""
    if not isinstance(value, list | tuple):
        raise ValueProblem("A loop goes over fields or over a field with several values.")
    for item in value:
        spend(context, weight * 100)
        yield item


FILTERS: Mapping[str, Callable[..., Any]] = {
    "date": _date,
    "default": _default,
    "digits": _digits,
    "format_number": _format_number,
    "join": _join,
    "json": as_json,
    "lower": _lower,
    "map": _map,
    "number": _number,
    "replace": _replace,
    "title": _title,
    "trim": _trim,
    "truncate": _truncate,
    "upper": _upper,
}
