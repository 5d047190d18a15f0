"""The rows of an import that were not stored as leads, as they came, each with what is wrong with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from accounts.access import READ_ENCRYPTED, Access
from accounts.audit import MASK
from accounts.isolation import account_scope
from accounts.spreadsheet import defused
from delivery.channels.email.csv_file import csv_bytes
from intake.imports.columns import entity_of
from intake.imports.mapping import encrypted_columns, mapping_of
from intake.imports.sealed_parts import open_names
from intake.models import Import, ImportFaultyRows

# More are counted and not kept: a file that is wrong throughout is seen to be so by then.
MAX_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class FaultyRow:
    number: int
    cells: list[str]
    fault: str


_decoder = msgspec.json.Decoder(list[tuple[int, list[str], str]])


def keep_faulty_rows(access: Access, record: Import, part: int, rows: Sequence[FaultyRow]) -> None:
    """Write down the faulty rows of one part, in the transaction that is open."""
    if not rows:
        return
    content = msgspec.json.encode([(row.number, row.cells, row.fault) for row in rows])
    sealed = access.vault.seal(content, purpose=_purpose(part), record_id=record.id)
    ImportFaultyRows.objects.create(account_id=access.account_id, lead_import_id=record.id, number=part, sealed=sealed)


def faulty_csv(access: Access, record: Import) -> Iterator[bytes]:
    """A CSV file, piece by piece: `row` and `fault`, then the row as it came. Each piece opens a transaction of its own, so that a slow reader holds none.

    Without the scope `read:encrypted` the cells that were meant for encrypted fields are masked, and all cells of a row in which they may have moved.
    """
    with account_scope(access.account_id):
        names = open_names(access, record)
        mask = _Mask(access, record, len(names))
        numbers = list(ImportFaultyRows.objects.filter(lead_import=record).order_by("number").values_list("number", flat=True))
    yield csv_bytes(["row", "fault", *names], [], is_marked=True)
    for number in numbers:
        with account_scope(access.account_id):
            rows = _open(access, record, number)
        if rows:
            first, *others = [[str(row.number), row.fault, *mask.cells(row)] for row in rows]
            yield csv_bytes(first, ([defused(cell) for cell in cells] for cells in others))


def _open(access: Access, record: Import, number: int) -> list[FaultyRow]:
    sealed = ImportFaultyRows.objects.filter(lead_import=record, number=number).values_list("sealed", flat=True).first()
    if sealed is None:
        # They were destroyed while somebody read.
        return []
    return [FaultyRow(*row) for row in _decoder.decode(access.vault.open(sealed, purpose=_purpose(number), record_id=record.id))]


class _Mask:
    def __init__(self, access: Access, record: Import, width: int) -> None:
        is_open = READ_ENCRYPTED in access.scopes
        mapping = mapping_of(record.job.params) if record.job and not is_open else {}
        self._columns = encrypted_columns(mapping, entity_of(access, record).specs)
        self._width = width

    def cells(self, row: FaultyRow) -> list[str]:
        if self._columns and len(row.cells) > self._width:
            return [MASK for _ in row.cells]
        return [MASK if column in self._columns else cell for column, cell in enumerate(row.cells)]


def _purpose(part: int) -> str:
    return f"import-faulty-rows-{part}"
