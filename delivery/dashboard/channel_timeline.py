"""A retry policy as a timeline: the tries on a line of logarithmic time. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log10
from typing import Any

from delivery.retry import clean_retry, describe, policy_of

_FIRST_SECOND = 3.0
# Labels closer than this, in percent of the width, would run into one another.
_ROOM = 13.0
_LEFT, _RIGHT = 2.0, 94.0


@dataclass(frozen=True, slots=True)
class Mark:
    """x: percent of the width. spoken: time after the first try. label: the same, shorter; empty where it finds no room."""

    number: int
    x: str
    spoken: str
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """words: how many tries, and over how long."""

    marks: tuple[Mark, ...]
    words: str

    @property
    def last_x(self) -> str:
        return self.marks[-1].x


def timeline_of(retry: Mapping[str, Any]) -> Timeline | None:
    """retry: the setting, as typed; None if it is not a usable one."""
    stored, faults = clean_retry(retry, attr="")
    if faults:
        return None
    points = describe(policy_of({"retry": stored}))
    longest = points[-1][1]
    places = [_x(seconds, longest) for _, seconds in points]
    marks: list[Mark] = []
    free_from = 0.0
    for (number, seconds), x in zip(points, places, strict=True):
        # The last try is always named, and keeps its room.
        is_last = number == len(points)
        has_room = is_last or (x >= free_from and x <= places[-1] - _ROOM)
        label = spoken_time(seconds, units=1) if has_room else ""
        marks.append(Mark(number, f"{x:.1f}%", spoken_time(seconds), label))
        free_from = x + _ROOM if has_room else free_from
    tries = f"{len(points)} tries" if len(points) > 1 else "One try"
    return Timeline(tuple(marks), f"{tries} within {spoken_time(longest)}" if longest else f"{tries}, and no more")


def spoken_time(seconds: int, *, units: int = 2) -> str:
    """In its largest units: now, 35 s, 5 min 35 s, 75 h 35 min."""
    if seconds == 0:
        return "now"
    hours, rest = divmod(seconds, 3_600)
    minutes, left = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else left, "s")]
    return " ".join([f"{number} {unit}" for number, unit in parts if number][:units])


def _x(seconds: int, longest: int) -> float:
    span = log10(1 + longest / _FIRST_SECOND) or 1.0
    return _LEFT + (_RIGHT - _LEFT) * log10(1 + seconds / _FIRST_SECOND) / span
