"""A CSV file comes in: read to its end, and kept as sealed rows."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO

from django.utils import timezone

from accounts.access import Access
from accounts.faults import Fault, RefusedChangeError
from accounts.ids import new_id
from accounts.isolation import account_scope
from distribution.entities import find_named_entity
from distribution.fields.faults import cut, echo
from intake.imports.column_names import clean_names, numbered_names
from intake.imports.encoding import CODECS, find_encoding
from intake.imports.reading import MAX_ROWS, Row, find_delimiter, read_rows
from intake.imports.sealed_parts import seal_names, store_parts
from intake.imports.sniffing import DELIMITERS
from intake.models import Import

MAX_FILE_BYTES = 100 << 20
_MAX_FILE_NAME = 100
_MAX_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How the file is to be read; None: found out. delimiter: one of DELIMITERS. encoding: one of CODECS."""

    delimiter: str | None = None
    encoding: str | None = None
    has_header: bool = True

    def faults(self) -> list[Fault]:
        faults = []
        if self.delimiter is not None and self.delimiter not in DELIMITERS:
            faults.append(Fault("delimiter", "invalid", f"delimiter is {echo(self.delimiter)}; wanted a comma, a semicolon, a tab or |."))
        if self.encoding is not None and self.encoding not in CODECS:
            faults.append(Fault("encoding", "invalid", f"encoding is {echo(self.encoding)}; wanted any of {', '.join(CODECS)}."))
        return faults


def take_file(access: Access, file: BinaryIO, *, entity: str, file_name: str, options: FileOptions) -> Import:
    """Keep a file for an import into the Entity of that slug or id. Opens a transaction of its own, in which a file that is refused leaves nothing.

    file: seekable; it is read several times, in pieces. Raises RefusedChangeError.
    """
    size = file.seek(0, 2)
    faults = options.faults()
    if not 0 < size <= MAX_FILE_BYTES:
        detail = f"The file has {size:,} bytes; at most {MAX_FILE_BYTES:,} are taken." if size else "The file is empty."
        faults.append(Fault("file", "too_large" if size else "empty", detail))
    if faults:
        raise RefusedChangeError(faults)
    encoding = find_encoding(file, options.encoding)
    found, is_said = find_delimiter(file, encoding.codec)
    delimiter = options.delimiter or found
    with closing(read_rows(file, encoding.codec, delimiter)) as rows, account_scope(access.account_id):
        import_id, kept = new_id(), _KeptRows(islice(rows, int(is_said), None))
        names, warnings = kept.read_names(has_header=options.has_header)
        entity_id = find_named_entity(entity).id
        count, rows_size = store_parts(access, import_id, kept)
        if not count:
            raise RefusedChangeError([Fault("file", "empty", "The file has a header and no row below it; nothing can be imported.")])
        return Import.objects.create(
            id=import_id,
            account_id=access.account_id,
            entity_id=entity_id,
            file_name=clean_file_name(file_name),
            size=size,
            encoding=encoding.name,
            delimiter=delimiter,
            has_bom=encoding.has_bom,
            has_header=options.has_header,
            rows=count,
            rows_size=rows_size,
            warnings=_bounded([*filter(None, [encoding.warning]), *warnings, *kept.warnings()]),
            sealed_names=seal_names(access, import_id, names),
            created_at=timezone.now(),
        )


def clean_file_name(name: str) -> str:
    """What people know the file by: no folders, nothing that does not print."""
    last = name.replace("\\", "/").rpartition("/")[2]
    label = "".join(character for character in last if character.isprintable()).strip(" .")
    return cut(label, _MAX_FILE_NAME) or "file.csv"


class _KeptRows:
    """The rows that are to be kept, counted on their way: blank ones are left out."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._blank = 0
        self._width = 0
        self._ragged = 0

    def read_names(self, *, has_header: bool) -> tuple[list[str], list[str]]:
        """The columns' names and what is to be said of them. Reads the first row, and gives it back when it is none of names."""
        first = next((row for row in self._rows if not row.is_blank), None)
        if first is None:
            raise RefusedChangeError([Fault("file", "empty", "The file has no row that is not blank; nothing can be imported.")])
        self._width = len(first.cells)
        if has_header:
            return clean_names(first.cells)
        self._rows = chain([first], self._rows)
        return numbered_names(self._width), []

    def __iter__(self) -> Iterator[Row]:
        count = 0
        for row in self._rows:
            if row.is_blank:
                self._blank += 1
                continue
            count += 1
            if count > MAX_ROWS:
                detail = f"The file has more than {MAX_ROWS:,} rows; split it into several."
                raise RefusedChangeError([Fault("file", "too_many_rows", detail)])
            self._ragged += len(row.cells) > self._width
            yield row

    def warnings(self) -> list[str]:
        warnings = []
        if self._blank:
            warnings.append(f"{self._blank:,} blank {'row is' if self._blank == 1 else 'rows are'} left out.")
        if self._ragged:
            verb = "row has" if self._ragged == 1 else "rows have"
            warnings.append(f"{self._ragged:,} {verb} more cells than there are columns; such a row is not imported.")
        return warnings


def _bounded(warnings: list[str]) -> list[str]:
    if len(warnings) <= _MAX_WARNINGS:
        return warnings
    return [*warnings[:_MAX_WARNINGS], f"And {len(warnings) - _MAX_WARNINGS:,} more of this kind."]
