"""A thousand leads into an hourly digest, with the workers killed at each step: every lead arrives, in exactly one digest."""

import threading
from collections import Counter
from pathlib import Path

import pytest
from django.db import connections

from tests.delivery.digests.mails import names_in, numbered
from tests.flows.conftest import Shop
from tests.flows.inbox import Inbox
from tests.flows.processes import Process, running_beat, running_worker, wait_until
from tests.flows.test_crashes import expire_leases, nobody_can_write

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "engine"])

CHANNEL = {
    "kind": "email",
    "fields": {"mode": "selected", "selected": [{"key": "first_name"}, {"key": "email"}]},
    "config": {"recipients": ["leads@helios.test"], "attach_csv": True, "batching": {"mode": "every", "minutes": 60}},
}


def row(sql: str) -> object:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql)
        found = cursor.fetchone()
    return found and found[0]


def someone_waits_to_write(table: str) -> bool:
    return bool(row(f"SELECT count(*) FROM pg_locks WHERE relation = '{table}'::regclass AND NOT granted"))


def kill_at(table: str, worker: Process) -> None:
    """As soon as it wants to write there."""
    wait_until(lambda: someone_waits_to_write(table), what=f"a write to {table}")
    worker.kill()


def test_a_thousand_leads_with_workers_killed_at_each_step(shop: Shop, inbox: Inbox, tmp_path: Path) -> None:
    server = {"host": "127.0.0.1", "port": inbox.port, "security": "none", "from_address": "leads@acme.test"}
    shop.call("PUT", "mail-server", server)
    shop.open_channel(CHANNEL)
    batch = [{"first_name": name, "email": "jane@example.com"} for name in numbered(1_000)]
    shop.call("POST", "leads/bulk", {"entity": "solar_leads", "batch": batch})
    sent_once = threading.Event()
    inbox.answer = lambda place: "250 Stored" if place > 1 or sent_once.wait(20) else ""

    with running_beat(tmp_path):
        with nobody_can_write("delivery_digest"), running_worker(tmp_path, name="planner", queue="background") as worker:
            kill_at("delivery_digest", worker)
        with running_worker(tmp_path, name="second-planner", queue="background"):
            wait_until(lambda: row("SELECT count(*) FROM delivery_digest"), what="a digest")
        row("UPDATE delivery_digest SET due_at = now() RETURNING id")
        with nobody_can_write("delivery_rendering"), running_worker(tmp_path, name="maker", queue="background") as worker:
            kill_at("delivery_rendering", worker)
        assert row("SELECT count(*) FROM delivery_delivery WHERE digest_id IS NOT NULL AND NOT is_digest") == 1_000
        with running_worker(tmp_path, name="second-maker", queue="background"):
            wait_until(lambda: row("SELECT count(*) FROM delivery_delivery WHERE is_digest AND state = 'queued'"), what="a whole digest")

        with running_worker(tmp_path, name="sender") as worker:
            wait_until(lambda: inbox.raw, what="the mail's arrival")
            worker.kill()
        sent_once.set()
        expire_leases()
        with nobody_can_write("delivery_attempt"), running_worker(tmp_path, name="recorder") as worker:
            kill_at("delivery_attempt", worker)
        expire_leases()
        with running_worker(tmp_path, name="last"):
            shop.wait_for(*["delivered"] * 1_001)

    assert len(inbox.raw) >= 3
    assert len(set(inbox.raw)) == 1
    assert Counter(names_in(inbox.mails[0])) == Counter(numbered(1_000))
    assert row("SELECT count(*) FROM delivery_attempt") == 1
