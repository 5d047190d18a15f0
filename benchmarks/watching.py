"""One measured run: a queue is filled, a worker drains it, the middle of it is timed."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from celery import Celery
from django.db import connections

from benchmarks.processes import SinkProcess, WorkerKind, cpu_seconds, postgres_cpu_seconds, running_worker
from benchmarks.stock import SLOW_MS, Stock
from leadflip import celery_app

_EDGE = 0.05  # of the range is left out at both ends
_GIVE_UP_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Drain:
    """number: how many deliveries were delivered. worker_us, postgres_us: CPU per delivery, in the timed middle."""

    number: int
    rate: float
    worker_us: float
    postgres_us: float


class BenchmarkError(Exception):
    """Something did not arrive: no number of this run means anything."""


def drain_by_engine(stock: Stock, sink: SinkProcess, kind: WorkerKind, number: int, *, after_ms: int = 0, with_slow: bool = False) -> Drain:
    stock.fill(number, with_slow=with_slow)
    return drain_queue(sink, kind, number, after_ms=after_ms)


def drain_queue(sink: SinkProcess, kind: WorkerKind, number: int, *, after_ms: int = 0) -> Drain:
    """The engine delivers so many of those that are queued; what is left then stays."""
    return _drain(sink, kind, number, lambda: celery_app.send_task("delivery.deliver_due"), after_ms=after_ms)


def drain_by_usual(stock: Stock, sink: SinkProcess, kind: WorkerKind, number: int, *, after_ms: int = 0) -> Drain:
    publisher = Celery("publisher", broker=str(celery_app.conf.broker_url), set_as_current=False)
    publisher.conf.task_default_queue = "usual"
    ids = stock.fill(number)

    def start() -> None:
        for delivery_id in ids:
            publisher.send_task("usual.deliver", [delivery_id], ignore_result=True)

    return _drain(sink, kind, number, start, after_ms=after_ms)


def _drain(sink: SinkProcess, kind: WorkerKind, number: int, start: Callable[[], object], *, after_ms: int) -> Drain:
    sink.ask("reset")
    start()
    with running_worker(kind) as pid:
        deadline = time.monotonic() + _GIVE_UP_SECONDS
        marks = [_mark(sink, pid, after_ms, at_least, deadline) for at_least in (_EDGE * number, (1 - _EDGE) * number, number)]
        wait_until_delivered(number, deadline=deadline)
    if sink.ask("stats")["repeats"]:
        raise BenchmarkError("The sink has seen a delivery twice.")
    (first, worker, postgres), (last, worker_after, postgres_after), _ = marks
    between = max(last - first, 1)
    return Drain(number, _rate(number), (worker_after - worker) / between * 1e6, (postgres_after - postgres) / between * 1e6)


def _mark(sink: SinkProcess, pid: int, after_ms: int, at_least: float, deadline: float) -> tuple[int, float, float]:
    """Wait for that many arrivals; how many there are, and the CPU time until then."""
    while (count := sink.count(after_ms=after_ms)) < at_least:
        if time.monotonic() > deadline:
            raise BenchmarkError(f"Only {count} deliveries have arrived.")
        time.sleep(0.02)
    return count, cpu_seconds(pid), postgres_cpu_seconds()


# Deliveries to slow partners, of which not all are awaited, are left out.
_FAST = f"channel_id NOT IN (SELECT id FROM delivery_deliverychannel WHERE config ->> 'url' LIKE '%%/after/{SLOW_MS}')"


def wait_until_delivered(number: int, *, deadline: float) -> None:
    """By the record. deadline: of the monotonic clock; BenchmarkError after it."""
    while (delivered := _delivered()) < number:
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{number - delivered} of {number} deliveries are not on record as delivered.")
        time.sleep(0.05)


def _delivered() -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM delivery_delivery WHERE state = 'delivered' AND {_FAST}", [])
        return int(cursor.fetchone()[0])


def _rate(number: int) -> float:
    """Per second, over the middle of the first so many, by the times at which the deliveries were recorded."""
    first, last = int(_EDGE * number), int((1 - _EDGE) * number)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM max(finished_at) - min(finished_at)) FROM ("
            f"SELECT finished_at FROM delivery_delivery WHERE state = 'delivered' AND {_FAST} ORDER BY finished_at LIMIT %s OFFSET %s) middle",
            [last - first + 1, first],
        )
        seconds = float(cursor.fetchone()[0])
    return (last - first) / max(seconds, 0.001)
