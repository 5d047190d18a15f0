"""What an import would make of a file's first rows. Nothing is stored."""

from dataclasses import dataclass
from typing import Any

from accounts.access import Access
from accounts.audit import MASK
from accounts.faults import ConflictError, RefusedChangeError
from distribution.entity_table import EntityTable
from distribution.fields import Cleaned
from distribution.fields.faults import cut
from intake.imports.columns import entity_of
from intake.imports.mapping import ColumnMapping, clean_mapping, lead_of_row
from intake.imports.reading import Row
from intake.imports.sealed_parts import first_rows, open_names
from intake.models import Import
from intake.people import digests_of_lead

CHECKED_ROWS = 1_000
MAX_SHOWN_ROWS = 100
_SHOWN_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class TriedRow:
    """values: as they would be stored, encrypted ones masked. faults: why it would not be."""

    row: int
    values: dict[str, Any]
    status: str
    note: str
    faults: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """checked: of how many rows the counts are. duplicates: good rows of a person whom an earlier row brought; None: the Entity has no match keys.
    left_out: the columns that go nowhere."""

    rows: list[TriedRow]
    checked: int
    good: int
    faulty: int
    duplicates: int | None
    left_out: list[str]


def read_mapping(access: Access, record: Import, raw: Any) -> tuple[ColumnMapping, list[str]]:
    """The mapping for this file, checked, and the names of its columns. Raises RefusedChangeError."""
    names = open_names(access, record)
    mapping, faults = clean_mapping(raw, entity_of(access, record).specs, width=len(names))
    if faults:
        raise RefusedChangeError(faults)
    return mapping, names


def try_rows(access: Access, record: Import, raw_mapping: Any, *, shown: int) -> Trial:
    """shown: how many rows to show, at most MAX_SHOWN_ROWS. Raises RefusedChangeError, and ConflictError when the file is gone."""
    rows = first_rows(access, record.id, CHECKED_ROWS)
    if not rows:
        raise ConflictError(f"This import is {record.state}; its file was destroyed.")
    mapping, names = read_mapping(access, record, raw_mapping)
    count = _Count(access, entity_of(access, record), mapping, len(names))
    tried = [count.look_at(row) for row in rows]
    return Trial(
        rows=tried[:shown],
        checked=len(tried),
        good=count.good,
        faulty=len(tried) - count.good,
        duplicates=count.duplicates if count.entity.duplicates.keys else None,
        left_out=[name for column, name in enumerate(names) if column not in mapping],
    )


class _Count:
    def __init__(self, access: Access, entity: EntityTable, mapping: ColumnMapping, width: int) -> None:
        self.entity = entity
        self.good = self.duplicates = 0
        self._access, self._mapping, self._width = access, mapping, width
        self._seen: set[bytes] = set()

    def look_at(self, row: Row) -> TriedRow:
        lead = lead_of_row(row.cells, self._mapping, width=self._width)
        cleaned = self.entity.cleaner.clean(lead.raw)
        faults = (*lead.faults, *cleaned.faults)
        if not faults:
            self.good += 1
            self._count_person(cleaned)
        values = {key: _shown(value) for key, value in cleaned.values.items()} | dict.fromkeys(cleaned.sealed, MASK)
        return TriedRow(row.number, values, cut(lead.status, _SHOWN_CHARACTERS), cut(lead.note, _SHOWN_CHARACTERS), faults)

    def _count_person(self, cleaned: Cleaned) -> None:
        values = {**cleaned.values, **cleaned.sealed}
        digests = digests_of_lead(self.entity.duplicates, values, self._access.vault.blind, self.entity.id)
        self.duplicates += any(digest in self._seen for digest in digests)
        self._seen.update(digests)


def _shown(value: Any) -> Any:
    return cut(value, _SHOWN_CHARACTERS) if isinstance(value, str) else value
