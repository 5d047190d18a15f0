"""The benchmark runs from end to end. What it measures depends on the machine, so that no figure is asserted here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.timeout(120)
def test_a_smoke_run_delivers_everything_on_both_sides(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "engine", "latency", "--quick", "--results", str(results)]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    figures = json.loads(results.read_text())["figures"]
    assert {name: figures[name]["number"] for name in ("engine", "usual design", "usual design, tuned")} == {
        "engine": [400],
        "usual design": [60],
        "usual design, tuned": [60],
    }
    assert {"statements alone, 2 processes", "HTTP client alone, 2 processes", "commit to first byte, 50 leads/s"} <= figures.keys()
    assert "| engine / usual design |" in ran.stdout
