"""What every measurement gets: its figures, a partner that answers, and what leads are taken from, made when it is first asked for."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from benchmarks.processes import SinkProcess
from benchmarks.report import Figures
from benchmarks.shop import Shop, open_shop
from benchmarks.stock import SLOW_MS, Stock


class Bench:
    """is_quick: a smoke run, whose numbers mean nothing."""

    def __init__(self, sink: SinkProcess, figures: Figures, *, is_quick: bool) -> None:
        self.sink = sink
        self.figures = figures
        self.is_quick = is_quick

    @cached_property
    def stock(self) -> Stock:
        """For measurements of what goes out."""
        return Stock(url=self.sink.url(), slow_url=self.sink.url(after_ms=SLOW_MS), leads=1_000 if self.is_quick else 20_000)

    @cached_property
    def shop(self) -> Shop:
        """For measurements of what comes in: every lead matches both partners of the one profile."""
        return open_shop("Bench intake", [{}, {}])

    def size(self, full: int) -> int:
        return max(60, full // 50) if self.is_quick else full

    @property
    def rounds(self) -> int:
        return 1 if self.is_quick else 3

    def add_together(self, name: str, answers: Sequence[Mapping[str, Any]], **values: float) -> None:
        """What processes did at once, each with number, started, ended and cpu: from the first one's start to the last one's end."""
        number = sum(one["number"] for one in answers)
        seconds = max(one["ended"] for one in answers) - min(one["started"] for one in answers)
        self.figures.add(name, **{"rate": number / seconds, "worker_us": sum(one["cpu"] for one in answers) / number * 1e6, **values})
