import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadflip.local.leftovers import make_home
from tests.local.stack import RunningStack

_OURS = ("LEADFLIP_", "DATABASE_", "REDIS_", "DJANGO_", "PYTEST_", "MAKE", "MFLAGS", "VENV", "PORT", "ARGS")


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder that root's Postgres can get at too; pytest's own are private to root."""
    folder = make_home(f"leadflip-tests-{os.getuid()}-")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def bare_environment() -> dict[str, str]:
    """As in a terminal: nothing of what the tests and their make have set."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


@pytest.fixture
def stacks(bare_environment: dict[str, str]) -> Iterator[list[RunningStack]]:
    """Whoever starts a stack puts it here, and is sure that it ends."""
    started: list[RunningStack] = []
    yield started
    for stack in started:
        if stack.process.poll() is None:
            stack.signal(signal.SIGINT)
            stack.process.wait(timeout=20)
