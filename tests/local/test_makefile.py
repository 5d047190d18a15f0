"""The Makefile's own decisions, with an empty lock file so that nothing is downloaded."""

import subprocess
import sys
from pathlib import Path

import pytest

from leadflip.env import PROJECT


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / name).touch()
    (tmp_path / "Makefile").write_text((PROJECT / "Makefile").read_text())
    return tmp_path


def _make(clone: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *words], cwd=clone, env=environment, capture_output=True, text=True, check=False)


def _python_that_fails(clone: Path) -> str:
    """As a version manager leaves them on the PATH."""
    shim = clone / "shim"
    shim.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    return str(shim)


def test_the_first_python_that_runs_is_taken_and_pip_runs_once_per_lock(clone: Path, bare_environment: dict[str, str]) -> None:
    pythons = f"PYTHONS={_python_that_fails(clone)} {sys.executable}"
    assert "Installing what requirements.lock names" in _make(clone, bare_environment, "run-venv", pythons).stdout
    assert _make(clone, bare_environment, "run-venv", pythons).stdout == ""
    (clone / "requirements.lock").write_text("# changed\n")
    assert "Installing" in _make(clone, bare_environment, "run-venv", pythons).stdout
    assert "Installing what requirements-dev.lock names" in _make(clone, bare_environment, "dev-venv", pythons).stdout
    assert _make(clone, bare_environment, "run-venv", pythons).stdout == ""


def test_no_fitting_python_is_told_in_one_line(clone: Path, bare_environment: dict[str, str]) -> None:
    made = _make(clone, bare_environment, "run", f"PYTHONS={_python_that_fails(clone)}")
    assert made.returncode != 0
    lines = [line for line in made.stderr.splitlines() if not line.startswith("make")]
    assert lines == [f"Leadflip needs Python 3.12 or later with its venv module; none of these runs here: {clone / 'shim'}."]
