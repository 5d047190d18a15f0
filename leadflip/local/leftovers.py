"""Throw-away data folders, as the tests use them, and the ending of those whose owner was killed."""

import os
import shutil
import tempfile
from pathlib import Path

from leadflip.local.folders import socket_folder
from leadflip.local.postgres import Postgres
from leadflip.local.processes import ProcessRecord, end_leftover, live_process, record_process
from leadflip.local.service_user import service_user
from leadflip.local.valkey import Valkey


def make_home(prefix: str) -> Path:
    home = Path(tempfile.mkdtemp(prefix=prefix))
    service_user().let_through(home)
    record_process(os.getpid(), owner=home, path=home / "owner.json")
    return home


def end_abandoned_homes(prefix: str) -> None:
    """End the servers and remove the folders of every process that made a home with this prefix and is gone."""
    for home in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        record = ProcessRecord.read(home / "owner.json")
        if record is None or live_process(record):
            continue
        for server in (Postgres, Valkey):
            end_leftover(home / "run" / f"{server.name}.json", owner=home, ask=server.ask)
            shutil.rmtree(socket_folder(home, purpose=server.name), ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)
