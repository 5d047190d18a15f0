"""The web server as `make run` and production start it, and how fast it takes leads in."""

import json
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.bench import Bench
from benchmarks.processes import Meter, cpu_seconds, postgres_cpu_seconds, run_together, running
from benchmarks.shop import SLUG, Shop, raw_lead
from benchmarks.watching import BenchmarkError
from leadflip.local.commands import web
from leadflip.local.readiness import http_status

CONNECTIONS = 8  # as many as the server has threads, over all its processes
_BODIES = 20
_START_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    pid: int
    port: int


@contextmanager
def running_web(*, settings: str = "leadflip.settings") -> Iterator[Server]:
    port = _free_port()
    program, *options = web(host="127.0.0.1", port=port)
    command = [str(Path(sys.executable).with_name(program)), *options]
    with running(f"web-{settings}", command, {"DJANGO_SETTINGS_MODULE": settings}) as pid:
        deadline = time.monotonic() + _START_WITHIN
        while http_status(port, "/healthz") != 200:
            if time.monotonic() > deadline:
                raise BenchmarkError("The web server does not answer.")
            time.sleep(0.1)
        yield Server(pid, port)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def single_bodies() -> list[str]:
    """As POST /api/intake takes them."""
    return [json.dumps({"entity": SLUG, **raw_lead(number)}) for number in range(_BODIES)]


def bulk_bodies(leads: int) -> list[str]:
    """As POST /api/leads/bulk takes them."""
    return [json.dumps({"entity": SLUG, "batch": [raw_lead(number) for number in range(leads)]})]


def post_leads(bench: Bench, server: Server, name: str, path: str, bodies: Sequence[str], *, requests: int, leads: int = 1) -> None:
    """Fill in how fast the leads of so many requests come in; leads: of each request. Raises BenchmarkError unless all are stored."""
    bench.shop.empty()
    wanted = {"port": server.port, "path": path, "key": bench.shop.key, "bodies": bodies, "number": requests, "warm_up": _warm_up(leads)}
    cpu, postgres = Meter(lambda: cpu_seconds(server.pid)), Meter(postgres_cpu_seconds)
    (answer,) = run_together("benchmarks.intake_client", [wanted | {"connections": CONNECTIONS}], meters=(cpu, postgres))
    require_stored(bench.shop, (requests + _warm_up(leads)) * leads)
    number, seconds = requests * leads, answer["ended"] - answer["started"]
    bench.figures.add(
        name,
        number=number,
        rate=number / seconds,
        worker_us=cpu.seconds / number * 1e6,
        postgres_us=postgres.seconds / number * 1e6,
        **_percentiles(answer["waits"]),
    )


def insert_leads(bench: Bench, name: str, like: Mapping[str, Any], *, statements: int, leads: int = 1) -> None:
    """The same for the inserts alone. leads: of each statement."""
    bench.shop.empty()
    processes = 2
    share = {"number": statements // processes, "warm_up": _warm_up(leads) // processes, "connections": CONNECTIONS // processes}
    postgres = Meter(postgres_cpu_seconds)
    answers = run_together("benchmarks.bare_inserts", [{"like": like, "batch": leads, **share}] * processes, meters=(postgres,))
    require_stored(bench.shop, (share["number"] + share["warm_up"]) * processes * leads)
    bench.add_together(name, answers, postgres_us=postgres.seconds / (statements * leads) * 1e6)


def require_stored(shop: Shop, leads: int) -> None:
    """Each lead is to be there with its decision and two deliveries."""
    if (stored := shop.stored()) != (leads, leads, 2 * leads):
        raise BenchmarkError(f"Of {leads} leads there are {stored} leads, decisions and deliveries.")


def _warm_up(leads: int) -> int:
    """Requests or statements: a few on each connection, so that every process knows the account and every statement is prepared."""
    return CONNECTIONS * (8 if leads == 1 else 1)


def _percentiles(waits: Sequence[float]) -> dict[str, float]:
    of_hundred = quantiles((wait * 1000 for wait in waits), n=100)
    return {"p50": of_hundred[49], "p95": of_hundred[94], "p99": of_hundred[98]}
