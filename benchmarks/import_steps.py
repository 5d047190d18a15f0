"""A CSV file taken in and imported as the background worker does it, in a process of its own. Run by `processes.run_together`."""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import django

django.setup()

from accounts.access import access_of_account  # noqa: E402 - Django must be set up before its models are imported
from accounts.isolation import account_scope  # noqa: E402
from accounts.jobs import take_one_step  # noqa: E402
from accounts.models import Account, JobState  # noqa: E402
from benchmarks.shop import FIELDS  # noqa: E402
from intake.imports.running import start_import  # noqa: E402
from intake.imports.upload import FileOptions, take_file  # noqa: E402
from leadflip.background import KINDS  # noqa: E402


def _import(wanted: dict[str, Any]) -> dict[str, float]:
    account_id = UUID(wanted["account"])
    with account_scope(account_id):
        access = access_of_account(Account.objects.get())
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    with Path(wanted["file"]).open("rb") as file:
        record = take_file(access, file, entity=wanted["entity"], file_name="leads.csv", options=FileOptions())
    upload_seconds = time.monotonic() - began
    with account_scope(account_id):
        mapping = {str(column): field["key"] for column, field in enumerate(FIELDS)}
        job = start_import(access, record, mapping, is_routed=True, on_duplicate=None)
    started, cpu = time.monotonic(), time.process_time()
    while take_one_step(KINDS):
        pass
    ended, cpu = time.monotonic(), time.process_time() - cpu
    with account_scope(account_id):
        job.refresh_from_db()
    assert job.state == JobState.DONE, (job.state, job.reason)
    return {"number": job.done, "started": started, "ended": ended, "cpu": cpu, "upload_seconds": upload_seconds, "peak": _peak_bytes()}


def _peak_bytes() -> int:
    """The most memory that this process has had, and not the one that started it, as Linux counts it in ru_maxrss."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    print(json.dumps(_import(json.loads(sys.stdin.readline()))), flush=True)
