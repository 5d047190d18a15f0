"""The benchmark runs from end to end. What it measures depends on the machine, so that no figure is asserted here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.timeout(240)
def test_a_smoke_run_brings_everything_in_and_delivers_it_on_every_side(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    parts = ("engine", "intake", "bulk", "routing", "import")
    command = [sys.executable, "-m", "benchmarks", *parts, "--quick", "--results", str(results)]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    figures = json.loads(results.read_text())["figures"]
    assert {name: values["number"] for name, values in figures.items() if "number" in values} == {
        "engine": [400],
        "usual design": [60],
        "usual design, tuned": [60],
        "intake": [80],
        "usual intake": [60],
        "bulk of 10": [80],
        "bulk of 100": [800],
        "import of 60 rows": [60],
        "import of 600 rows": [600],
    }
    assert {
        "statements alone, 2 processes",
        "HTTP client alone, 2 processes",
        "inserts alone",
        "inserts of 100 alone",
        "receive_lead, 10 assignments",
    } <= figures.keys()
    assert "| engine / usual design |" in ran.stdout
    assert "| intake / usual intake |" in ran.stdout
