"""What is measured of the queue, of fairness, of memory and of the pages runs from end to end. No figure is asserted: they depend on the machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.timeout(240)
def test_a_smoke_run_delivers_what_it_queued_and_opens_every_page(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    parts = ("latency", "workers", "waiting", "quiet", "silent", "memory", "pages")
    command = [sys.executable, "-m", "benchmarks", *parts, "--quick", "--results", str(results)]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    measured = json.loads(results.read_text())
    figures = measured["figures"]
    assert {name: values["number"] for name, values in figures.items() if "number" in values} == {
        "engine, answers after 1 s, 1 process": [100],
        "engine, answers after 1 s, 2 processes": [200],
        "engine, no more waiting": [300],
        "engine, 2,000 more waiting": [300],
        "engine, all partners answer": [300],
        "engine, 50 partners never answer": [300],
    }
    assert {
        "commit to first byte, 50 leads/s",
        "commit to first byte, at 80 % of it",
        "quiet accounts, beside a backlog",
        "worker after 1,000 deliveries",
    } <= figures.keys()
    assert {"small_ms", "large_ms", "beside_ms"} <= figures["log: held"].keys()
    goals = {goal["name"] for goal in measured["goals"]}
    assert {"2,000 more waiting / none", "50 silent partners: others' rate / without"} <= goals
