"""A stack that a test runs as a person would: by a command, looking at what it prints."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.flows.processes import wait_until


class RunningStack:
    def __init__(self, command: Sequence[str | Path], *, folder: Path, environment: dict[str, str]) -> None:
        self.environment = environment
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    @property
    def curl(self) -> str:
        """The printed command, ready to paste."""
        match = re.search(r"^curl .*?[^\\]$", self.output, flags=re.MULTILINE | re.DOTALL)
        assert match, self.output
        return match[0]

    @property
    def sandbox_url(self) -> str:
        match = re.search(r"Sandbox partner +(\S+)/", self.output)
        assert match, self.output
        return match[1]

    def wait_for(self, line: str, *, seconds: float = 90.0) -> None:
        def is_there() -> bool:
            assert line in self.lines or self.process.poll() is None, self.output
            return line in self.lines

        wait_until(is_there, seconds=seconds, what=f"{line!r} after {self.output}")

    def signal(self, number: signal.Signals) -> None:
        """To the whole group, as a terminal does it."""
        os.killpg(self.process.pid, number)

    def processes(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def supervisor(self) -> psutil.Process:
        return next(process for process in [psutil.Process(self.process.pid), *self.processes()] if "leadflip.local" in process.cmdline())

    def _listen(self) -> None:
        assert self.process.stdout
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line.rstrip("\n"))
