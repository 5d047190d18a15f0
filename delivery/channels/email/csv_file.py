"""Leads as a CSV file (RFC 4180), safe to open in a spreadsheet."""

import codecs
from collections.abc import Iterable
from typing import Any

from accounts.spreadsheet import csv_lines, defused
from delivery.channels.base import EnvelopeField
from distribution.fields import FieldSpec, display_text


def cell(field: EnvelopeField) -> str:
    """The value as text; one that a spreadsheet would run is defused by a leading apostrophe."""
    return defused(_text(field))


def _text(field: EnvelopeField) -> str:
    if isinstance(field.value, str):
        return field.value
    if isinstance(field.value, list):
        return ", ".join(field.value)  # values, as for a select: a program reads them
    return display_text(FieldSpec(field.key, field.label, field.type, options=field.options), field.value)


def csv_bytes(names: Iterable[str], rows: Iterable[Iterable[Any]], *, delimiter: str = ",", is_marked: bool = False) -> bytes:
    """is_marked: begin with a byte order mark, by which some spreadsheets know UTF-8."""
    mark = codecs.BOM_UTF8 if is_marked else b""
    return mark + csv_rows([[defused(name) for name in names], *rows], delimiter=delimiter)


def csv_rows(rows: Iterable[Iterable[Any]], *, delimiter: str = ",") -> bytes:
    return csv_lines(rows, delimiter=delimiter).encode("utf-8", "replace")
