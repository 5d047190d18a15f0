"""Numbers, exact to the last digit."""

import re
from collections.abc import Mapping
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow, Underflow
from math import isfinite
from typing import Any

from distribution.fields.faults import RefusedError

MAX_DIGITS = 30
_BOUND = 10**MAX_DIGITS
_MAX_CHARACTERS = 100
_WRITTEN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
# Raises instead of rounding: a number too long to keep exactly is refused. Zeros at its end may go.
_EXACT = Context(prec=MAX_DIGITS, traps=[Inexact, InvalidOperation, Overflow, Underflow])
# Wide enough for the remainder of any two numbers that pass.
_WIDE = Context(prec=4 * MAX_DIGITS, traps=[InvalidOperation])

Number = int | Decimal


def exact_number(raw: Any) -> Number:
    """Return an int where the number is whole, else a Decimal without zeros at its end: what exact JSON gives back.

    Takes an int, a finite float (by its shortest text), a Decimal, or a text such as " -1234.5 " or "1e3" (no commas).
    Raises RefusedError for anything else and for more than 30 digits.
    """
    if type(raw) is int:
        if -_BOUND < raw < _BOUND:
            return raw
        raise _too_long()
    return _shortest(_decimal(raw))


def _decimal(raw: Any) -> Decimal:
    if type(raw) is str:
        text = raw.strip()
        if len(text) > _MAX_CHARACTERS:
            raise _too_long()
        if _WRITTEN.fullmatch(text):
            return Decimal(text)
    elif type(raw) is float and isfinite(raw):
        return Decimal(repr(raw))
    elif type(raw) is Decimal and raw.is_finite():
        return raw
    raise RefusedError("is not a number")


def _shortest(number: Decimal) -> Number:
    # Checked first, because an exponent such as 1e999999 is cheap only until it is written out.
    if not -MAX_DIGITS <= number.adjusted() < MAX_DIGITS and number:
        raise _too_long()
    try:
        number = number.normalize(_EXACT)
    except DecimalException as error:
        raise _too_long() from error
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent >= 0:
        return int(number)
    if exponent < -MAX_DIGITS:
        raise _too_long()
    return number


def _too_long() -> RefusedError:
    return RefusedError(f"has more than {MAX_DIGITS} digits", "too_long")


def number_text(number: Number) -> str:
    """Return the number in plain digits, such as "1234.5"; equal numbers give equal texts."""
    return str(number) if type(number) is int else format(number, "f")


class NumberCleaner:
    """Takes a number within min and max, on the grid of step that starts at min (or 0)."""

    __slots__ = ("_max", "_min", "_step", "wanted")

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._min = _option(options, "min")
        self._max = _option(options, "max")
        self._step = _option(options, "step")
        self.wanted = self._describe()

    def _describe(self) -> str:
        words = "a number"
        if self._min is not None:
            words += f" of at least {number_text(self._min)}"
        if self._max is not None:
            words += f"{' and' if self._min is not None else ' of'} at most {number_text(self._max)}"
        if self._step is not None:
            words += f" in steps of {number_text(self._step)}"
        return f"{words}, such as 1234.5" if words == "a number" else words

    def __call__(self, raw: Any) -> Number | None:
        if type(raw) is str and not raw.strip():
            return None
        number = exact_number(raw)
        if self._min is not None and number < self._min:
            raise RefusedError("is too small", "out_of_range")
        if self._max is not None and number > self._max:
            raise RefusedError("is too large", "out_of_range")
        if self._step is not None and _WIDE.remainder(_WIDE.subtract(number, self._min or 0), self._step):
            raise RefusedError("lies between two steps", "out_of_range")
        return number


def _option(options: Mapping[str, Any], name: str) -> Number | None:
    value = options.get(name)
    return None if value is None else exact_number(value)
