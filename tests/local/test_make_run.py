"""`make run` as a newcomer meets it."""

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from leadflip.env import PROJECT
from leadflip.local.processes import ProcessRecord
from leadflip.local.readiness import http_status
from tests.flows.processes import wait_until
from tests.local.stack import RunningStack

READY = "Leadflip is ready"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What git would hand out, were everything committed that is there."""
    folder = tmp_path / "clone"
    if not (PROJECT / ".git").exists():
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(".venv", ".leadflip", ".*_cache", "__pycache__", "static"))
        return folder
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    return folder


@pytest.fixture
def environment(home: Path, bare_environment: dict[str, str]) -> dict[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    # The packages are there; the Makefile still finds out by itself whether they are the right ones.
    return {**bare_environment, "PORT": port, "LEADFLIP_DATA": str(home / "data"), "VENV": str(Path(sys.prefix))}


def _make_run(stacks: list[RunningStack], clone: Path, environment: dict[str, str]) -> RunningStack:
    stack = RunningStack(["make", "run"], folder=clone, environment=environment)
    stacks.append(stack)
    stack.wait_for(READY)
    return stack


def _send_lead(stack: RunningStack) -> str:
    """By the command that was printed, pasted into a shell."""
    sent = subprocess.run(["sh", "-c", stack.curl], capture_output=True, text=True, check=True, env=stack.environment)
    answer = json.loads(sent.stdout)
    assert answer["status"] == "success", answer
    lead_id: str = answer["lead_id"]
    return lead_id


def _arrivals(stack: RunningStack) -> list[dict[str, Any]]:
    address = urlsplit(stack.sandbox_url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.request("GET", "/arrivals.json")
    found: list[dict[str, Any]] = json.loads(connection.getresponse().read())["arrivals"]
    connection.close()
    return found


def _stop(stack: RunningStack, number: signal.Signals = signal.SIGINT) -> None:
    processes = stack.processes()
    stack.signal(number)
    stack.process.wait(timeout=10)
    _, alive = psutil.wait_procs(processes, timeout=0.5)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def test_a_lead_goes_from_the_printed_curl_to_the_sandbox_partner(
    clone: Path, environment: dict[str, str], stacks: list[RunningStack]
) -> None:
    stack = _make_run(stacks, clone, environment)
    lead_id = _send_lead(stack)
    wait_until(lambda: len(_arrivals(stack)) == 2, what=f"a webhook and a mail for {lead_id}")
    arrivals = {arrival["kind"]: arrival for arrival in _arrivals(stack)}
    assert arrivals["webhook"]["verified"], arrivals["webhook"]["reason"]
    assert "jane@example.com" in arrivals["webhook"]["body"]
    assert "Jane" in arrivals["mail"]["subject"]
    _stop(stack)


def test_the_data_and_the_demo_outlive_a_kill_of_the_stack(clone: Path, environment: dict[str, str], stacks: list[RunningStack]) -> None:
    killed = _make_run(stacks, clone, environment)
    lead_id = _send_lead(killed)
    supervisor, processes = killed.supervisor(), killed.processes()
    supervisor.kill()
    killed.process.wait(timeout=10)
    second = _make_run(stacks, clone, environment)
    assert second.curl == killed.curl
    assert any(line.startswith("Ended what an earlier stack left running: ") for line in second.lines)
    _, alive = psutil.wait_procs(processes, timeout=5)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
    key = next(word for word in shlex.split(second.curl) if word.startswith("Authorization: "))
    read = subprocess.run(
        ["curl", "-sS", "-H", key, f"http://127.0.0.1:{environment['PORT']}/api/leads/{lead_id}"],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert json.loads(read.stdout)["id"] == lead_id
    _stop(second, signal.SIGTERM)


def test_processes_that_die_come_back(clone: Path, environment: dict[str, str], stacks: list[RunningStack]) -> None:
    stack = _make_run(stacks, clone, environment)
    run = Path(environment["LEADFLIP_DATA"]) / "run"
    before = {path.stem: json.loads(path.read_text())["pid"] for path in run.glob("*.json")}
    assert set(before) == {"background", "beat", "postgres", "sandbox", "valkey", "web", "worker"}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def are_back() -> bool:
        records = {path.stem: ProcessRecord.read(path) for path in run.glob("*.json")}
        return all((record := records.get(name)) and record.pid != pid for name, pid in before.items())

    wait_until(are_back, seconds=30, what=f"the return of all of {sorted(before)}")
    # A partner that is not back yet would be tried again too late for a test.
    wait_until(lambda: http_status(urlsplit(stack.sandbox_url).port or 0, "/") == 200, seconds=30, what="the sandbox partner's return")
    wait_until(lambda: http_status(int(environment["PORT"]), "/readyz") == 200, seconds=30, what="the return of the web server")
    _send_lead(stack)
    wait_until(lambda: {arrival["kind"] for arrival in _arrivals(stack)} == {"webhook", "mail"}, seconds=30, what="the lead's arrival")
    _stop(stack)
