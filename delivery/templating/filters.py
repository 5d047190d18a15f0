"""Values as text, and the filters of users' templates. A missing value is an empty text to all of them."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from delivery.templating.faults import ValueProblem
from distribution.fields.number import number_text

BUDGET = "_budget"
MAX_TEXT = 200_000
DEFAULT_DATE = "%d %B %Y"

# Without a width: C libraries take any number there, and fill memory with blanks for it.
_DATE_FORMAT = re.compile(r"(?:[^%]|%-?[aAbBdeHIjmMpSuyYZ%])*")
_NOT_A_DIGIT = re.compile(r"[^0-9]+")


class Budget:
    """How much work one rendering may make: characters that filters go through, and parts that loops repeat."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = 5_000_000

    def spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise ValueProblem("The template takes too long.")


def text_of(value: Any) -> str:
    """A value as it is printed; Yes and No, plain digits, lists and addresses in one line."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "Yes" if value else "No"
        case int() | Decimal():
            return number_text(value)
        case list() | tuple():
            return ", ".join(text_of(item) for item in value)
        case Mapping():
            return ", ".join(text for item in value.values() if (text := text_of(item)))
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        case _:
            return str(value)


def is_date_format(text: object) -> bool:
    return isinstance(text, str) and len(text) <= 100 and _DATE_FORMAT.fullmatch(text) is not None


def _text(context: Context, value: Any) -> str:
    text = text_of(value)
    budget: Budget = context[BUDGET]
    budget.spend(100 + len(text))
    return text


@pass_context
def _upper(context: Context, value: Any) -> str:
    return _text(context, value).upper()


@pass_context
def _lower(context: Context, value: Any) -> str:
    return _text(context, value).lower()


@pass_context
def _title(context: Context, value: Any) -> str:
    return _text(context, value).title()


@pass_context
def _trim(context: Context, value: Any) -> str:
    return _text(context, value).strip()


@pass_context
def _digits(context: Context, value: Any) -> str:
    return _NOT_A_DIGIT.sub("", _text(context, value))


@pass_context
def _default(context: Context, value: Any, fallback: Any = "") -> Any:
    return value if _text(context, value) else fallback


@pass_context
def _truncate(context: Context, value: Any, length: int = 100) -> str:
    text = _text(context, value)
    if type(length) is not int or not 1 <= length <= MAX_TEXT:
        raise ValueProblem("truncate wants a length of at least 1.")
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


@pass_context
def _replace(context: Context, value: Any, old: Any, new: Any) -> str:
    text, sought, substitute = _text(context, value), text_of(old), text_of(new)
    if not sought:
        raise ValueProblem("replace wants a text to look for.")
    if len(text) + text.count(sought) * max(len(substitute) - len(sought), 0) > MAX_TEXT:
        raise ValueProblem(f"replace would make a text of more than {MAX_TEXT:,} characters.")
    return text.replace(sought, substitute)


@pass_context
def _join(context: Context, value: Any, separator: Any = ", ") -> str:
    items = value if isinstance(value, list | tuple) else [value]
    between = text_of(separator)
    texts = [_text(context, item) for item in items]
    if sum(map(len, texts)) + len(texts) * len(between) > MAX_TEXT:
        raise ValueProblem(f"join would make a text of more than {MAX_TEXT:,} characters.")
    return between.join(texts)


@pass_context
def _date(context: Context, value: Any, pattern: str = DEFAULT_DATE) -> str:
    text = _text(context, value)
    if not is_date_format(pattern):
        raise ValueProblem("date wants a pattern such as '%d.%m.%Y'.")
    if isinstance(value, date):
        return value.strftime(pattern)
    try:
        return datetime.fromisoformat(text).strftime(pattern)
    except ValueError:
        return text


@pass_context
def bounded(context: Context, value: Any, weight: int) -> Iterator[Any]:
    """Put around what every loop goes over, by the guard. weight: the number of parts in the loop's body."""
    if not isinstance(value, list | tuple):
        raise ValueProblem("A loop goes over fields or over a field with several values.")
    budget: Budget = context[BUDGET]
    for item in value:
        budget.spend(weight * 100)
        yield item


FILTERS: Mapping[str, Callable[..., Any]] = {
    "date": _date,
    "default": _default,
    "digits": _digits,
    "join": _join,
    "lower": _lower,
    "replace": _replace,
    "title": _title,
    "trim": _trim,
    "truncate": _truncate,
    "upper": _upper,
}
