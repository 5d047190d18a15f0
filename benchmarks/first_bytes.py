"""From a lead's commit to its first byte at the partner."""

import time
from collections.abc import Mapping, Sequence
from statistics import quantiles
from typing import Any

from benchmarks.bench import Bench
from benchmarks.processes import run_together
from benchmarks.stock import Route
from benchmarks.watching import BenchmarkError

WARM_UP = 50  # leads, which wake the worker's processes
_GIVE_UP_SECONDS = 60.0


def trickle(bench: Bench, routes: Sequence[Route], *, number: int, per_second: float) -> dict[str, float]:
    """So many leads at a steady pace into each route's account, all at once, each by a process of its own; a worker must run.

    Returns p50, p95 and p99 in milliseconds, and the rate."""
    wanted = [
        {"account": str(route.account.id), "number": number, "per_second": per_second, "lead": bench.stock.raw_lead | {"zip": route.zip}}
        for route in routes
    ]
    answers = run_together("benchmarks.trickle", wanted)
    committed = {delivery: moment for answer in answers for delivery, moment in answer["committed"].items()}
    return waits(bench, committed) | {"rate": len(committed) / max(answer["seconds"] for answer in answers)}


def waits(bench: Bench, committed: Mapping[str, float]) -> dict[str, float]:
    """p50, p95, p99 in milliseconds. committed: by delivery, in seconds of the system's monotonic clock. Waits until all have arrived."""
    arrived = _arrivals(bench, committed)
    of_hundred = quantiles(((arrived[delivery] - moment) * 1000 for delivery, moment in committed.items()), n=100)
    return {"p50": of_hundred[49], "p95": of_hundred[94], "p99": of_hundred[98]}


def _arrivals(bench: Bench, committed: Mapping[str, float]) -> dict[str, Any]:
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    while True:
        arrived: dict[str, Any] = bench.sink.ask("arrivals")
        if committed.keys() <= arrived.keys():
            return arrived
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{len(committed.keys() - arrived.keys())} of {len(committed)} leads have not arrived.")
        time.sleep(0.2)
