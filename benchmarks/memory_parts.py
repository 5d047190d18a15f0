"""The measurements of what the worker keeps in memory."""

import time
from collections.abc import Callable

import psutil

from benchmarks.bench import Bench
from benchmarks.processes import ENGINE, running_worker
from benchmarks.report import Goal
from benchmarks.watching import wait_until_delivered
from leadflip import celery_app

_GIVE_UP_SECONDS = 120.0


def measure_memory(bench: Bench) -> None:
    """The worker and its two processes after the first 5,000 deliveries and after 50,000; then the same first ones while 100,000 retries wait
    for tomorrow."""
    first, all_of_them, future = bench.size(5_000), bench.size(50_000), bench.size(100_000)
    for _ in range(bench.rounds):
        early, late = _megabytes(bench, [first, all_of_them])
        bench.figures.add(f"worker after {first:,} deliveries", peak_mb=early)
        bench.figures.add(f"worker after {all_of_them:,} deliveries", peak_mb=late)
        (beside,) = _megabytes(bench, [first], future=future)
        bench.figures.add(f"worker after {first:,}, {future:,} retries in the future", peak_mb=beside)
    early, late, beside = (bench.figures.median(name, "peak_mb") for name in bench.figures.taken if name.startswith("worker after"))
    bench.figures.goals += [
        Goal(f"memory after {all_of_them:,} deliveries / after {first:,}", late / early, 1.1, 1.02, is_most=True),
        Goal(f"memory: {future:,} retries in the future", beside - early, 5, 1, " MB", is_most=True),
    ]


MEMORY: dict[str, Callable[[Bench], None]] = {"memory": measure_memory}


def _megabytes(bench: Bench, stops: list[int], *, future: int = 0) -> list[float]:
    """What one worker, fresh, holds once so many deliveries are on record."""
    bench.stock.fill(0)
    if future:
        bench.stock.queue_more(future, routes=bench.stock.routes, retry_in_hours=24)
    taken, done = [], 0
    with running_worker(ENGINE) as pid:
        for stop in stops:
            bench.stock.queue_more(stop - done, routes=bench.stock.routes)
            celery_app.send_task("delivery.deliver_due")
            wait_until_delivered(stop, deadline=time.monotonic() + _GIVE_UP_SECONDS)
            done = stop
            taken.append(_resident(pid) / 1e6)
    return taken


def _resident(pid: int) -> int:
    """Bytes, of the worker and its processes; pages that they share are counted for each."""
    leader = psutil.Process(pid)
    return sum(process.memory_info().rss for process in (leader, *leader.children(recursive=True)))
