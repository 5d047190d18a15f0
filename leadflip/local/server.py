"""What starting, watching and stopping a database server and a broker have in common."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from leadflip.local.faults import StackFault
from leadflip.local.processes import end_child, end_leftover, record_process
from leadflip.local.service_user import ServiceUser

_COMPLAINT = re.compile(r"(?:FATAL|PANIC|Fatal error|initdb: error)[:,]")


class Server:
    """A server process that keeps its data in a folder and answers on a unix socket in a private one."""

    name: ClassVar[str]
    # The signal that stops it at once, but in order.
    ask: ClassVar[signal.Signals]
    sockets: Path

    def __init__(self, home: Path, *, user: ServiceUser | None = None) -> None:
        self.home = home
        self.user = user or ServiceUser()
        self.log = home / "logs" / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._record = home / "run" / f"{self.name}.json"

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it on the data that is there and wait until it answers. Ends what an earlier, killed owner left running."""
        if self.is_running:
            return
        end_leftover(self._record, owner=self.home, ask=self.ask, patience=20.0)
        self.prepare()
        self.log.parent.mkdir(mode=0o700, exist_ok=True)
        with self.log.open("ab") as log:
            seen = log.tell()
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd="/", **self.user.popen_options)
        self._record.parent.mkdir(mode=0o700, exist_ok=True)
        record_process(self.process.pid, owner=self.home, path=self._record)
        try:
            self._wait_until_it_answers(log_from=seen)
        except StackFault:
            self.stop()
            raise

    def stop(self, *, patience: float = 4.0) -> None:
        if self.process is not None:
            end_child(self.process, ask=self.ask, deadline=time.monotonic() + patience)
            self.process = None
        self._record.unlink(missing_ok=True)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def kill(self) -> None:
        """As a power cut would: for tests of what comes after."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def prepare(self) -> None:
        raise NotImplementedError

    def command(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def _wait_until_it_answers(self, *, log_from: int) -> None:
        # No limit: recovery after a crash takes as long as it takes, and the process ends by itself when it cannot start.
        pause = 0.01
        while not self.answers():
            if not self.is_running:
                raise StackFault(f"{self.name.capitalize()} did not start: {self._last_words(log_from)} (more in {self.log})")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.25)

    def _last_words(self, log_from: int) -> str:
        with self.log.open("rb") as log:
            log.seek(log_from)
            return reason_in(log.read().decode(errors="replace"))


def reason_in(output: str) -> str:
    """What a server says of its end, in one line: its last complaint without time and process, else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    complaints = [line for line in lines if _COMPLAINT.search(line)]
    return _COMPLAINT.split((complaints or lines or ["it said nothing"])[-1])[-1].strip().rstrip(".")
