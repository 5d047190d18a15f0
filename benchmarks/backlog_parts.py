"""The measurement of a long queue: how fast the engine is while many more deliveries wait than it is about to send."""

from collections.abc import Callable
from dataclasses import asdict

from benchmarks.bench import Bench
from benchmarks.processes import ENGINE
from benchmarks.watching import drain_queue


def measure_waiting(bench: Bench) -> None:
    """The same number of deliveries each time; behind them none, or 1,000, 100,000 and 1,000,000 more that are due as well and stay."""
    number = bench.size(15_000)
    behind = (2_000,) if bench.is_quick else (1_000, 100_000, 1_000_000)
    for _ in range(min(bench.rounds, 2)):  # a million rows take their time
        for more in (0, *behind):
            bench.stock.fill(number)
            bench.stock.queue_more(more, routes=bench.stock.routes)
            bench.figures.add(_name(more), **asdict(drain_queue(bench.sink, ENGINE, number)))
    for more in behind:
        bench.figures.ratio(f"{more:,} more waiting / none", _name(more), _name(0), must=0.8, aim=0.95)


BACKLOG: dict[str, Callable[[Bench], None]] = {"waiting": measure_waiting}


def _name(more: int) -> str:
    return f"engine, {more:,} more waiting" if more else "engine, no more waiting"
