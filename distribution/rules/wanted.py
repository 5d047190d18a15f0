"""The value of a condition, normalised by its field's type as a lead's own value is."""

from typing import Any

from distribution.fields.faults import RefusedError, echo
from distribution.fields.kinds import ValueCleaner, value_cleaner
from distribution.fields.spec import FieldSpec
from distribution.fields.text import plain_text
from distribution.rules.operators import CHOICE_TYPES, READERS, Operator, Wants
from distribution.rules.pattern import MAX_PATTERN, compile_pattern

MAX_LIST = 100_000
_MAX_DAYS = 36_500
_MAX_PIECE = 1_000
# The limits of these fields bind leads, not rules: `at_least 0` is no fault on a field that begins at 1.
_LIMITED = frozenset({"text", "textarea", "number"})


class WrongValueError(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class WantedReader:
    """Reads the values of one rule; keeps a cleaner per field, since a rule asks the same one often."""

    def __init__(self, default_region: str | None) -> None:
        self._region = default_region
        self._cleaners: dict[str, ValueCleaner] = {}

    def read(self, raw: Any, field: FieldSpec, operator: Operator) -> Any:
        """Return the normalised value, None for operators that want none. Raises WrongValueError."""
        match operator.wants:
            case Wants.NOTHING:
                return self._nothing(raw, field, operator)
            case Wants.VALUE:
                return self._value(raw, field, operator)
            case Wants.LIST:
                return self._list(raw, field, operator)
            case Wants.PAIR:
                return self._pair(raw, field, operator)
            case Wants.PIECE:
                return _piece(raw, field, operator)
            case Wants.DAYS:
                return _days(raw, field, operator)
            case Wants.PATTERN:
                return _pattern(raw, field, operator)

    def _nothing(self, raw: Any, field: FieldSpec, operator: Operator) -> None:
        # Forms that build rules send an empty text for a box that is not used.
        if raw is not None and raw != "":
            raise _wrong(raw, field, operator, "is one too many", "no value")

    def _value(self, raw: Any, field: FieldSpec, operator: Operator) -> Any:
        clean = self._cleaner(field)
        try:
            value = None if raw is None else clean(raw)
        except RefusedError as error:
            raise _wrong(raw, field, operator, error.fault, clean.wanted, error.code) from error
        if value is None:
            raise _wrong(raw, field, operator, "is empty", clean.wanted, "required")
        return value

    def _cleaner(self, field: FieldSpec) -> ValueCleaner:
        clean = self._cleaners.get(field.key)
        if clean is None:
            unlimited = FieldSpec(field.key, field.label, field.type) if field.type in _LIMITED else field
            clean = self._cleaners[field.key] = value_cleaner(unlimited, default_region=self._region)
        return clean

    def _list(self, raw: Any, field: FieldSpec, operator: Operator) -> list[Any]:
        if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_LIST:
            fault = "is not a list" if not isinstance(raw, list) else f"has {len(raw):,} values"
            raise _wrong(raw, field, operator, fault, f"a list of 1 to {MAX_LIST:,} values")
        if field.type in CHOICE_TYPES:
            chosen: list[Any] = self._value(raw, field, operator)
            return chosen
        return [self._value(item, field, operator) for item in raw]

    def _pair(self, raw: Any, field: FieldSpec, operator: Operator) -> list[Any]:
        if not isinstance(raw, list) or len(raw) != 2:
            raise _wrong(raw, field, operator, "is not a pair", "a list of the lowest and the highest value")
        low, high = (self._value(item, field, operator) for item in raw)
        read = READERS[field.type]
        if read(low) > read(high):
            raise _wrong(raw, field, operator, "runs backwards", "the lowest value first")
        return [low, high]


def _pattern(raw: Any, field: FieldSpec, operator: Operator) -> str:
    source = _piece(raw, field, operator, MAX_PATTERN)
    try:
        compile_pattern(source)
    except RefusedError as error:
        raise _wrong(raw, field, operator, error.fault, "a regular expression as RE2 has it", error.code) from error
    return source


def _piece(raw: Any, field: FieldSpec, operator: Operator, most: int = _MAX_PIECE) -> str:
    wanted = f"a text of at most {most:,} characters"
    try:
        piece = None if raw is None else plain_text(raw, most)
    except RefusedError as error:
        raise _wrong(raw, field, operator, error.fault, wanted, error.code) from error
    if piece is None:
        raise _wrong(raw, field, operator, "is empty", wanted, "required")
    return piece


def _days(raw: Any, field: FieldSpec, operator: Operator) -> int:
    days = int(raw) if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) <= len(str(_MAX_DAYS)) else raw
    if type(days) is not int or not 0 <= days <= _MAX_DAYS:
        raise _wrong(raw, field, operator, "is no number of days", f"a whole number from 0 to {_MAX_DAYS:,}")
    return days


def _wrong(
    raw: Any,
    field: FieldSpec,
    operator: Operator,
    fault: str,
    wanted: str,
    code: str = "invalid",
) -> WrongValueError:
    shown = "this value" if field.is_encrypted else echo(raw)
    return WrongValueError(code, f"The operator {operator.name} on {field.label} has {shown}, which {fault}; wanted {wanted}.")
