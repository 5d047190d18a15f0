"""By what the cells of a file are separated. Pure."""

import csv
import re
from collections.abc import Sequence

DELIMITERS = (",", ";", "\t", "|")
# A first line by which some spreadsheets say it: `sep=;`.
_SAID = re.compile(r"sep=(.)\s*\Z", re.IGNORECASE)
_ROWS = 200


def said_delimiter(line: str) -> str | None:
    """What the file's first line says, when it says nothing else."""
    said = _SAID.match(line)
    return said[1] if said and said[1] in DELIMITERS else None


def sniff_delimiter(sample: str) -> str:
    """The delimiter by which the rows have as many cells as the first one: of those the one with the most cells. A comma when none fits.

    sample: the beginning of the file, of which the last line may be cut. Quotes are respected.
    """
    lines = sample.splitlines(keepends=True)
    whole = lines[:-1] if len(lines) > 1 else lines
    scores = {delimiter: _score(whole, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > 0 else ","


def _score(lines: Sequence[str], delimiter: str) -> float:
    counts: list[int] = []
    try:
        for cells in csv.reader(lines, delimiter=delimiter, skipinitialspace=True):
            if cells:
                counts.append(len(cells))
            if len(counts) == _ROWS:
                break
    except csv.Error:
        # A cell beyond any limit: the rows before it must do.
        counts = counts or [0]
    first = counts[0] if counts else 0
    if first < 2:
        return 0.0
    return sum(count == first for count in counts) / len(counts) * (1 - 1 / first)
