"""Workers killed, the broker emptied and stopped, the database restarted: every lead arrives, and what arrives twice has one id."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections

from tests import services
from tests.flows.conftest import Shop
from tests.flows.partner import Partner
from tests.flows.processes import running_beat, running_worker, wait_until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "engine"])


def expire_leases() -> None:
    """Move time past the leases of whoever was killed."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE delivery_delivery SET leased_until = now() - interval '1 s' WHERE state = 'sending'")


@contextmanager
def nobody_can_write(table: str) -> Iterator[None]:
    """Hold a lock that lets others read the table and not write it. At the end whatever still waits for it is undone.

    The server goes on with the statement of a killed process, and would write for it as soon as the lock is gone.
    """
    with connections["owner"].cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        try:
            yield
        finally:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            cursor.execute("ROLLBACK")


def test_killed_before_the_claim(shop: Shop, partner: Partner, tmp_path: Path) -> None:
    shop.open_webhook(partner.url)
    with running_worker(tmp_path) as worker:
        worker.kill()
    shop.send()
    with running_worker(tmp_path, name="second"), running_beat(tmp_path):
        shop.wait_for("delivered")
    assert len(partner.received) == 1


def test_killed_after_the_claim(shop: Shop, partner: Partner, tmp_path: Path) -> None:
    shop.open_webhook(partner.url)
    with nobody_can_write("delivery_rendering"), running_worker(tmp_path) as worker:
        shop.send()
        shop.wait_for("sending")
        worker.kill()
    expire_leases()
    with running_worker(tmp_path, name="second"), running_beat(tmp_path):
        shop.wait_for("delivered")
    assert len(partner.received) == 1


def test_killed_in_flight(shop: Shop, partner: Partner, tmp_path: Path) -> None:
    shop.open_webhook(partner.url)
    release = threading.Event()
    partner.answer = lambda place: 200 if place > 1 or release.wait(20) else 500
    with running_worker(tmp_path) as worker:
        shop.send()
        wait_until(lambda: partner.received, what="the request")
        worker.kill()
    expire_leases()
    with running_worker(tmp_path, name="second"), running_beat(tmp_path):
        shop.wait_for("delivered")
    release.set()
    first, second = partner.received
    assert (first.id, first.body) == (second.id, second.body)


def test_killed_between_the_answer_and_the_record(shop: Shop, partner: Partner, tmp_path: Path) -> None:
    shop.open_webhook(partner.url)
    with nobody_can_write("delivery_attempt"), running_worker(tmp_path) as worker:
        shop.send()
        wait_until(lambda: partner.answered, what="the answer")
        worker.kill()
    expire_leases()
    with running_worker(tmp_path, name="second"), running_beat(tmp_path):
        shop.wait_for("delivered")
    first, second = partner.answered
    assert (first.id, first.body) == (second.id, second.body)


def test_a_dead_workers_leads_do_not_wait_for_their_lease(shop: Shop, partner: Partner, tmp_path: Path) -> None:
    shop.open_webhook(partner.url)
    release = threading.Event()
    partner.answer = lambda place: 200 if place > 1 or release.wait(30) else 500
    with running_worker(tmp_path) as worker:
        shop.send()
        wait_until(lambda: partner.received, what="the request")
        worker.kill()
    with running_worker(tmp_path, name="second"), running_beat(tmp_path):
        shop.wait_for("delivered", seconds=30)  # the lease itself lasts 90 s
    release.set()


def test_stopped_workers_finish_what_they_began(shop: Shop, partner: Partner, tmp_path: Path) -> None:
    shop.open_webhook(partner.url)
    release = threading.Event()
    partner.answer = lambda _: 200 if release.wait(20) else 500
    with running_worker(tmp_path) as worker:
        shop.send()
        wait_until(lambda: partner.received, what="the request")
        worker.process.terminate()
        threading.Timer(0.5, release.set).start()
        worker.process.wait(20)
    assert shop.states() == ["delivered"]
    assert len(partner.received) == 1


def test_the_broker_emptied_and_stopped_in_between(shop: Shop, partner: Partner, tmp_path: Path) -> None:
    assert services.VALKEY is not None, "this test stops the broker, so it needs the tests' own"
    shop.open_webhook(partner.url)
    with running_worker(tmp_path), running_beat(tmp_path):
        shop.send()
        shop.wait_for("delivered")
        services.VALKEY.stop()
        try:
            for _ in range(5):
                shop.send()
        finally:
            services.VALKEY.start()
        shop.wait_for(*["delivered"] * 6, seconds=30)
    assert len(partner.received) == 6


def test_the_database_restarted_in_between(shop: Shop, partner: Partner, tmp_path: Path) -> None:
    assert services.POSTGRES is not None, "this test restarts the database, so it needs the tests' own"
    shop.open_webhook(partner.url)
    release = threading.Event()
    partner.answer = lambda _: 200 if release.wait(20) else 500
    with running_worker(tmp_path), running_beat(tmp_path):
        for _ in range(5):
            shop.send()
        wait_until(lambda: len(partner.received) == 5, what="five requests")
        for connection in connections.all():
            connection.close()
        services.POSTGRES.stop()
        release.set()
        services.POSTGRES.start()
        shop.wait_for(*["delivered"] * 5, seconds=10)
        shop.send()
        shop.wait_for(*["delivered"] * 6, seconds=30)
    assert len(partner.received) == 6
