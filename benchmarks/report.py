"""What was measured, beside the goals of performance.md."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio or a figure; must and aim are limits below, or above when `is_most`."""

    name: str
    value: float
    must: float
    aim: float
    unit: str = ""
    is_most: bool = False

    @property
    def mark(self) -> str:
        def is_met(limit: float) -> bool:
            return self.value <= limit if self.is_most else self.value >= limit

        return "aim met" if is_met(self.aim) else "ok" if is_met(self.must) else "BELOW"


@dataclass(slots=True)
class Figures:
    """Repeated measurements by name; the median counts."""

    taken: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)

    def add(self, name: str, **values: float) -> None:
        for kind, value in values.items():
            self.taken.setdefault(name, {}).setdefault(kind, []).append(value)

    def median(self, name: str, kind: str = "rate") -> float:
        return median(self.taken[name][kind])

    def ratio(self, goal: str, one: str, other: str, *, must: float, aim: float) -> None:
        """Of each round by itself, since the machine's pace drifts from one to the next; the median counts."""
        rounds = zip(self.taken[one]["rate"], self.taken[other]["rate"], strict=True)
        self.goals.append(Goal(goal, median(rate / other_rate for rate, other_rate in rounds), must, aim))

    def as_json(self) -> dict[str, Any]:
        return {"figures": self.taken, "goals": [asdict(goal) | {"mark": goal.mark} for goal in self.goals]}

    def table(self) -> str:
        """Markdown, as docs/benchmarks.md holds it."""
        return "\n".join([*self._figures(), "", *self._goals()])

    def _figures(self) -> list[str]:
        yield_kinds: list[tuple[str, str, Callable[[float], str]]] = [
            ("rate", "per second", lambda v: f"{v:,.0f}"),
            ("worker_us", "worker CPU µs each", lambda v: f"{v:,.0f}"),
            ("postgres_us", "Postgres CPU µs each", lambda v: f"{v:,.0f}"),
            ("wall_us", "µs each", lambda v: f"{v:,.0f}"),
            ("peak_mb", "peak MB", lambda v: f"{v:,.1f}"),
            ("p50", "p50 ms", lambda v: f"{v:.1f}"),
            ("p95", "p95 ms", lambda v: f"{v:.1f}"),
            ("p99", "p99 ms", lambda v: f"{v:.1f}"),
            ("small_ms", "small alone ms", lambda v: f"{v:.1f}"),
            ("large_ms", "large ms", lambda v: f"{v:.1f}"),
            ("large_cpu_ms", "large CPU ms", lambda v: f"{v:.1f}"),
            ("beside_ms", "small beside it ms", lambda v: f"{v:.1f}"),
        ]
        kinds = [one for one in yield_kinds if any(one[0] in values for values in self.taken.values())]
        lines = [_row("measured", *(title for _, title, _ in kinds)), _row(*["---"] * (len(kinds) + 1))]
        for name, values in self.taken.items():
            lines.append(_row(name, *(show(median(values[kind])) if kind in values else "" for kind, _, show in kinds)))
        return lines

    def _goals(self) -> list[str]:
        lines = [_row("goal", "measured", "must", "aim", ""), _row(*["---"] * 5)]
        for goal in self.goals:
            sign = "≤ " if goal.is_most else ""
            figures = (f"{number:,.4g}{goal.unit}" for number in (goal.value, goal.must, goal.aim))
            value, must, aim = figures
            lines.append(_row(goal.name, value, sign + must, sign + aim, goal.mark))
        return lines


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
