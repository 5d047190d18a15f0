"""Charts as numbers that a template draws as SVG. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

# Of the drawing, in its own units; the page scales it.
WIDTH, HEIGHT = 1040, 240
_LEFT, _BOTTOM, _TOP = 44, 28, 8
_GAP = 0.35  # of a bar's share of the width


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    delivered: int
    failed: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: two pieces, the failed on top of the delivered. In the drawing's units; heights may be 0."""

    day: Day
    x: float
    width: float
    delivered_y: float
    delivered_height: float
    failed_y: float
    failed_height: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line across the drawing, with its number."""

    y: float
    number: int


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class VolumeChart:
    bars: Sequence[Bar]
    lines: Sequence[Line]
    labels: Sequence[Label]
    width: int = WIDTH
    height: int = HEIGHT


def volume_chart(days: Sequence[Day]) -> VolumeChart:
    """days: in order, at least one."""
    top = nice_ceiling(max(max((day.delivered + day.failed for day in days), default=0), 4))
    share = (WIDTH - _LEFT) / len(days)
    scale = (HEIGHT - _TOP - _BOTTOM) / top
    base = HEIGHT - _BOTTOM
    bars = [
        _bar(day, x=_LEFT + number * share + share * _GAP / 2, width=share * (1 - _GAP), base=base, scale=scale)
        for number, day in enumerate(days)
    ]
    lines = [Line(y=round(base - part * top / 4 * scale, 1), number=part * top // 4) for part in range(5)]
    every = max(1, len(days) // 4)
    labels = [
        Label(round(bars[number].x + bars[number].width / 2, 1), f"{days[number].day:%b} {days[number].day.day}")
        for number in range(0, len(days), every)
    ]
    return VolumeChart(bars, lines, labels)


def _bar(day: Day, *, x: float, width: float, base: float, scale: float) -> Bar:
    delivered, failed = day.delivered * scale, day.failed * scale
    gap = 2.0 if day.delivered and day.failed else 0.0
    return Bar(
        day=day, x=round(x, 1), width=round(width, 1), delivered_y=round(base - delivered, 1), delivered_height=round(delivered, 1),
        failed_y=round(base - delivered - failed - gap, 1), failed_height=round(failed, 1),
    )  # fmt: skip


def nice_ceiling(most: int) -> int:
    """The next number that four equal whole steps lead to: 4, 8, 12, 16, 20, …, 100, 120, 160, …"""
    size: int = 10 ** max(0, math.floor(math.log10(most)) - 1)
    for step in (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 25):
        if 4 * step * size >= most:
            return 4 * step * size
    return 100 * size


def sparkline(values: Sequence[float], *, width: int = 80, height: int = 24) -> str:
    """The points of a polyline; empty where there is nothing to draw a line through."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = width / (len(values) - 1)
    return " ".join(f"{number * step:.1f},{height - 2 - (value - low) / span * (height - 4):.1f}" for number, value in enumerate(values))
