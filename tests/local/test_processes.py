import os
import subprocess
import sys
from pathlib import Path

import psutil

from leadflip.local.child import Backoff, Child
from leadflip.local.processes import ProcessRecord, end_leftover, live_process, record_process
from tests.flows.processes import wait_until

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
# A parent that ends and leaves a child of its own behind.
ORPHAN_MAKER = [sys.executable, "-c", f"import subprocess; subprocess.Popen({SLEEPER!r}); import time; time.sleep(600)"]


def _start(command: list[str], *, owner: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env={**os.environ, "LEADFLIP_DATA": str(owner)}, start_new_session=True)


def test_a_leftover_is_recognised_and_ended(tmp_path: Path) -> None:
    left_over = _start(SLEEPER, owner=tmp_path)
    record_process(left_over.pid, owner=tmp_path, path=tmp_path / "web.json")
    assert end_leftover(tmp_path / "web.json", owner=tmp_path)
    left_over.wait(timeout=5)
    assert not (tmp_path / "web.json").exists()


def test_a_pid_that_belongs_to_another_process_now_is_left_alone(tmp_path: Path) -> None:
    stranger = _start(SLEEPER, owner=tmp_path)
    ProcessRecord(pid=stranger.pid, started=psutil.Process(stranger.pid).create_time() - 60, owner=str(tmp_path)).write(
        tmp_path / "web.json"
    )
    assert not end_leftover(tmp_path / "web.json", owner=tmp_path)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_copied_data_folder_ends_nobodys_processes(tmp_path: Path) -> None:
    original = _start(SLEEPER, owner=tmp_path)
    record_process(original.pid, owner=tmp_path, path=tmp_path / "web.json")
    assert not end_leftover(tmp_path / "web.json", owner=tmp_path / "copy")
    assert original.poll() is None
    original.kill()
    original.wait()


def test_the_children_of_a_dead_leftover_are_ended(tmp_path: Path) -> None:
    left_over = _start(ORPHAN_MAKER, owner=tmp_path)
    wait_until(lambda: psutil.Process(left_over.pid).children(), what="the child's start")
    orphan = psutil.Process(left_over.pid).children()[0]
    record_process(left_over.pid, owner=tmp_path, path=tmp_path / "web.json")
    left_over.kill()
    left_over.wait()
    wait_until(lambda: orphan.environ().get("LEADFLIP_DATA"), what="the orphan's own program")
    assert end_leftover(tmp_path / "web.json", owner=tmp_path)
    wait_until(lambda: not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE, what="the orphan's end")


def test_a_damaged_record_names_nobody(tmp_path: Path) -> None:
    (tmp_path / "web.json").write_text('{"pid": 1')
    assert ProcessRecord.read(tmp_path / "web.json") is None
    assert not end_leftover(tmp_path / "web.json", owner=tmp_path)


def test_a_dead_process_is_not_alive() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert live_process(ProcessRecord(pid=ended.pid, started=0.0, owner="")) is None


def _child(tmp_path: Path, code: str) -> Child:
    for name in ("logs", "run"):
        (tmp_path / name).mkdir()
    return Child("worker", [sys.executable, "-c", code], home=tmp_path, environment=dict(os.environ))


def test_a_child_that_ends_is_started_again_after_a_wait(tmp_path: Path) -> None:
    child = _child(tmp_path, "import time; time.sleep(600)")
    child.start()
    assert child.process is not None
    first = child.process
    first.kill()
    first.wait()
    child.tend()
    assert child.process is None
    wait_until(lambda: child.tend() or child.process, seconds=5, what="the second start")
    assert child.process.pid != first.pid
    child.ask_to_stop()
    child.stop(deadline=0.0)
    assert child.process is None


def test_the_reason_of_a_childs_end_is_found_among_its_last_lines(tmp_path: Path) -> None:
    child = _child(tmp_path, "print('start'); print('ValueError: bad'); print('good-bye')")
    child.start()
    wait_until(lambda: "good-bye" in child.log.path.read_text() if child.log.path.exists() else False, what="the child's output")
    assert child.last_words == f"It said: ValueError: bad (more in {tmp_path / 'logs' / 'worker.log'})"
    child.stop(deadline=0.0)


def test_waits_grow_to_a_limit() -> None:
    backoff = Backoff()
    backoff.note_start()
    assert [backoff.note_end() for _ in range(7)] == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    assert not backoff.is_over
