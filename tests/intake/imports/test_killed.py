"""A real worker, killed in the middle of a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from accounts.models import Job
from tests.builders import Shop, make_account, make_entity
from tests.flows.processes import Process, running_beat, wait_until
from tests.intake.imports.files import HEADER, start, stored, upload

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "engine"])

ROWS = 20_000


@contextmanager
def background_worker(folder: Path, name: str) -> Iterator[Process]:
    worker = Process(folder / f"{name}.log", "worker", "-Q", "background", "--concurrency", "1", "--loglevel", "INFO", "-n", f"{name}@test")
    try:
        wait_until(lambda: worker.said(f"{name}@test ready"), what="the worker's start")
        yield worker
    finally:
        worker.stop()


def rows_done(shop: Shop) -> int:
    with shop.open():
        return Job.objects.get().done


def test_kill_9_neither_loses_nor_doubles_a_row(tmp_path: Path) -> None:
    acme = make_account()
    make_entity(acme)
    import_id = upload(acme, HEADER + b"".join(b"Lead %d,lead%d@example.com,%05d\n" % (n, n, n) for n in range(ROWS)))["id"]
    with background_worker(tmp_path, "first") as worker:
        start(acme, import_id)
        wait_until(lambda: rows_done(acme) >= 1_500, what="the first steps")
        worker.kill()
    assert rows_done(acme) < ROWS
    with background_worker(tmp_path, "second"), running_beat(tmp_path):
        wait_until(lambda: acme.get(f"imports/{import_id}")["state"] == "done", seconds=60, what="the end of the import")
    assert [values["first_name"] for values in stored(acme)] == [f"Lead {n}" for n in range(ROWS)]
