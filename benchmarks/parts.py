"""The measurements. Each is a function that fills in figures and the goals they are held against; PARTS names them for the command line."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from benchmarks.processes import ENGINE, TUNED, USUAL, USUAL_THREADS, SinkProcess, cpu_seconds, run_together, running_worker
from benchmarks.report import Figures, Goal
from benchmarks.stock import Stock
from benchmarks.watching import BenchmarkError, Drain, drain_by_engine, drain_by_usual


@dataclass(frozen=True, slots=True)
class Bench:
    """quick: a smoke run, whose numbers mean nothing."""

    stock: Stock
    sink: SinkProcess
    figures: Figures
    is_quick: bool

    def size(self, full: int) -> int:
        return max(60, full // 50) if self.is_quick else full

    @property
    def rounds(self) -> int:
        return 1 if self.is_quick else 3


# The body that a delivery of the stock's leads has, and its headers, for comparators that render nothing.
SAMPLE_BODY = (
    '{"id":"0199a2f4-7b1c-7def-8000-000000000000","type":"lead.created","created_at":"2026-11-24T12:00:00.000000Z","test":false,'
    '"profile":"For Partner 0","lead":{"first_name":"Jane","last_name":"Doe","email":"jane.doe@example.com","phone":"+1 310 555 0100",'
    '"zip":"00210","city":"Los Angeles","budget":25000,"message":"A roof of 120 square metres, facing south, built in 1998. Please call in the evening.",'
    '"ssn":"078-05-1120","birthday":"1980-02-29","income":"85000"}}'
)
SAMPLE_HEADERS = [
    ("Content-Type", "application/json"),
    ("webhook-id", "0199a2f4-7b1c-7def-8000-000000000000"),
    ("webhook-timestamp", "1764000000"),
    ("webhook-signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
    ("X-Api-Key", "k-51e2bd0f"),
    ("User-Agent", "Leadflip/1 (Standard Webhooks 1.0)"),
]


def measure_engine(bench: Bench) -> None:
    """The engine, the usual design, the client alone, the statements alone; interleaved."""
    figures = bench.figures
    for _ in range(bench.rounds):
        _engine(bench, "engine", bench.size(20_000))
        for name, kind, number in (("usual design", USUAL, 400), ("usual design, tuned", TUNED, 800)):
            _add_drain(bench, name, drain_by_usual(bench.stock, bench.sink, kind, bench.size(number)))
        for processes in (1, 2):
            _bare_client(bench, processes)
            _sql_loop(bench, processes)
    figures.ratio("engine / usual design", "engine", "usual design", must=40, aim=75)
    figures.ratio("engine / usual design, tuned", "engine", "usual design, tuned", must=12, aim=30)
    figures.ratio("engine / HTTP client alone, 2 processes", "engine", "HTTP client alone, 2 processes", must=0.5, aim=0.7)
    figures.ratio("engine / statements alone, 2 processes", "engine", "statements alone, 2 processes", must=0.2, aim=0.45)
    figures.goals.append(Goal("engine: worker CPU per delivery", figures.median("engine", "worker_us"), 400, 150, " µs", is_most=True))


def measure_slow_answers(bench: Bench) -> None:
    """Every partner answers after 200 ms."""
    url = bench.sink.url(after_ms=200)
    bench.stock.point_to(url)
    _engine(bench, "engine, answers after 200 ms", bench.size(15_000), after_ms=200)
    drained = drain_by_usual(bench.stock, bench.sink, USUAL_THREADS, bench.size(1_500), after_ms=200)
    name = "usual design on 50 threads, answers after 200 ms"
    _add_drain(bench, name, drained)
    bench.stock.point_to(bench.sink.url())
    bench.figures.ratio("200 ms: engine / usual design on 50 threads", "engine, answers after 200 ms", name, must=16, aim=30)


def measure_slow_partner(bench: Bench) -> None:
    """5 % of the deliveries go to partners that take 2 s; timed are the others."""
    for _ in range(bench.rounds):
        _engine(bench, "engine, no slow partner", bench.size(15_000))
        _engine(bench, "engine, 5 % to a 2 s partner", bench.size(15_000), with_slow=True)
    bench.figures.ratio(
        "5 % to a 2 s partner: others' rate / without", "engine, 5 % to a 2 s partner", "engine, no slow partner", must=0.9, aim=0.97
    )


def measure_latency(bench: Bench) -> None:
    """From a lead's commit to its first byte at the partner, 50 leads a second."""
    number = 60 if bench.is_quick else 500
    bench.stock.fill(0)
    route = bench.stock.routes[0]
    wanted = {"account": str(route.account.id), "number": number, "per_second": 50, "lead": bench.stock.raw_lead | {"zip": route.zip}}
    with running_worker(ENGINE) as pid:
        # The first ones wake the worker's processes.
        run_together("benchmarks.trickle", [wanted | {"number": 50}])
        _wait_for_arrivals(bench, 50)
        bench.sink.ask("reset")
        cpu = cpu_seconds(pid)
        (sent,) = run_together("benchmarks.trickle", [wanted])
        _wait_for_arrivals(bench, number)
        cpu = cpu_seconds(pid) - cpu
        arrived = bench.sink.ask("arrivals")
    waits = sorted((arrived[delivery] - moment) * 1000 for delivery, moment in sent["committed"].items())
    percentiles = quantiles(waits, n=100)
    p50, p95, p99 = percentiles[49], percentiles[94], percentiles[98]
    bench.figures.add(
        "commit to first byte, 50 leads/s", rate=number / sent["seconds"], worker_us=cpu / number * 1e6, p50=p50, p95=p95, p99=p99
    )
    bench.figures.goals += [
        Goal("commit to first byte, p50", p50, 20, 5, " ms", is_most=True),
        Goal("commit to first byte, p99", p99, 100, 15, " ms", is_most=True),
    ]


PARTS: dict[str, Callable[[Bench], None]] = {
    "engine": measure_engine,
    "slow-answers": measure_slow_answers,
    "slow-partner": measure_slow_partner,
    "latency": measure_latency,
}


def _engine(bench: Bench, name: str, number: int, *, after_ms: int = 0, with_slow: bool = False) -> None:
    drained = drain_by_engine(bench.stock, bench.sink, ENGINE, number, after_ms=after_ms, with_slow=with_slow)
    _add_drain(bench, name, drained)


def _add_drain(bench: Bench, name: str, drained: Drain) -> None:
    bench.figures.add(name, rate=drained.rate, worker_us=drained.worker_us, postgres_us=drained.postgres_us, number=drained.number)


def _bare_client(bench: Bench, processes: int) -> None:
    wanted = {
        "url": bench.sink.url(),
        "body": SAMPLE_BODY,
        "headers": SAMPLE_HEADERS,
        "number": bench.size(40_000) // processes,
        "in_flight": int(os.environ.get("LEADFLIP_ENGINE_SLOTS", "500")) // processes,
    }
    answers = run_together("benchmarks.bare_client", [wanted] * processes)
    _add_together(bench, f"HTTP client alone, {processes} process{'es' * (processes > 1)}", answers)


def _sql_loop(bench: Bench, processes: int) -> None:
    number = bench.size(20_000)
    bench.stock.fill(number)
    wanted = {"url": bench.sink.url(), "body": SAMPLE_BODY, "headers": SAMPLE_HEADERS}
    answers = run_together("benchmarks.sql_loop", [wanted] * processes)
    if sum(one["number"] for one in answers) != number:
        raise BenchmarkError("The statements alone did not move every delivery.")
    _add_together(bench, f"statements alone, {processes} process{'es' * (processes > 1)}", answers)


def _add_together(bench: Bench, name: str, answers: list[dict[str, Any]]) -> None:
    """From the first process's start to the last one's end."""
    number = sum(one["number"] for one in answers)
    seconds = max(one["ended"] for one in answers) - min(one["started"] for one in answers)
    bench.figures.add(name, rate=number / seconds, worker_us=sum(one["cpu"] for one in answers) / number * 1e6)


def _wait_for_arrivals(bench: Bench, number: int) -> None:
    deadline = time.monotonic() + 30
    while bench.sink.count() < number:
        if time.monotonic() > deadline:
            raise BenchmarkError(f"Only {bench.sink.count()} of {number} leads have arrived.")
        time.sleep(0.05)
