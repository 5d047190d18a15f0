"""Values as text, and how much work one rendering may make of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from jinja2.runtime import Context

from delivery.templating.faults import ValueProblem
from distribution.fields.number import number_text

BUDGET = "_budget"


class Budget:
    """How much work one rendering may make: characters that filters go through, and parts that loops repeat."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = 5_000_000

    def spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise ValueProblem("The template takes too long.")


def spend(context: Context, amount: int) -> None:
    budget: Budget = context[BUDGET]
    budget.spend(amount)


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


def counted_text(context: Context, value: Any) -> str:
    """The text that a filter works on, taken off the budget."""
    text = text_of(value)
    spend(context, 100 + len(text))
    return text
