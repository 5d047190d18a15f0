"""The queue's statements on a real database, as the engine's role."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from django.utils import timezone
from msgspec.structs import replace

from accounts.ids import new_id
from accounts.isolation import account_scope
from delivery import queue
from delivery.engine_database import engine_conninfo
from delivery.models import Attempt, Delivery, DeliveryChannel
from delivery.record import Record
from tests.delivery.lanes import FIRST, Lane, as_engine, claim, make_lane

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def ids(claimed: queue.Claimed) -> set[UUID]:
    return {row.id for row in claimed.rows}


def record_for(lane: Lane, delivery_id: UUID, claim_id: UUID, **changes: object) -> Record:
    now = datetime.now(UTC)
    made = Record(
        id=new_id(), account_id=lane.account.id, delivery_id=delivery_id, channel_id=lane.channel.id, claim_id=claim_id, rendering_id=None,
        number=1, trigger="automatic", started_at=now, outcome="delivered", code="ok", reason="Delivered.", method="POST",
        target="https://partner.test/", address="192.0.2.1:443", http_status=200, request_headers=(("webhook-id", "x"),), sealed_response=b"x",
        dns_ms=None, connect_ms=None, tls_ms=None, first_byte_ms=1.5, duration_ms=2.5, next_attempt_at=None, state="delivered", counted=1,
        is_attempt=True,
    )  # fmt: skip
    return replace(made, **changes)


def test_only_what_is_due_is_claimed() -> None:
    lane = make_lane("Acme")
    (due,) = lane.add()
    lane.add(due=timezone.now() + timedelta(hours=1))
    lane.add(state="held")
    lane.add(state="delivered")
    assert ids(claim()) == {due}


def test_a_claimed_delivery_is_leased_and_not_claimed_again() -> None:
    lane = make_lane("Acme")
    lane.add()
    before = timezone.now()
    mine = queue.EngineId.new().new_claim()
    assert len(claim(claim_id=mine).rows) == 1
    assert claim().rows == []
    (delivery,) = lane.deliveries()
    assert (delivery.state, delivery.claim_id) == ("sending", mine)
    assert delivery.leased_until is not None
    assert 89 <= (delivery.leased_until - before).total_seconds() <= 92


def test_a_channel_has_at_most_its_limit_in_flight() -> None:
    lane = make_lane("Acme", max_in_flight=3)
    lane.add(10)
    assert [len(claim().rows) for _ in range(3)] == [3, 0, 0]


def test_engines_that_claim_at_once_share_one_limit() -> None:
    lane = make_lane("Acme", max_in_flight=5)
    lane.add(40)

    async def race() -> int:
        connections = [await psycopg.AsyncConnection.connect(engine_conninfo(), autocommit=True) for _ in range(8)]
        claims = [queue.claim(c, claim_id=queue.EngineId.new().new_claim(), limit=200, retry_limit=200, after=FIRST) for c in connections]
        claimed = await asyncio.gather(*claims)
        for connection in connections:
            await connection.close()
        return sum(len(one.rows) for one in claimed)

    assert asyncio.run(race()) == 5
    assert Counter(lane.states()) == {"sending": 5, "queued": 35}


def test_the_oldest_due_goes_first() -> None:
    lane = make_lane("Acme", max_in_flight=2)
    oldest, second, _ = lane.add(3)
    assert ids(claim()) == {oldest, second}


def test_accounts_take_turns() -> None:
    big, small = make_lane("Big", max_in_flight=50), make_lane("Small", max_in_flight=50)
    big.add(30)
    small.add(5)
    by_account = Counter(row.account_id for row in claim(limit=10).rows)
    assert by_account == {big.account.id: 5, small.account.id: 5}


def test_channels_of_an_account_take_turns() -> None:
    one = make_lane("One", max_in_flight=50)
    two = make_lane("Two", max_in_flight=50, account=one.account)
    one.add(30)
    two.add(4)
    by_channel = Counter(row.channel_id for row in claim(limit=8).rows)
    assert by_channel == {one.channel.id: 4, two.channel.id: 4}


def test_the_account_served_last_comes_last() -> None:
    lanes = sorted((make_lane(name) for name in ("A", "B", "C")), key=lambda lane: lane.account.id)
    for lane in lanes:
        lane.add()
    (row,) = claim(limit=1, after=lanes[0].account.id).rows
    assert row.account_id == lanes[1].account.id


def test_first_tries_and_retries_of_a_channel_take_turns() -> None:
    lane = make_lane("Acme", max_in_flight=4)
    lane.add(10, is_retry=True, attempts_made=1, due=timezone.now() - timedelta(hours=1))
    lane.add(10)
    assert Counter(row.is_retry for row in claim().rows) == {True: 2, False: 2}


def test_retries_leave_the_other_slots_free() -> None:
    failing, well = make_lane("Failing", max_in_flight=50), make_lane("Well", max_in_flight=50)
    failing.add(40, is_retry=True, attempts_made=1)
    well.add(3)
    assert Counter(row.is_retry for row in claim(retry_limit=7).rows) == {True: 7, False: 3}


def test_a_paused_channel_is_left_alone() -> None:
    lane = make_lane("Acme")
    lane.add()
    with account_scope(lane.account.id):
        DeliveryChannel.objects.update(paused_at=timezone.now())
    assert claim().rows == []


def test_recording_moves_the_delivery_and_writes_the_attempt() -> None:
    lane = make_lane("Acme")
    lane.add()
    claimed = claim()
    (row,) = claimed.rows
    as_engine(lambda c: queue.record(c, [record_for(lane, row.id, claimed.claim_id)]))
    (delivery,) = lane.deliveries()
    assert (delivery.state, delivery.attempts_made, delivery.claim_id, delivery.next_attempt_at) == ("delivered", 1, None, None)
    assert delivery.finished_at is not None
    with account_scope(lane.account.id):
        (attempt,) = Attempt.objects.all()
    assert (attempt.outcome, attempt.http_status, attempt.duration_ms, attempt.is_late) == ("delivered", 200, 2.5, False)
    assert attempt.request_headers == [["webhook-id", "x"]]


def test_recording_twice_writes_one_attempt() -> None:
    lane = make_lane("Acme")
    lane.add()
    claimed = claim()
    one = record_for(lane, claimed.rows[0].id, claimed.claim_id)
    as_engine(lambda c: queue.record(c, [one]))
    as_engine(lambda c: queue.record(c, [one]))
    with account_scope(lane.account.id):
        assert Attempt.objects.count() == 1
    assert lane.deliveries()[0].attempts_made == 1


def test_an_engine_that_lost_its_claim_records_late_and_changes_nothing() -> None:
    lane = make_lane("Acme")
    lane.add()
    slow = claim()
    (row,) = slow.rows
    as_engine(lambda c: queue.give_back(c, slow.claim_id))
    fast = claim()
    as_engine(lambda c: queue.record(c, [record_for(lane, row.id, slow.claim_id, state="failed", outcome="failed")]))
    (delivery,) = lane.deliveries()
    assert (delivery.state, delivery.claim_id, delivery.attempts_made) == ("sending", fast.claim_id, 0)
    with account_scope(lane.account.id):
        assert [attempt.is_late for attempt in Attempt.objects.all()] == [True]


def test_a_retry_is_queued_for_its_time() -> None:
    lane = make_lane("Acme")
    lane.add()
    claimed = claim()
    due = datetime.now(UTC) + timedelta(seconds=5)
    again = record_for(
        lane, claimed.rows[0].id, claimed.claim_id, state="queued", outcome="retry", next_attempt_at=due, reason="No answer."
    )
    as_engine(lambda c: queue.record(c, [again]))
    (delivery,) = lane.deliveries()
    assert (delivery.state, delivery.next_attempt_at, delivery.is_retry, delivery.reason) == ("queued", due, True, "No answer.")
    assert delivery.finished_at is None


def test_what_was_not_tried_leaves_no_attempt() -> None:
    lane = make_lane("Acme")
    lane.add()
    claimed = claim()
    held = record_for(lane, claimed.rows[0].id, claimed.claim_id, state="held", outcome="held", is_attempt=False, counted=0)
    as_engine(lambda c: queue.record(c, [held]))
    assert (lane.deliveries()[0].state, lane.deliveries()[0].attempts_made) == ("held", 0)
    with account_scope(lane.account.id):
        assert not Attempt.objects.exists()


def test_an_earlier_rendering_comes_with_the_claim() -> None:
    lane = make_lane("Acme")
    (delivery_id,) = lane.add(is_retry=True)
    kept = queue.SealedRendering(
        new_id(), lane.account.id, delivery_id, b"sealed", "application/json", ("a@b.test", "c@d.test"), False, timezone.now()
    )
    as_engine(lambda c: queue.save_renderings(c, [kept]))
    (row,) = claim().rows
    assert (row.rendering_id, row.sealed_body, row.content_type, row.recipients) == (
        kept.id, b"sealed", "application/json", ["a@b.test", "c@d.test"],
    )  # fmt: skip


def test_a_retry_through_a_channel_that_was_paused_meanwhile_is_held() -> None:
    lane = make_lane("Acme")
    lane.add()
    claimed = claim()
    with account_scope(lane.account.id):
        DeliveryChannel.objects.update(paused_at=timezone.now())
    due = datetime.now(UTC) + timedelta(seconds=5)
    again = record_for(
        lane, claimed.rows[0].id, claimed.claim_id, state="queued", outcome="retry", next_attempt_at=due, reason="No answer."
    )
    as_engine(lambda c: queue.record(c, [again]))
    (delivery,) = lane.deliveries()
    assert (delivery.state, delivery.next_attempt_at, delivery.reason) == ("held", None, "The channel is paused. No answer.")


def test_an_erased_lead_s_answer_leaves_no_reference() -> None:
    lane = make_lane("Acme")
    lane.add()
    claimed = claim()
    with account_scope(lane.account.id):
        Delivery.objects.update(reason=queue.LEAD_ERASED)
    as_engine(lambda c: queue.record(c, [record_for(lane, claimed.rows[0].id, claimed.claim_id, partner_reference="Jane Doe")]))
    assert lane.deliveries()[0].partner_reference == ""
