"""The measurements of what goes out. Each is a function that fills in figures and the goals they are held against."""

import os
from collections.abc import Callable
from dataclasses import asdict

from benchmarks.bench import Bench
from benchmarks.processes import ENGINE, TUNED, USUAL, USUAL_THREADS, run_together
from benchmarks.report import Goal
from benchmarks.watching import BenchmarkError, Drain, drain_by_engine, drain_by_usual

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


OUTGOING: dict[str, Callable[[Bench], None]] = {
    "engine": measure_engine,
    "slow-answers": measure_slow_answers,
    "slow-partner": measure_slow_partner,
}


def _engine(bench: Bench, name: str, number: int, *, after_ms: int = 0, with_slow: bool = False) -> None:
    drained = drain_by_engine(bench.stock, bench.sink, ENGINE, number, after_ms=after_ms, with_slow=with_slow)
    _add_drain(bench, name, drained)


def _add_drain(bench: Bench, name: str, drained: Drain) -> None:
    bench.figures.add(name, **asdict(drained))


def _bare_client(bench: Bench, processes: int) -> None:
    wanted = {
        "url": bench.sink.url(),
        "body": SAMPLE_BODY,
        "headers": SAMPLE_HEADERS,
        "number": bench.size(40_000) // processes,
        "in_flight": int(os.environ.get("LEADFLIP_ENGINE_SLOTS", "500")) // processes,
    }
    answers = run_together("benchmarks.bare_client", [wanted] * processes)
    bench.add_together(f"HTTP client alone, {processes} process{'es' * (processes > 1)}", answers)


def _sql_loop(bench: Bench, processes: int) -> None:
    number = bench.size(20_000)
    bench.stock.fill(number)
    wanted = {"url": bench.sink.url(), "body": SAMPLE_BODY, "headers": SAMPLE_HEADERS}
    answers = run_together("benchmarks.sql_loop", [wanted] * processes)
    if sum(one["number"] for one in answers) != number:
        raise BenchmarkError("The statements alone did not move every delivery.")
    bench.add_together(f"statements alone, {processes} process{'es' * (processes > 1)}", answers)
