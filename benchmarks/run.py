"""Runs the parts of the benchmark within the environment that `benchmarks.__main__` has made, prints the table and writes results.json."""

import argparse
import json
import os
import platform
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import django

django.setup()

from benchmarks import PROJECT  # noqa: E402 - Django must be set up before its models are imported
from benchmarks.backlog_parts import BACKLOG  # noqa: E402
from benchmarks.bench import Bench  # noqa: E402
from benchmarks.fairness_parts import FAIRNESS  # noqa: E402
from benchmarks.intake_parts import INCOMING  # noqa: E402
from benchmarks.latency_parts import LATENCY  # noqa: E402
from benchmarks.memory_parts import MEMORY  # noqa: E402
from benchmarks.package_parts import PACKAGE  # noqa: E402
from benchmarks.page_parts import PAGES  # noqa: E402
from benchmarks.parts import OUTGOING  # noqa: E402
from benchmarks.processes import SinkProcess  # noqa: E402
from benchmarks.report import Figures  # noqa: E402
from benchmarks.watching import BenchmarkError  # noqa: E402

# By the name that the command line takes.
PARTS = OUTGOING | PACKAGE | LATENCY | BACKLOG | FAIRNESS | MEMORY | INCOMING | PAGES


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Leadflip against the usual design, as ratios.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; all of them if none is named")
    parser.add_argument("--quick", action="store_true", help="a smoke run: everything once, and little of it; its numbers mean nothing")
    parser.add_argument("--results", type=Path, default=PROJECT / "benchmarks" / "results.json", help="where the figures go, as JSON")
    wanted = parser.parse_args()
    if unknown := set(wanted.parts) - PARTS.keys():
        parser.error(f"There is no part {', '.join(sorted(unknown))}.")
    started = time.monotonic()
    figures = Figures()
    sink = SinkProcess()
    try:
        bench = Bench(sink, figures, is_quick=wanted.quick)
        for name in wanted.parts or PARTS:
            print(f"{time.monotonic() - started:5.0f} s  {name}", file=sys.stderr, flush=True)
            PARTS[name](bench)
    except BenchmarkError as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        sink.stop()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    print(f"{machine}, {time.monotonic() - started:.0f} s\n\n{figures.table()}")
    wanted.results.write_text(json.dumps({"machine": machine, **figures.as_json()}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
