"""What the columns of a file are called. Pure."""

from collections.abc import Sequence

from distribution.fields.faults import cut

_MAX_NAME = 200


def numbered_names(width: int) -> list[str]:
    """Of a file without a header."""
    return [f"column {number}" for number in range(1, width + 1)]


def clean_names(header: Sequence[str]) -> tuple[list[str], list[str]]:
    """A name of its own for every column, and what had to be done for it, in words that repeat nothing of the file."""
    names: list[str] = []
    taken: set[str] = set()
    warnings: list[str] = []
    for number, cell in enumerate(header, 1):
        name = cut(" ".join("".join(c if c.isprintable() else " " for c in cell).split()), _MAX_NAME)
        if not name:
            warnings.append(f"Column {number} has no name; it is called column {number}.")
            name = f"column {number}"
        if name.casefold() in taken:
            warnings.append(f"Column {number} has the name of an earlier column; a number was put behind it.")
            name = _free(name, taken)
        taken.add(name.casefold())
        names.append(name)
    return names, warnings


def _free(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name} {number}".casefold() in taken:
        number += 1
    return f"{name} {number}"
