"""The measurements of what one account, or one partner, does to the others."""

import time
from collections.abc import Callable
from dataclasses import asdict

from django.db import connections

from benchmarks.bench import Bench
from benchmarks.first_bytes import WARM_UP, trickle
from benchmarks.processes import ENGINE, running_worker
from benchmarks.report import Goal
from benchmarks.stock import CHANNELS, Route
from benchmarks.watching import BenchmarkError, drain_queue
from leadflip import celery_app

QUIET_ACCOUNTS = 3
SILENT_PARTNERS = 50
# Longer than any run: who never answers holds its slots all the time.
_NEVER_MS = 3_600_000
_SILENT_SECONDS = 20


def measure_quiet(bench: Bench) -> None:
    """Quiet accounts, ten leads a second each: alone, then beside an account with nine tenths of a backlog of 100,000."""
    backlog, number = (3_000, 10) if bench.is_quick else (100_000, 80)
    routes = bench.stock.routes
    quiet = routes[-QUIET_ACCOUNTS * CHANNELS :: CHANNELS]
    for _ in range(bench.rounds):
        bench.stock.fill(0)
        bench.sink.ask("reset")
        with running_worker(ENGINE):
            trickle(bench, quiet, number=10, per_second=10)
            bench.figures.add("quiet accounts, alone", **trickle(bench, quiet, number=number, per_second=10))
        bench.stock.queue_more(backlog * 9 // 10, routes=routes[:CHANNELS])
        bench.stock.queue_more(backlog // 10, routes=routes[CHANNELS : -QUIET_ACCOUNTS * CHANNELS])
        bench.sink.ask("reset")
        with running_worker(ENGINE):
            celery_app.send_task("delivery.deliver_due")
            _wait_until_under_way(bench)
            bench.figures.add("quiet accounts, beside a backlog", **trickle(bench, quiet, number=number, per_second=10))
            left = _left_of(routes[:CHANNELS])
        if not left and not bench.is_quick:
            raise BenchmarkError("The backlog was gone before the quiet accounts' leads had come.")
    alone, beside = (bench.figures.median(name, "p99") for name in ("quiet accounts, alone", "quiet accounts, beside a backlog"))
    bench.figures.goals.append(Goal("quiet accounts beside a backlog, p99", beside, max(1000, 2 * alone), 2 * alone, " ms", is_most=True))


def measure_silent(bench: Bench) -> None:
    """50 partners that take a lead and never answer, each with as many deliveries waiting as it may hold slots; timed are the others."""
    number = bench.size(15_000)
    silent = bench.stock.open_routes(
        "Silent partner",
        per_account=1 if bench.is_quick else SILENT_PARTNERS // len(bench.stock.keys),
        url=bench.sink.url(after_ms=_NEVER_MS),
        timeout_seconds=1 if bench.is_quick else _SILENT_SECONDS,
        max_in_flight=5,
    )
    for _ in range(bench.rounds):
        for name, routes in (("engine, all partners answer", []), (_SILENT, silent)):
            bench.stock.fill(number)
            if routes:
                bench.stock.queue_more(20 * len(routes), routes=routes)
            bench.figures.add(name, **asdict(drain_queue(bench.sink, ENGINE, number)))
    bench.figures.ratio("50 silent partners: others' rate / without", _SILENT, "engine, all partners answer", must=0.9, aim=0.97)


_SILENT = "engine, 50 partners never answer"

FAIRNESS: dict[str, Callable[[Bench], None]] = {"quiet": measure_quiet, "silent": measure_silent}


def _wait_until_under_way(bench: Bench) -> None:
    deadline = time.monotonic() + 30
    while bench.sink.count() < WARM_UP:
        if time.monotonic() > deadline:
            raise BenchmarkError("The engine does not begin.")
        time.sleep(0.02)


def _left_of(routes: list[Route]) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM delivery_delivery WHERE state = 'queued' AND channel_id = ANY(%s)",
            [[route.channel_id for route in routes]],
        )
        return int(cursor.fetchone()[0])
