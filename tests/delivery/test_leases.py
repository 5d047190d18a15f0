"""The leases of what is in flight: kept by engines that live, taken back from those that died."""

from datetime import timedelta

import psycopg
import pytest
from django.utils import timezone

from accounts.ids import new_id
from accounts.isolation import account_scope
from delivery import queue
from delivery.engine_database import engine_conninfo
from delivery.models import Delivery
from tests.delivery.lanes import FIRST, as_engine, claim, make_lane

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_leases_that_ran_out_are_taken_back() -> None:
    lane = make_lane("Acme")
    lane.add()
    claim()
    with account_scope(lane.account.id):
        Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert as_engine(queue.take_back) == 1
    assert lane.states() == ["queued"]


def test_leases_of_a_dead_engine_are_taken_back_before_they_run_out() -> None:
    lane = make_lane("Acme")
    lane.add()
    claim()  # its connection, and with it the engine's lock, is gone
    assert as_engine(queue.take_back) == 0  # too fresh to tell a death from a database restart
    with account_scope(lane.account.id):
        Delivery.objects.update(leased_until=timezone.now() + timedelta(seconds=queue.LEASE_SECONDS - queue.DEAD_AFTER_SECONDS - 1))
    assert as_engine(queue.take_back) == 1


def test_leases_of_a_living_engine_are_left_alone() -> None:
    lane = make_lane("Acme")
    lane.add()
    engine = queue.EngineId.new()

    async def scene(connection: queue.Connection) -> tuple[int, int]:
        await queue.announce(connection, engine)
        await queue.claim(connection, claim_id=engine.new_claim(), limit=10, retry_limit=10, after=FIRST)
        await connection.execute("UPDATE delivery_delivery SET leased_until = now() + interval '30 s'")
        async with await psycopg.AsyncConnection.connect(engine_conninfo(), autocommit=True) as other:
            early = await queue.take_back(other)
            await connection.execute("UPDATE delivery_delivery SET leased_until = now() - interval '1 s'")
            return early, await queue.take_back(other)

    assert as_engine(scene) == (0, 1)


def test_a_heartbeat_renews_the_lease() -> None:
    lane = make_lane("Acme")
    lane.add()
    claimed = claim()
    with account_scope(lane.account.id):
        Delivery.objects.update(leased_until=timezone.now() + timedelta(seconds=5))
    as_engine(lambda c: queue.heartbeat(c, [claimed.claim_id]))
    leased_until = lane.deliveries()[0].leased_until
    assert leased_until is not None
    assert leased_until > timezone.now() + timedelta(seconds=80)


def test_an_interrupted_test_is_not_sent_later() -> None:
    lane = make_lane("Acme")
    lane.add(state="sending", is_test=True, claim_id=new_id(), leased_until=timezone.now() - timedelta(seconds=1))
    as_engine(queue.take_back)
    (delivery,) = lane.deliveries()
    assert (delivery.state, delivery.next_attempt_at) == ("cancelled", None)
