"""A lead's raw values checked and normalised, once, for every source alike."""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from distribution.fields.faults import Fault, RefusedError, cut, echo
from distribution.fields.kinds import ValueCleaner, value_cleaner
from distribution.fields.names import fold, names_of
from distribution.fields.spec import ADDRESS_PARTS, FieldSpec

_MAX_UNKNOWN = 100
# No field has a longer name; folding a raw key of a megabyte would be waste.
_MAX_NAME = 300


@dataclass(frozen=True, slots=True)
class Cleaned:
    """values, sealed: field key → normalised value of plain and of encrypted fields, missing ones left out; write them
    with `exact_json`. unknown: the raw keys that name no field, cut, at most 100 and a count of the rest. defaulted: the
    keys whose value is the field's default, for want of one in the lead."""

    values: dict[str, Any]
    sealed: dict[str, Any]
    faults: list[Fault]
    unknown: list[str]
    defaulted: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Column:
    spec: FieldSpec
    clean: ValueCleaner
    default: Any

    def refuse(self, raw: Any, error: RefusedError) -> Fault:
        shown = "the value" if self.spec.is_encrypted else echo(raw)
        return Fault(self.spec.key, error.code, f"{self.spec.label}: {shown} {error.fault}; wanted {self.clean.wanted}.")

    def require(self) -> Fault:
        return Fault(self.spec.key, "required", f"{self.spec.label} is missing; wanted {self.clean.wanted}.")


class Cleaner:
    """Made once per version of an Entity by `compile_cleaner`; keeps nothing between leads: threads may share it."""

    __slots__ = ("_addresses", "_columns", "_labels", "_names", "_rows")

    def __init__(self, columns: list[_Column]) -> None:
        self._columns = columns
        self._names = names_of(column.spec for column in columns)
        self._labels = {column.spec.key: column.spec.label for column in columns}
        self._addresses = [column.spec.key for column in columns if column.spec.type == "address"]
        # Flat, for the loop that every lead goes through.
        self._rows = [
            (column.spec.key, column.clean, column.default, column.spec.is_required, column.spec.is_encrypted, column) for column in columns
        ]

    def clean(self, raw: Mapping[str, Any]) -> Cleaned:
        """Never raises on anything that JSON or a form can hold. Null, "" and blank texts count as missing."""
        if not isinstance(raw, Mapping):
            return Cleaned(
                {},
                {},
                [Fault("", "invalid", f"A lead is {echo(raw)}; wanted an object of field names and values.")],
                [],
            )
        faults: list[Fault] = []
        given, unknown = self._sort_by_field(raw, faults)
        if self._addresses:
            self._gather_addresses(given, faults)
        values: dict[str, Any] = {}
        sealed: dict[str, Any] = {}
        defaulted: list[str] = []
        for key, clean, default, is_required, is_encrypted, column in self._rows:
            raw_value = given.get(key)
            value = None
            if raw_value is not None:
                try:
                    value = clean(raw_value)
                except RefusedError as error:
                    faults.append(column.refuse(raw_value, error))
                    continue
            if value is None:
                if default is None:
                    if is_required:
                        faults.append(column.require())
                    continue
                value = copy(default)
                defaulted.append(key)
            (sealed if is_encrypted else values)[key] = value
        return Cleaned(values, sealed, faults, _bounded(unknown), defaulted)

    def _sort_by_field(self, raw: Mapping[str, Any], faults: list[Fault]) -> tuple[dict[str, Any], list[str]]:
        given: dict[str, Any] = {}
        unknown: list[str] = []
        names = self._names
        for name, value in raw.items():
            slot = names.get(name) or self._loosely(name)
            if slot is None:
                unknown.append(name)
            elif slot in given:
                faults.append(self._doubled(slot, name, raw))
            else:
                given[slot] = value
        return given, unknown

    def _loosely(self, name: str) -> str | None:
        return self._names.get(fold(name)) if len(name) <= _MAX_NAME else None

    def _doubled(self, slot: str, second: str, raw: Mapping[str, Any]) -> Fault:
        first = next(name for name in raw if slot == (self._names.get(name) or self._loosely(name)))
        return self._twice(slot.partition(".")[0], first, second)

    def _twice(self, key: str, first: str, second: str) -> Fault:
        return Fault(
            key,
            "duplicate",
            f"{self._labels[key]} is given twice, as {echo(first)} and as {echo(second)}; wanted once.",
        )

    def _gather_addresses(self, given: dict[str, Any], faults: list[Fault]) -> None:
        """Put parts that came as keys of their own, such as `address.city` from a form, together."""
        for key in self._addresses:
            parts = {part: given.pop(f"{key}.{part}") for part in ADDRESS_PARTS if f"{key}.{part}" in given}
            if parts and key in given:
                faults.append(self._twice(key, key, f"{key}.{next(iter(parts))}"))
            elif parts:
                given[key] = parts


def compile_cleaner(specs: Iterable[FieldSpec], *, default_region: str | None) -> Cleaner:
    """Return the cleaner of an Entity's fields.

    default_region: the account's country (ISO 3166-1 alpha-2), for telephone numbers written without one, or None.

    A default that its field no longer takes (options changed since) counts as none: it must not stop leads.
    """
    ordered = sorted(specs, key=lambda spec: spec.position)
    return Cleaner([_column(spec, default_region) for spec in ordered])


def _column(spec: FieldSpec, default_region: str | None) -> _Column:
    clean = value_cleaner(spec, default_region=default_region)
    return _Column(spec, clean, _usable_default(spec, clean))


def _usable_default(spec: FieldSpec, clean: ValueCleaner) -> Any:
    if spec.default is None:
        return None
    try:
        return clean(spec.default)
    except RefusedError:
        return None


def _bounded(unknown: list[str]) -> list[str]:
    if not unknown:
        return unknown
    shown = [cut(name) for name in unknown[:_MAX_UNKNOWN]]
    if len(unknown) > _MAX_UNKNOWN:
        shown.append(f"and {len(unknown) - _MAX_UNKNOWN:,} more")
    return shown
