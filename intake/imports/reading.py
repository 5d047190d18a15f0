"""The rows of a CSV file, one after the other, in bounded memory whatever the file holds."""

import csv
import io
from collections.abc import Generator
from dataclasses import dataclass
from typing import BinaryIO

from accounts.faults import Fault, RefusedChangeError
from intake.imports.sniffing import said_delimiter, sniff_delimiter

MAX_COLUMNS = 500
MAX_ROWS = 1_000_000
MAX_ROW_CHARACTERS = 1 << 20
SAMPLE_CHARACTERS = 1 << 16
# Comes after the last line. NUL was refused before: the row that holds it and more has swallowed the end of the file.
_END = "\x00"


@dataclass(frozen=True, slots=True)
class Row:
    """number: as a spreadsheet shows it, the header and blank rows counted."""

    number: int
    cells: list[str]

    @property
    def is_blank(self) -> bool:
        return not any(map(str.strip, self.cells))


def find_delimiter(file: BinaryIO, codec: str) -> tuple[str, bool]:
    """The delimiter, and whether the first line does nothing but say it."""
    file.seek(0)
    text = io.TextIOWrapper(file, codec, newline="")
    try:
        sample = text.read(SAMPLE_CHARACTERS)
    finally:
        text.detach()
    said = said_delimiter(sample.splitlines()[0]) if sample else None
    return (said, True) if said else (sniff_delimiter(sample), False)


def read_rows(file: BinaryIO, codec: str, delimiter: str) -> Generator[Row]:
    """Every row from the first. Lines end in CR, LF or both, also mixed. Raises RefusedChangeError where the file breaks off or a limit is passed."""
    file.seek(0)
    text = io.TextIOWrapper(file, codec, newline="")
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if lines.is_over:
                if cells != [_END]:
                    raise _refusal("unclosed_quote", number, lines.first, "opens a quote that is never closed.")
                return
            if len(cells) > MAX_COLUMNS:
                fault = f"has {len(cells):,} cells; at most {MAX_COLUMNS} columns are read. Is the delimiter right?"
                raise _refusal("too_many_columns", number, lines.first, fault)
            yield Row(number, cells)
            lines.begin_row()
    except csv.Error as error:
        fault = f"has a cell of more than {csv.field_size_limit():,} characters. Is a quote not closed?"
        raise _refusal("too_large", number + 1, lines.first, fault) from error
    except _RowTooLongError as error:
        fault = f"has more than {MAX_ROW_CHARACTERS:,} characters. Is a quote not closed?"
        raise _refusal("too_large", number + 1, lines.first, fault) from error
    finally:
        text.detach()


class _RowTooLongError(Exception):
    pass


class _Lines:
    """The file's lines with their ends, counted. first: the line in which the present row begins."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._number = 0
        self._left = MAX_ROW_CHARACTERS
        self.first = 1
        self.is_over = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._left + 1)
        self._left -= len(line)
        if self._left < 0:
            raise _RowTooLongError
        if line:
            self._number += 1
            return line
        if self.is_over:
            raise StopIteration
        self.is_over = True
        return _END

    def begin_row(self) -> None:
        self.first = self._number + 1
        self._left = MAX_ROW_CHARACTERS


def _refusal(code: str, number: int, line: int, fault: str) -> RefusedChangeError:
    return RefusedChangeError([Fault("file", code, f"Row {number:,}, which begins in line {line:,}, {fault}")])
