"""Leads as a CSV file (RFC 4180), safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

from delivery.channels.base import EnvelopeField
from distribution.fields import FieldSpec, display_text

# A cell that a spreadsheet would run as a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# Numbers and E.164 telephone numbers begin so too, and mean no formula.
_HARMLESS = re.compile(r"[+-]?\d+(\.\d+)?\Z", re.ASCII)


def cell(field: EnvelopeField) -> str:
    """The value as text; one that a spreadsheet would run is defused by a leading apostrophe."""
    return defused(_text(field))


def defused(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) and not _HARMLESS.match(text) else text


def _text(field: EnvelopeField) -> str:
    if isinstance(field.value, str):
        return field.value
    if isinstance(field.value, list):
        return ", ".join(field.value)  # values, as for a select: a program reads them
    return display_text(FieldSpec(field.key, field.label, field.type, options=field.options), field.value)


def csv_bytes(names: Iterable[str], rows: Iterable[Iterable[Any]], *, delimiter: str = ",", is_marked: bool = False) -> bytes:
    """is_marked: begin with a byte order mark, by which some spreadsheets know UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([defused(name) for name in names])
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig" if is_marked else "utf-8", "replace")
