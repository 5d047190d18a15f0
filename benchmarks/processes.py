"""The processes that a measurement starts, and what they cost."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks import PROJECT

HOME = Path(os.environ["BENCH_HOME"])


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, its living children and the dead ones it waited for; 0 of one that is not there."""
    with contextlib.suppress(psutil.NoSuchProcess):
        leader = psutil.Process(pid)
        before = leader.cpu_times()
        while True:
            total = sum(before[:4]) + sum(_own_seconds(child) for child in leader.children(recursive=True))
            after = leader.cpu_times()
            # A child that it waited for in between was counted in neither place.
            if before[2:4] == after[2:4]:
                return total
            before = after
    return 0.0


def _own_seconds(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        return sum(process.cpu_times()[:2])
    return 0.0


def postgres_cpu_seconds() -> float:
    return cpu_seconds(int(os.environ["BENCH_POSTGRES_PID"]))


class SinkControl:
    """What a running benchmarks.sink is asked."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._control = socket.create_connection(("127.0.0.1", port))

    def url(self, *, after_ms: int = 0) -> str:
        return f"http://127.0.0.1:{self.port}/" + (f"after/{after_ms}" if after_ms else "now")

    def ask(self, path: str) -> Any:
        self._control.sendall(f"GET /{path} HTTP/1.1\r\n\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._control.recv(1 << 16)
        head, _, body = data.partition(b"\r\n\r\n")
        size = int(head.rpartition(b": ")[2])
        while len(body) < size:
            body += self._control.recv(1 << 20)
        return json.loads(body)

    def count(self, *, after_ms: int = 0) -> int:
        path = f"/after/{after_ms}" if after_ms else "/now"
        return int(self.ask("stats")["paths"].get(path, 0))

    def close(self) -> None:
        self._control.close()


class SinkProcess(SinkControl):
    """benchmarks.sink, started."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.sink"]
        self.process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, start_new_session=True)
        assert self.process.stdout is not None
        super().__init__(int(self.process.stdout.readline()))

    def stop(self) -> None:
        self.close()
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True)
class WorkerKind:
    """A Celery worker to measure: which application, which pool, which environment."""

    app: str
    concurrency: int = 2
    pool: str = "prefork"
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def command(self) -> list[str]:
        options = [
            "--concurrency",
            str(self.concurrency),
            "--pool",
            self.pool,
            "--without-gossip",
            "--without-mingle",
            "--loglevel",
            "WARNING",
        ]
        return [sys.executable, "-m", "celery", "-A", self.app, "worker", *options]


ENGINE = WorkerKind("leadflip")
_USUAL = (("DJANGO_SETTINGS_MODULE", "benchmarks.usual.settings"),)
USUAL = WorkerKind("benchmarks.usual", environment=_USUAL)
TUNED = WorkerKind("benchmarks.usual", environment=(*_USUAL, ("USUAL_DB_REUSE_MAX", "1000000")))
USUAL_THREADS = WorkerKind("benchmarks.usual", concurrency=50, pool="threads", environment=(*_USUAL, ("USUAL_DB_REUSE_MAX", "1000000")))


@contextmanager
def running_worker(kind: WorkerKind) -> Iterator[int]:
    """Yields the process id of the worker."""
    with running(kind.app, kind.command, dict(kind.environment)) as pid:
        yield pid


@contextmanager
def running(name: str, command: Sequence[str], environment: Mapping[str, str]) -> Iterator[int]:
    """Yields the process id, whose children it is ended with. What it says goes to a log, the end of which is shown if anything fails."""
    log = HOME / "logs" / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process.pid
    except BaseException:
        print(f"{name} ({'running' if process.poll() is None else 'ended'}) said: {log.read_text()[-2000:]}", file=sys.stderr)
        raise
    finally:
        end_group(process)


def end_group(process: "subprocess.Popen[bytes]", *, patience: float = 5.0) -> None:
    """Politely first: a killed worker's messages would be delivered again."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@dataclass(slots=True)
class Meter:
    """CPU seconds that others spend from the word until all have answered. read: what they have spent so far."""

    read: Callable[[], float]
    seconds: float = 0.0

    def start(self) -> None:
        self.seconds = -self.read()

    def stop(self) -> None:
        self.seconds += self.read()


def run_together(module: str, inputs: Sequence[object], *, meters: Sequence[Meter] = ()) -> list[dict[str, Any]]:
    """Run one process of a module for each input, all at once. Each reads JSON, says it is ready, waits for the word, answers JSON."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", module], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        for _ in inputs
    ]
    try:
        for process, content in zip(processes, inputs, strict=True):
            assert process.stdin is not None
            process.stdin.write(json.dumps(content) + "\n")
            process.stdin.flush()
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        for meter in meters:
            meter.start()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = []
        for process in processes:
            assert process.stdout is not None
            answers.append(json.loads(process.stdout.readline() or "null") or {})
        for meter in meters:
            meter.stop()
        if not all(answers):
            raise RuntimeError(f"{module} has failed.")
        return answers
    finally:
        for process in processes:
            process.kill()
            process.wait()
