"""CSV (RFC 4180) that is safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

# A cell that a spreadsheet would run as a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# Numbers and E.164 telephone numbers begin so too, and mean no formula.
_HARMLESS = re.compile(r"[+-]?\d+(\.\d+)?\Z", re.ASCII)


def defused(text: str) -> str:
    """The text with a leading apostrophe where a spreadsheet would run it."""
    return f"'{text}" if text.startswith(_FORMULA) and not _HARMLESS.match(text) else text


def csv_lines(rows: Iterable[Iterable[Any]], *, delimiter: str = ",") -> str:
    """The rows as they stand; users' values have been through `defused`."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
