"""The measurements of how soon a lead is on its way, and of more worker processes."""

import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from django.db import connections

from benchmarks.bench import Bench
from benchmarks.first_bytes import WARM_UP, trickle, waits
from benchmarks.processes import ENGINE, WorkerKind, cpu_seconds, run_together, running_worker
from benchmarks.report import Goal
from benchmarks.stock import settle
from benchmarks.watching import drain_by_engine, wait_until_delivered
from leadflip import celery_app

# Of deliveries that are fed while the engine delivers, as many wait at any time.
_KEPT_WAITING = 2_000
_GIVE_UP_SECONDS = 60.0


def measure_latency(bench: Bench) -> None:
    """From a lead's commit to its first byte at the partner: 50 leads a second; then at 80 % of what the engine can do while it is fed."""
    number = 50 if bench.is_quick else 500
    bench.stock.fill(0)
    bench.sink.ask("reset")
    routes = bench.stock.routes[:1]
    with running_worker(ENGINE) as pid:
        trickle(bench, routes, number=WARM_UP, per_second=50)
        cpu = cpu_seconds(pid)
        took = trickle(bench, routes, number=number, per_second=50)
        bench.figures.add("commit to first byte, 50 leads/s", worker_us=(cpu_seconds(pid) - cpu) / number * 1e6, **took)
    bench.figures.goals += [
        Goal("commit to first byte, p50", took["p50"], 20, 5, " ms", is_most=True),
        Goal("commit to first byte, p99", took["p99"], 100, 15, " ms", is_most=True),
    ]
    measure_near_the_ceiling(bench)


def measure_near_the_ceiling(bench: Bench) -> None:
    """The ceiling: what is delivered while deliveries always wait, fed by one process. Then 80 % of it, in batches of a fiftieth of a second."""
    number = bench.size(20_000)
    keep = min(_KEPT_WAITING, number // 2)
    for _ in range(bench.rounds):
        bench.stock.fill(number // 4)
        bench.sink.ask("reset")
        with running_worker(ENGINE):
            # Warm, and with statistics: of a table that was empty Postgres would go on to expect nothing.
            celery_app.send_task("delivery.deliver_due")
            wait_until_delivered(number // 4, deadline=time.monotonic() + _GIVE_UP_SECONDS)
            (fed,) = _feed(bench, {"number": number, "sink": bench.sink.port, "keep": keep})
            ceiling = (number - keep) / fed["seconds"]
            bench.figures.add("engine, fed meanwhile", rate=ceiling)
            wait_until_delivered(number // 4 + number, deadline=time.monotonic() + _GIVE_UP_SECONDS)
            (fed,) = _feed(bench, {"number": number, "per_second": 0.8 * ceiling})
            bench.figures.add("commit to first byte, at 80 % of it", rate=number / fed["seconds"], **waits(bench, fed["committed"]))


def _feed(bench: Bench, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    bench.sink.ask("reset")
    with connections["owner"].cursor() as cursor:
        settle(cursor)
    return run_together("benchmarks.feeder", [wanted])


def measure_workers(bench: Bench) -> None:
    """One, two and four worker processes, each with 500 deliveries in flight, while every partner takes a second: the processor has time left."""
    bench.stock.point_to(bench.sink.url(after_ms=1_000))
    counts = (1, 2) if bench.is_quick else (1, 2, 4)
    for processes in counts:
        number = bench.size(5_000 * processes)
        drained = drain_by_engine(bench.stock, bench.sink, WorkerKind("leadflip", concurrency=processes), number, after_ms=1_000)
        bench.figures.add(_workers(processes), **asdict(drained))
    bench.stock.point_to(bench.sink.url())
    for few, many in pairwise(counts):
        value = bench.figures.median(_workers(many)) / bench.figures.median(_workers(few)) / 2
        bench.figures.goals.append(Goal(f"{many} processes / {few}, of twice the rate", value, 0.8, 0.95))


LATENCY: dict[str, Callable[[Bench], None]] = {"latency": measure_latency, "workers": measure_workers}


def _workers(processes: int) -> str:
    return f"engine, answers after 1 s, {processes} process{'es' * (processes > 1)}"
