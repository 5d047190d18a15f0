"""Leads at a steady pace through the real way in: one transaction each, then the door-bell. Run by `processes.run_together`."""

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
from delivery.wake import wake  # noqa: E402
from intake.pipeline import IncomingLead, Receipt, receive_lead  # noqa: E402


def _trickle(wanted: dict[str, Any]) -> dict[str, Any]:
    account_id = UUID(wanted["account"])
    with account_scope(account_id):
        access = access_of_account(Account.objects.get())
    print("ready", flush=True)
    sys.stdin.readline()
    committed: dict[str, float] = {}
    started = time.monotonic()
    for number in range(wanted["number"]):
        time.sleep(max(0.0, started + number / wanted["per_second"] - time.monotonic()))
        with account_scope(account_id):
            receipt = receive_lead(access, "solar_leads", IncomingLead(wanted["lead"]), source="api")
        moment = time.monotonic()
        wake()
        assert isinstance(receipt, Receipt), receipt
        committed |= {str(delivery.id): moment for delivery, _ in receipt.deliveries}
    return {"committed": committed, "seconds": time.monotonic() - started}


if __name__ == "__main__":
    print(json.dumps(_trickle(json.loads(sys.stdin.readline()))), flush=True)
