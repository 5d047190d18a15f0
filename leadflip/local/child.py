"""One process of the stack: started, its output kept, started again when it ends."""

import contextlib
import re
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from leadflip.env import PROJECT
from leadflip.local.processes import end_child, end_leftover, kill_session, record_process
from leadflip.local.screen import say, say_line_of

_LONGEST_LOG = 20 << 20
_SHORTEST_WAIT, _LONGEST_WAIT = 0.5, 15.0
# Who has run for so long is forgiven earlier ends.
_FORGIVEN_AFTER = 60.0
_LOOKS_LIKE_A_REASON = re.compile(r"(Error|Exception|ERROR|FATAL|CRITICAL)\b")


class Backoff:
    """How long to wait before the next start."""

    def __init__(self) -> None:
        self.ends_in_a_row = 0
        self._started = 0.0
        self._next = 0.0

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._next

    def note_start(self) -> None:
        self._started = time.monotonic()

    def note_end(self) -> float:
        """Return the seconds to wait."""
        now = time.monotonic()
        self.ends_in_a_row = 1 if now - self._started > _FORGIVEN_AFTER else self.ends_in_a_row + 1
        wait = min(_SHORTEST_WAIT * (1 << min(self.ends_in_a_row - 1, 10)), _LONGEST_WAIT)
        self._next = now + wait
        return wait


class Log:
    """A log that never grows beyond twice its limit and never stops its writer, even when the disk is full."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reason = ""

    def add(self, line: str) -> None:
        # The line that says why a process ended is rarely its last one: servers say good-bye after it.
        if line.strip() and (_LOOKS_LIKE_A_REASON.search(line) or not _LOOKS_LIKE_A_REASON.search(self.reason)):
            self.reason = line.strip()
        with contextlib.suppress(OSError):
            if self.path.exists() and self.path.stat().st_size > _LONGEST_LOG:
                self.path.replace(self.path.with_suffix(".log.1"))
            with self.path.open("a") as file:
                file.write(f"{line}\n")


class Child:
    def __init__(self, name: str, command: Sequence[str | Path], *, home: Path, environment: dict[str, str]) -> None:
        self.name = name
        self.command = command
        self.home = home
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None
        self.backoff = Backoff()
        self.log = Log(home / "logs" / f"{name}.log")
        # Until the stack is ready its own lines are on the screen; a failure then shows the child's last one.
        self.is_heard = False
        self._record = home / "run" / f"{name}.json"

    def start(self) -> None:
        self.log.reason = ""
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            env=self.environment,
            start_new_session=True,  # the terminal's Ctrl-C must reach it through us only, in our order
        )
        record_process(self.process.pid, owner=self.home, path=self._record)
        self.backoff.note_start()
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def tend(self) -> None:
        """Start it again if it has ended, after a wait that grows. Call often."""
        if self.process is not None and (status := self.process.poll()) is not None:
            # Its own children may still hold the port.
            kill_session(self.process.pid)
            self.process = None
            wait = self.backoff.note_end()
            if self.backoff.ends_in_a_row == 1:
                say(f"{self.name} ended ({_cause(status)}); starting it again.")
            else:
                say(f"{self.name} ended {self.backoff.ends_in_a_row} times in a row; next start in {wait:g} s. {self.last_words}")
        if self.process is None and self.backoff.is_over:
            self.start()

    @property
    def last_words(self) -> str:
        return f"It said: {self.log.reason or 'nothing'} (more in {self.log.path})"

    def ask_to_stop(self) -> None:
        self.is_heard = False
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self, *, deadline: float) -> None:
        """After `ask_to_stop`: wait until `deadline` (monotonic), then end it."""
        if self.process is not None:
            end_child(self.process, ask=None, deadline=deadline)
            self.process = None
        self._record.unlink(missing_ok=True)

    def end_leftover(self) -> None:
        if end_leftover(self._record, owner=self.home, patience=3.0):
            say(f"Ended {self.name}, left over from a stack that was killed.")

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        with process.stdout as output:
            for raw in output:
                line = raw.decode(errors="replace").rstrip()
                self.log.add(line)
                if self.is_heard:
                    say_line_of(self.name, line)


def _cause(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
