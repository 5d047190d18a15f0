"""One lead after the other through `receive_lead`, a transaction each. Run by `processes.run_together`."""

import json
import sys
import time
from typing import Any
from uuid import UUID

import django

django.setup()

from accounts.access import access_of_account  # noqa: E402 - Django must be set up before its models are imported
from accounts.isolation import account_scope  # noqa: E402
from accounts.models import Account  # noqa: E402
from benchmarks.shop import SLUG, raw_lead  # noqa: E402
from intake.pipeline import IncomingLead, Receipt, receive_lead  # noqa: E402


def _route_all(wanted: dict[str, Any]) -> dict[str, float]:
    account_id = UUID(wanted["account"])
    with account_scope(account_id):
        access = access_of_account(Account.objects.get())

    def receive(number: int) -> None:
        with account_scope(account_id):
            receipt = receive_lead(access, SLUG, IncomingLead(raw_lead(number)), source="api")
        assert isinstance(receipt, Receipt), receipt

    # The account's configuration is read and compiled with the first one.
    for number in range(20):
        receive(number)
    print("ready", flush=True)
    sys.stdin.readline()
    started, cpu = time.monotonic(), time.process_time()
    for number in range(wanted["number"]):
        receive(number)
    ended, cpu = time.monotonic(), time.process_time() - cpu
    return {"number": wanted["number"], "started": started, "ended": ended, "cpu": cpu}


if __name__ == "__main__":
    print(json.dumps(_route_all(json.loads(sys.stdin.readline()))), flush=True)
