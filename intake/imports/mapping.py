"""Which column brings which field: checked, and put to use on a row. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distribution.fields import ADDRESS_PARTS, Fault, FieldSpec
from distribution.fields.faults import echo
from distribution.fields.names import fold, names_of
from intake.api.fields import MAX_NOTE, MAX_STATUS

# What a column may bring beside the fields.
STATUS, NOTE = "status", "note"
SYSTEM_SLOTS = (STATUS, NOTE)
_LIMITS = {STATUS: MAX_STATUS, NOTE: MAX_NOTE}
_SHAPE = '{"0": "email", "1": null, "2": ["phone", "mobile"]}'

# Column, from 0 → where its cells go: field keys, `key.part` of an address, `status`, `note`.
type ColumnMapping = dict[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class RowLead:
    """A row as intake takes it. raw: slot → cell; empty cells are left out. faults: why it is no lead, before any field is looked at."""

    raw: dict[str, str]
    status: str
    note: str
    faults: tuple[Fault, ...]


def slots_of(specs: Sequence[FieldSpec]) -> list[str]:
    """Everything that a column may be mapped to."""
    slots = [spec.key for spec in specs]
    slots += [f"{spec.key}.{part}" for spec in specs if spec.type == "address" for part in ADDRESS_PARTS]
    return [*slots, *SYSTEM_SLOTS]


def clean_mapping(raw: Any, specs: Sequence[FieldSpec], *, width: int) -> tuple[ColumnMapping, list[Fault]]:
    """Check what the API takes, and that all required fields come. width: how many columns the file has."""
    if not isinstance(raw, Mapping):
        return {}, [Fault("mapping", "invalid", f"mapping is {echo(raw)}; wanted an object such as {_SHAPE}.")]
    names = names_of(specs) | {slot: slot for slot in SYSTEM_SLOTS}
    mapping: ColumnMapping = {}
    faults: list[Fault] = []
    for column, target in raw.items():
        number = _column_number(column, width)
        if number is None:
            wanted = f"a column's number, from 0 to {width - 1}"
            faults.append(Fault(f"mapping.{column[:20]}", "unknown_column", f"{echo(column)} is no column of this file; wanted {wanted}."))
            continue
        slots = _slots(target, names, f"mapping.{number}", faults)
        if slots:
            mapping[number] = tuple(dict.fromkeys(slots))
    if not faults:
        faults = _doubled(mapping, specs) + _missing(mapping, specs)
    return mapping, faults


def _column_number(column: str, width: int) -> int | None:
    is_number = column.isascii() and column.isdecimal() and len(column) <= 4
    return int(column) if is_number and int(column) < width else None


def _slots(target: Any, names: Mapping[str, str], attr: str, faults: list[Fault]) -> list[str]:
    slots = []
    for name in target if isinstance(target, list) else [] if target is None else [target]:
        slot = names.get(name) or names.get(fold(name[:300])) if isinstance(name, str) else None
        if slot is None:
            faults.append(
                Fault(attr, "unknown_field", f"{echo(name)} names no field of this Entity; wanted a field's key, status, note or null.")
            )
        else:
            slots.append(slot)
    return slots


def _doubled(mapping: ColumnMapping, specs: Sequence[FieldSpec]) -> list[Fault]:
    taken = Counter(slot for slots in mapping.values() for slot in slots)
    faults = [
        Fault("mapping", "duplicate", f"{slot} is mapped from {number} columns; wanted one.")
        for slot, number in taken.items()
        if number > 1
    ]
    both = [
        spec.key
        for spec in specs
        if spec.type == "address" and spec.key in taken and any(f"{spec.key}.{part}" in taken for part in ADDRESS_PARTS)
    ]
    return faults + [Fault("mapping", "duplicate", f"{key} is mapped as a whole and in parts; wanted one of both.") for key in both]


def _missing(mapping: ColumnMapping, specs: Sequence[FieldSpec]) -> list[Fault]:
    given = {slot.partition(".")[0] for slots in mapping.values() for slot in slots}
    if not given:
        return [Fault("mapping", "required", f"mapping maps no column to a field; wanted at least one, such as {_SHAPE}.")]
    return [
        Fault(
            "mapping",
            "required",
            f"{spec.label} ({spec.key}) is required and comes from no column; map one to it, or give the field a default.",
        )
        for spec in specs
        if spec.is_required and spec.default is None and spec.key not in given
    ]


def lost_slots(mapping: ColumnMapping, specs: Sequence[FieldSpec]) -> list[str]:
    """Where cells were to go and cannot any more: the Entity has changed since."""
    known = set(slots_of(specs))
    return sorted({slot for slots in mapping.values() for slot in slots if slot not in known})


def lead_of_row(cells: Sequence[str], mapping: ColumnMapping, *, width: int) -> RowLead:
    """A row with fewer cells than columns lacks those values; one with more is faulty, since nobody can tell which cell is one too many."""
    faults = []
    if len(cells) > width:
        faults.append(Fault("", "too_many_cells", f"The row has {len(cells):,} cells and the file {width:,} columns. Is a quote missing?"))
    raw = {slot: cells[column] for column, slots in mapping.items() if column < len(cells) and cells[column] for slot in slots}
    system = {slot: raw.pop(slot, "").strip() for slot in SYSTEM_SLOTS}
    faults += [
        Fault(slot, "too_long", f"{slot} has {len(text):,} characters; at most {_LIMITS[slot]:,} are taken.")
        for slot, text in system.items()
        if len(text) > _LIMITS[slot]
    ]
    return RowLead(raw, system[STATUS] or "new", system[NOTE], tuple(faults))


def encrypted_columns(mapping: ColumnMapping, specs: Sequence[FieldSpec]) -> frozenset[int]:
    """The columns whose cells go to an encrypted field."""
    encrypted = {spec.key for spec in specs if spec.is_encrypted}
    return frozenset(column for column, slots in mapping.items() if any(slot.partition(".")[0] in encrypted for slot in slots))


def as_json(mapping: ColumnMapping) -> dict[str, list[str]]:
    return {str(column): list(slots) for column, slots in mapping.items()}


def mapping_of(params: Mapping[str, Any]) -> ColumnMapping:
    """From the parameters of an import's job, where `as_json` put it."""
    return {int(column): tuple(slots) for column, slots in params["mapping"].items()}
