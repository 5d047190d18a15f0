"""The measurements of what people open: how long the server takes over a page, its template included, in a small account and in one with a long past."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import median

from django.test import Client
from django.utils import timezone

from accounts.models import Member, Role, User
from benchmarks.bench import Bench
from benchmarks.history import History, open_history
from benchmarks.processes import postgres_cpu_seconds
from benchmarks.report import Goal
from benchmarks.watching import BenchmarkError

MOST_MS = 100
_OFTEN, _WARM_UP = 20, 2


def measure_pages(bench: Bench) -> None:
    """Of 1,000 deliveries and of 1,000,000 with three tries each, in a database that holds both; before the large one is made, the small one alone."""
    small = open_history("Bench small", 100 if bench.is_quick else 1_000)
    _open_all(bench, small, "small_ms")
    large = open_history("Bench large", 2_000 if bench.is_quick else 1_000_000)
    _open_all(bench, large, "large_ms", cpu="large_cpu_ms")
    _open_all(bench, small, "beside_ms")
    took = {page: bench.figures.median(page, "large_ms") for page, _ in _addresses(large)}
    log = {page: ms for page, ms in took.items() if page.startswith("log")}
    overview = {page: ms for page, ms in took.items() if page.startswith("overview")}
    for pages in (log, overview):
        slowest = max(pages, key=pages.__getitem__)
        bench.figures.goals.append(
            Goal(f"slowest page of {large.deliveries:,} deliveries: {slowest}", pages[slowest], MOST_MS, 50, " ms", is_most=True)
        )
    bench.figures.goals.append(Goal(f"{DEEP} / {SECOND}", took[DEEP] / took[SECOND], 1.5, 1.1, is_most=True))


PAGES: dict[str, Callable[[Bench], None]] = {"pages": measure_pages}

SECOND, DEEP = "log: second page", "log: page at nine tenths of its rows"


def _addresses(history: History) -> Iterator[tuple[str, str]]:
    """What is measured, and its path: of the API, or below the account's."""
    today = timezone.localdate()
    month = f"since={today - timedelta(days=40)}&until={today - timedelta(days=10)}"
    yield "log: newest", "deliveries/"
    yield SECOND, f"deliveries/?before={history.second}"
    yield DEEP, f"deliveries/?before={history.deep}"
    yield "log: page back from there", f"deliveries/?after={history.deep}"
    for tab in ("delivered", "waiting", "held", "rejected", "failed", "cancelled"):
        yield f"log: {tab}", f"deliveries/?state={tab}"
    yield "log: one partner", f"deliveries/?partner={history.partner}"
    yield "log: one partner, failed", f"deliveries/?partner={history.partner}&state=failed"
    yield "log: a month", f"deliveries/?{month}"
    yield "log: a month, held", f"deliveries/?{month}&state=held"
    yield "log: a word", "deliveries/?q=jane.doe"
    yield "log: a word that few have", f"deliveries/?q=jane.doe.{history.deliveries}@"
    yield "log: one id", f"deliveries/?q={history.newest}"
    yield "delivery", f"deliveries/{history.newest}/"
    yield "overview, 30 days", ""
    yield "overview, 90 days", "?days=90"
    yield "leads, by the API", "/api/leads"
    yield "log, by the API: failed and held", "/api/deliveries?state=failed,held"
    yield "counts by state, by the API", "/api/deliveries/counts"


def _open_all(bench: Bench, history: History, name: str, *, cpu: str = "") -> None:
    """name, cpu: of the figures that are filled in: milliseconds from the request to the whole answer, and of the processor, the database's included."""
    client = Client(SERVER_NAME="localhost")
    with history.shop.open():
        client.force_login(User.objects.get(id=Member.objects.get(role=Role.OWNER).user_id))
    key = {"Authorization": f"Bearer {history.shop.key}"}
    for page, path in _addresses(history):
        address = path if path.startswith("/api/") else f"/a/{history.shop.account.slug}/{path}"
        ms, cpu_ms = _time(bench, client, address, key if address == path else {})
        bench.figures.add(page, **{name: ms, **({cpu: cpu_ms} if cpu else {})})


def _time(bench: Bench, client: Client, address: str, headers: dict[str, str]) -> tuple[float, float]:
    """The median of the wall clock, and the mean of the processor."""
    often = 2 if bench.is_quick else _OFTEN
    for _ in range(1 if bench.is_quick else _WARM_UP):
        client.get(address, headers=headers)
    waits, cpu = [], time.process_time() + postgres_cpu_seconds()
    for _ in range(often):
        started = time.perf_counter()
        answer = client.get(address, headers=headers)
        waits.append((time.perf_counter() - started) * 1000)
        if answer.status_code != 200:
            raise BenchmarkError(f"{address} was answered with {answer.status_code}.")
    cpu = time.process_time() + postgres_cpu_seconds() - cpu
    return median(waits), cpu / often * 1000
