"""The faults of a channel's settings where they stand in its form; of a template, with the line and the word. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import QueryDict

from accounts.faults import HasFault
from delivery.dashboard.channel_form import Typed

_LINE = re.compile(r"Line (\d+): ")
_WORD = re.compile(r"There is no (?:filter |test )?([\w.]+)[;.]")
_MAX_LINE = 160


@dataclass(frozen=True, slots=True)
class ShownFault:
    """control: the name of what it is typed into; empty for the form as a whole. line: of a template, from 1; 0 for none. before, word, after: that
    line, the word being what is wrong in it; all empty if the fault names none."""

    control: str
    code: str
    detail: str
    line: int = 0
    before: str = ""
    word: str = ""
    after: str = ""

    @property
    def is_missing(self) -> bool:
        """Not typed yet, rather than wrong."""
        return self.code == "required"


def shown_faults(typed: QueryDict, read: Typed, faults: Iterable[HasFault]) -> list[ShownFault]:
    return [_shown(typed, read.control_of(fault), fault) for fault in faults]


def _shown(typed: QueryDict, control: str, fault: HasFault) -> ShownFault:
    line = _LINE.search(fault.detail)
    lines = typed.get(control, "").splitlines()
    if line is None or not 1 <= int(line[1]) <= len(lines):
        return ShownFault(control, fault.code, fault.detail)
    number = int(line[1])
    before, word, after = _around(lines[number - 1], fault.detail)
    return ShownFault(control, fault.code, fault.detail, number, before, word, after)


def _around(line: str, detail: str) -> tuple[str, str, str]:
    found = _WORD.search(detail)
    word = found[1] if found else ""
    place = re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", line) if word else None
    if place is None:
        return _cut(line.strip()), "", ""
    return line[: place.start()].lstrip()[-_MAX_LINE:], word, _cut(line[place.end() :].rstrip())


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_LINE else f"{text[:_MAX_LINE]}…"
