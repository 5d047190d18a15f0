"""The measurements of what comes in. No worker runs meanwhile: deliveries are queued and stay so."""

import csv
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from accounts.ids import new_id
from benchmarks.bench import Bench
from benchmarks.processes import HOME, Meter, postgres_cpu_seconds, run_together
from benchmarks.report import Goal
from benchmarks.shop import SLUG, open_shop, raw_lead
from benchmarks.watching import BenchmarkError
from benchmarks.web import bulk_bodies, insert_leads, post_leads, running_web, single_bodies
from intake.pipeline import IncomingLead, receive_lead

USUAL_WEB = "benchmarks.usual.web_settings"


def measure_intake(bench: Bench) -> None:
    """One lead per request: POST /api/intake, the usual view, the inserts alone; interleaved."""
    like, figures = _like(bench), bench.figures
    with running_web() as leadflip, running_web(settings=USUAL_WEB) as usual:
        for _ in range(bench.rounds):
            post_leads(bench, leadflip, "intake", "/api/intake", single_bodies(), requests=bench.size(4_000))
            post_leads(bench, usual, "usual intake", "/api/intake", single_bodies(), requests=bench.size(1_500))
            insert_leads(bench, "inserts alone", like, statements=bench.size(12_000))
    figures.ratio("intake / inserts alone", "intake", "inserts alone", must=0.4, aim=0.55)
    figures.ratio("intake / usual intake", "intake", "usual intake", must=2, aim=3)


def measure_bulk(bench: Bench) -> None:
    """A hundred and a thousand leads per request: POST /api/leads/bulk and the inserts alone; interleaved."""
    like = _like(bench)
    sizes = {10: 8, 100: 8} if bench.is_quick else {100: 160, 1_000: 24}
    with running_web() as server:
        for _ in range(bench.rounds):
            for leads, requests in sizes.items():
                post_leads(bench, server, f"bulk of {leads:,}", "/api/leads/bulk", bulk_bodies(leads), requests=requests, leads=leads)
                insert_leads(bench, f"inserts of {leads:,} alone", like, statements=requests, leads=leads)
    for leads in sizes:
        name = f"bulk of {leads:,}"
        bench.figures.ratio(f"{name} / inserts alone", name, f"inserts of {leads:,} alone", must=0.6, aim=0.9)


def measure_routing(bench: Bench) -> None:
    """One lead after the other through `receive_lead`, in accounts of which each has more assignments; every tenth of them matches, two get it."""
    sizes = (0, 1, 10) if bench.is_quick else (0, 1, 100, 1_000)
    shops = {size: open_shop(f"Bench routing {size}", _assignments(size), strategy="send_to_all", max_partners=2) for size in sizes}
    for _ in range(bench.rounds):
        for size, shop in shops.items():
            number = bench.size(1_000 if size < 1_000 else 200)
            shop.empty()
            postgres = Meter(postgres_cpu_seconds)
            (answer,) = run_together("benchmarks.routing_loop", [{"account": str(shop.account.id), "number": number}], meters=(postgres,))
            wall_us = (answer["ended"] - answer["started"]) / number * 1e6
            bench.add_together(_routed(size), [answer], wall_us=wall_us, postgres_us=postgres.seconds / number * 1e6)
            shop.empty()


def measure_import(bench: Bench) -> None:
    """A short and a long CSV file, each in a process of its own: taken in, then imported step by step, routed and queued."""
    long = 600 if bench.is_quick else 100_000
    names = {rows: f"import of {rows:,} rows" for rows in (long // 10, long)}
    for rows, name in names.items():
        bench.shop.empty()
        with tempfile.TemporaryDirectory(dir=HOME) as folder:
            file = Path(folder) / "leads.csv"
            _write_csv(file, rows)
            wanted = {"account": str(bench.shop.account.id), "entity": SLUG, "file": str(file)}
            (answer,) = run_together("benchmarks.import_steps", [wanted])
        if bench.shop.stored() != (rows, rows, 2 * rows):
            raise BenchmarkError(f"Of {rows} rows there are {bench.shop.stored()} leads, decisions and deliveries.")
        bench.figures.add(f"upload of {rows:,} rows", rate=rows / answer["upload_seconds"])
        bench.add_together(name, [answer], number=rows, peak_mb=answer["peak"] / 1e6)
    bench.shop.empty()
    short_peak, long_peak = (bench.figures.median(name, "peak_mb") for name in names.values())
    bench.figures.goals.append(Goal("import: peak memory, ten times the rows", long_peak / short_peak, 1.1, 1.02, is_most=True))


INCOMING: dict[str, Callable[[Bench], None]] = {
    "intake": measure_intake,
    "bulk": measure_bulk,
    "routing": measure_routing,
    "import": measure_import,
}


def _like(bench: Bench) -> dict[str, Any]:
    with bench.shop.open() as access:
        receive_lead(access, SLUG, IncomingLead(raw_lead(0)), source="api", request_id=new_id().hex)
    return bench.shop.like()


def _assignments(size: int) -> list[dict[str, Any]]:
    """Each with a rule, which the first and every tenth after it passes, and a cap that is never reached."""

    def rules(number: int) -> dict[str, Any]:
        return {"all": [{"field": "zip", "operator": "starts_with", "value": "90210" if number % 10 == 0 else f"8{number}"}]}

    return [{"rules": rules(number), "caps": {"day": 1_000_000}} for number in range(size)]


def _routed(size: int) -> str:
    return f"receive_lead, {size:,} assignment{'s' * (size != 1)}"


def _write_csv(path: Path, rows: int) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(raw_lead(0))
        writer.writerows(raw_lead(number % 10_000).values() for number in range(rows))
