"""The rows of a file in the database: sealed by the account's key, a part at a time."""

from collections.abc import Iterable, Iterator
from uuid import UUID

import msgspec

from accounts.access import Access
from accounts.faults import Fault, RefusedChangeError
from intake.imports.reading import Row
from intake.models import Import, ImportPart

MAX_PART_ROWS = 500
MAX_PART_BYTES = 1 << 20

_rows = msgspec.json.Decoder(list[tuple[int, list[str]]])
_names = msgspec.json.Decoder(list[str])


def store_parts(access: Access, import_id: UUID, rows: Iterable[Row]) -> tuple[int, int]:
    """Write them down in the transaction that is open; return how many rows and bytes they are. Raises RefusedChangeError for a row that fits no part."""
    number = count = size = 0
    for encoded in _parts(rows):
        content = b"[" + b",".join(encoded) + b"]"
        sealed = access.vault.seal(content, purpose=_purpose(number), record_id=import_id)
        ImportPart.objects.create(account_id=access.account_id, lead_import_id=import_id, number=number, sealed=sealed)
        number, count, size = number + 1, count + len(encoded), size + len(content)
    return count, size


def _parts(rows: Iterable[Row]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    size = 2
    for row in rows:
        encoded = msgspec.json.encode((row.number, row.cells))
        if len(encoded) + 2 > MAX_PART_BYTES:
            detail = f"Row {row.number:,} needs more than {MAX_PART_BYTES:,} bytes. Is a quote not closed?"
            raise RefusedChangeError([Fault("file", "too_large", detail)])
        if part and (len(part) == MAX_PART_ROWS or size + len(encoded) + 1 > MAX_PART_BYTES):
            yield part
            part, size = [], 2
        part.append(encoded)
        size += len(encoded) + 1
    if part:
        yield part


def open_part(access: Access, import_id: UUID, number: int) -> tuple[list[Row], int] | None:
    """Its rows and its bytes; None when there is no such part."""
    sealed = ImportPart.objects.filter(lead_import_id=import_id, number=number).values_list("sealed", flat=True).first()
    if sealed is None:
        return None
    content = access.vault.open(sealed, purpose=_purpose(number), record_id=import_id)
    return [Row(row_number, cells) for row_number, cells in _rows.decode(content)], len(content)


def first_rows(access: Access, import_id: UUID, limit: int) -> list[Row]:
    """At most `limit`; none when the file is destroyed already."""
    rows: list[Row] = []
    number = 0
    while len(rows) < limit and (part := open_part(access, import_id, number)):
        rows += part[0]
        number += 1
    return rows[:limit]


def destroy_file(import_id: UUID) -> None:
    ImportPart.objects.filter(lead_import_id=import_id).delete()


def seal_names(access: Access, import_id: UUID, names: list[str]) -> bytes:
    return access.vault.seal(msgspec.json.encode(names), purpose="import-names", record_id=import_id)


def open_names(access: Access, record: Import) -> list[str]:
    """Empty when nothing of the file is left."""
    if record.sealed_names is None:
        return []
    return _names.decode(access.vault.open(record.sealed_names, purpose="import-names", record_id=record.id))


def _purpose(number: int) -> str:
    return f"import-part-{number}"
