"""The measurement of the package `django-webhook`, on the same work as the usual design: a lead of eleven fields, JSON, signed, posted, on record."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import connections

from benchmarks import PROJECT
from benchmarks.bench import Bench
from benchmarks.processes import ENGINE, HOME, cpu_seconds, postgres_cpu_seconds, running
from benchmarks.watching import BenchmarkError, drain_by_engine
from leadflip import celery_app

# It declares Django below 6.0, and so runs on the newest that it allows, with a database of its own in the same Postgres.
WANTED = ("django-webhook==0.0.15", "psycopg[binary]==3.3.9", "celery[redis]==5.7.0")
NAME = "package django-webhook"
_EDGE = 0.05
_GIVE_UP_SECONDS = 90.0


def measure_package(bench: Bench) -> None:
    """The engine and the package, interleaved. Left out, with a word, where the package cannot be installed."""
    site = _install()
    if site is None:
        return
    for _ in range(bench.rounds):
        drained = drain_by_engine(bench.stock, bench.sink, ENGINE, bench.size(20_000))
        bench.figures.add("engine, beside the package", **asdict(drained))
        _drain(bench, site, bench.size(800))
    bench.figures.ratio("engine / package django-webhook", "engine, beside the package", NAME, must=40, aim=75)


PACKAGE: dict[str, Callable[[Bench], None]] = {"django-webhook": measure_package}


@dataclass(frozen=True, slots=True)
class Site:
    python: Path
    environment: dict[str, str]

    def ask(self, wanted: dict[str, Any]) -> dict[str, Any]:
        command = [str(self.python), "-m", "benchmarks.packaged.save_leads"]
        given = json.dumps(wanted) + "\n"
        ran = subprocess.run(
            command, cwd=PROJECT, env={**os.environ, **self.environment}, input=given, text=True, check=False, capture_output=True
        )
        if ran.returncode:
            raise BenchmarkError(f"The package's site said: {ran.stderr[-1000:]}")
        answer: dict[str, Any] = json.loads(ran.stdout)
        return answer

    @property
    def worker(self) -> list[str]:
        options = ["--concurrency", "2", "--pool", "prefork", "--without-gossip", "--without-mingle", "--loglevel", "ERROR"]
        return [str(self.python), "-m", "celery", "-A", "benchmarks.packaged", "worker", *options]


def _install() -> Site | None:
    """Into the run's own folder, which goes when the run ends."""
    folder = HOME / "packaged"
    python = folder / "bin" / "python"
    for command in ([sys.executable, "-m", "venv", str(folder)], [str(python), "-m", "pip", "install", "--quiet", "--no-input", *WANTED]):
        ran = subprocess.run(command, check=False, capture_output=True, text=True)
        if ran.returncode:
            print(f"Left out: django-webhook could not be installed: {ran.stderr.strip()[-300:]}", file=sys.stderr)
            return None
    owner = connections["owner"].settings_dict
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE DATABASE packaged")
    database = {name: owner[name] for name in ("USER", "PASSWORD", "HOST", "PORT")} | {"NAME": "packaged"}
    environment = {
        "DJANGO_SETTINGS_MODULE": "benchmarks.packaged.settings",
        "PACKAGED_DATABASE": json.dumps(database),
        "PACKAGED_BROKER": str(celery_app.conf.broker_url),
    }
    migrate = [str(python), "-W", "ignore", "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"]
    subprocess.run(migrate, cwd=PROJECT, env={**os.environ, **environment}, check=True)
    return Site(python, environment)


def _drain(bench: Bench, site: Site, number: int) -> None:
    """As benchmarks.watching does it: the queue first, then the worker, and of its arrivals the middle."""
    bench.sink.ask("reset")
    site.ask({"number": number, "url": bench.sink.url(), "lead": bench.stock.raw_lead | {"zip": "00210"}})
    with running("packaged", site.worker, site.environment) as pid:
        deadline = time.monotonic() + _GIVE_UP_SECONDS
        first, last, _ = (_mark(bench, pid, at_least, deadline) for at_least in (_EDGE * number, (1 - _EDGE) * number, number))
        while site.ask({})["sent"] < number:
            if time.monotonic() > deadline:
                raise BenchmarkError("Not all of the package's events are on record as sent.")
    count, seconds, worker, postgres = (after - before for before, after in zip(first, last, strict=True))
    bench.figures.add(NAME, number=number, rate=count / seconds, worker_us=worker / count * 1e6, postgres_us=postgres / count * 1e6)


def _mark(bench: Bench, pid: int, at_least: float, deadline: float) -> tuple[float, float, float, float]:
    """Wait for so many arrivals: how many there are, when, and the CPU seconds until then."""
    while (count := bench.sink.count()) < at_least:
        if time.monotonic() > deadline:
            raise BenchmarkError(f"Only {count} of the package's posts have arrived.")
        time.sleep(0.02)
    return count, time.monotonic(), cpu_seconds(pid), postgres_cpu_seconds()
