"""Real workers for the flows: the same commands as in production, against the tests' database and broker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

from django.db import connections

PROJECT = Path(__file__).resolve().parent.parent.parent


def wait_until(holds: Callable[[], object], *, seconds: float = 20.0, what: str = "it") -> None:
    """Look every few milliseconds; fail when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds:g} s")
        time.sleep(0.01)


def environment() -> dict[str, str]:
    """This process's environment, with the database that the test runner made."""
    urls = {"default": "DATABASE_APP_URL", "owner": "DATABASE_URL", "engine": "DATABASE_ENGINE_URL"}
    return {**os.environ, **{name: _database_url(alias) for alias, name in urls.items()}}


def _database_url(alias: str) -> str:
    settings = connections[alias].settings_dict
    where = {name: value for name, value in (("host", settings["HOST"]), ("port", settings["PORT"])) if value}
    login = f"{quote(settings['USER'])}:{quote(settings['PASSWORD'])}@" if settings["PASSWORD"] else f"{quote(settings['USER'])}@"
    return f"postgresql://{login}/{settings['NAME']}?{urlencode(where)}"


class Process:
    """A Celery command in a process group of its own."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "leadflip", *arguments],
                cwd=PROJECT,
                env=environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self, text: str) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return text in self.log.read_text()

    def kill(self) -> None:
        """kill -9, the processes it forked included."""
        self._signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self, *, seconds: float = 30) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                raise
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return


@contextmanager
def running_worker(folder: Path, *, name: str = "worker", queue: str = "celery") -> Iterator[Process]:
    """queue: `background` for the worker of what goes on beside the deliveries."""
    worker = Process(folder / f"{name}.log", "worker", "--concurrency", "2", "--loglevel", "INFO", "-Q", queue, "-n", f"{name}@test")
    try:
        wait_until(lambda: worker.said(f"{name}@test ready"), what="the worker's start")
        yield worker
    finally:
        worker.stop()


@contextmanager
def running_beat(folder: Path) -> Iterator[Process]:
    beat = Process(folder / "beat.log", "beat", "--schedule", str(folder / "beat-schedule"), "--pidfile", "")
    try:
        yield beat
    finally:
        beat.stop()
