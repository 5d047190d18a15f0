"""Processes that outlive whoever started them: recorded, recognised again, ended.

A pid alone proves nothing, since the system gives it away again. A record also holds when the process started and for which data folder,
so that only our own are ever ended.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from leadflip.local.folders import write_private

# psutil derives a start time from clock ticks and the time of boot, which the system clock's corrections move a little.
_CLOCK_SLACK = 2.0


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    pid: int
    started: float  # seconds since 1970
    owner: str  # the data folder

    @classmethod
    def read(cls, path: Path) -> "ProcessRecord | None":
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        write_private(path, json.dumps(asdict(self)))


def record_process(pid: int, *, owner: Path, path: Path) -> None:
    ProcessRecord(pid=pid, started=psutil.Process(pid).create_time(), owner=str(owner)).write(path)


def live_process(record: ProcessRecord) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        is_same = abs(process.create_time() - record.started) < _CLOCK_SLACK and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return process if is_same else None


def end_leftover(path: Path, *, owner: Path, ask: signal.Signals = signal.SIGTERM, patience: float = 5.0) -> bool:
    """End the process that the record at `path` names, and those it started, if they are still there and worked for `owner`."""
    record = ProcessRecord.read(path)
    path.unlink(missing_ok=True)
    if record is None or record.owner != str(owner):
        return False
    members = _session_members(record)
    if leader := live_process(record):
        leader.send_signal(ask)
        psutil.wait_procs([leader], timeout=patience)
        members.append(leader)
    _kill(members)
    psutil.wait_procs(members, timeout=2.0)
    return bool(members)


def end_child(process: subprocess.Popen[bytes], *, ask: signal.Signals | None, deadline: float) -> None:
    """Ask, wait until `deadline` (monotonic), then insist. Also ends what the child left behind in its session."""
    if ask is not None and process.poll() is None:
        process.send_signal(ask)
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    kill_session(process.pid)


def kill_session(leader: int) -> None:
    """For a child that was started in a session of its own and has ended: its orphans still hold its port and its work."""
    _kill(_members_of(leader))


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _session_members(record: ProcessRecord) -> list[psutil.Process]:
    return [process for process in _members_of(record.pid) if process.pid != record.pid and _works_for(process, record)]


def _members_of(session: int) -> list[psutil.Process]:
    members = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session:
                members.append(process)
        except OSError:  # ended meanwhile, or not ours to ask about
            continue
    return members


def _works_for(process: psutil.Process, record: ProcessRecord) -> bool:
    try:
        return bool(process.create_time() > record.started - _CLOCK_SLACK and process.environ().get("LEADFLIP_DATA") == record.owner)
    except psutil.Error:
        return False
