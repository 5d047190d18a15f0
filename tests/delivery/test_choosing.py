"""What a channel's breaker and its rate let go, on a real database. Time is moved in the database, not waited for."""

import time
from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from accounts.isolation import account_scope
from delivery import queue
from delivery.models import ChannelHealth, ChannelRate, DeliveryChannel
from tests.delivery.lanes import Lane, as_engine, claim, make_lane

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

SECOND = timedelta(seconds=1)


def make_channel_of(**columns: object) -> Lane:
    lane = make_lane("Acme", max_in_flight=50)
    with account_scope(lane.account.id):
        DeliveryChannel.objects.update(**columns)
    return lane


def set_health(lane: Lane, **columns: object) -> None:
    with account_scope(lane.account.id):
        ChannelHealth.objects.update_or_create(channel=lane.channel, account=lane.account, defaults=columns)


def finish_all() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE delivery_delivery SET state = 'delivered', claim_id = NULL, leased_until = NULL WHERE state = 'sending'")


def let_pass(span: timedelta) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE delivery_channelrate SET used_until = used_until - make_interval(secs => %s)", [span.total_seconds()])


def next_opening() -> datetime | None:
    return as_engine(lambda connection: queue.next_opening(connection, within=5 * SECOND))


def test_during_a_rest_nothing_goes() -> None:
    lane = make_lane("Acme")
    lane.add(3)
    set_health(lane, open_until=timezone.now() + 30 * SECOND, allowed_in_flight=1)
    assert claim().rows == []


def test_after_the_rest_one_probe_goes_at_a_time() -> None:
    lane = make_lane("Acme")
    lane.add(3)
    set_health(lane, open_until=timezone.now(), allowed_in_flight=1)
    assert [len(claim().rows), len(claim().rows)] == [1, 0]
    finish_all()
    assert len(claim().rows) == 1


def test_on_the_way_back_only_so_many_are_in_flight() -> None:
    lane = make_lane("Acme", max_in_flight=5)
    lane.add(10)
    set_health(lane, allowed_in_flight=3)
    assert [len(claim().rows), len(claim().rows)] == [3, 0]
    set_health(lane, allowed_in_flight=None)
    assert len(claim().rows) == 2


def test_a_rate_of_one_a_second_lets_one_go_and_the_next_a_second_later() -> None:
    lane = make_channel_of(rate_per_minute=60)
    lane.add(5)
    assert [len(claim().rows), len(claim().rows)] == [1, 0]
    let_pass(SECOND)
    assert [len(claim().rows), len(claim().rows)] == [1, 0]


def test_unused_rate_is_saved_up_for_a_second_at_most() -> None:
    lane = make_channel_of(rate_per_minute=600)
    lane.add(50)
    assert len(claim().rows) == 10
    let_pass(3_600 * SECOND)
    assert len(claim().rows) == 10


@pytest.mark.parametrize("rate", [30, 90])
def test_no_60_seconds_see_more_than_the_rate_whoever_claims(rate: int) -> None:
    lane = make_channel_of(rate_per_minute=rate)
    lane.add(rate * 2)
    went, clock = [], time.monotonic()
    for _ in range(80):
        # Each claim is another engine's.
        went.append(len(claim().rows) + len(claim().rows))
        finish_all()
        # Of each second, what has not passed by itself.
        let_pass(SECOND - timedelta(seconds=time.monotonic() - clock))
        clock = time.monotonic()
    assert max(sum(went[start : start + 60]) for start in range(20)) <= rate
    # Nor much less, while enough is due: a bucket that is looked at once a second runs over now and then.
    assert sum(went[:60]) >= rate * 0.85


def test_a_channel_without_a_rate_keeps_no_count() -> None:
    lane = make_lane("Acme", max_in_flight=50)
    lane.add(40)
    assert len(claim().rows) == 40
    with account_scope(lane.account.id):
        assert not ChannelRate.objects.exists()


def test_a_rate_of_one_channel_holds_up_no_other() -> None:
    slow = make_channel_of(rate_per_minute=1)
    quick = make_lane("Quick", max_in_flight=50)
    slow.add(20)
    quick.add(20)
    assert Counter(row.account_id for row in claim(limit=30).rows) == {slow.account.id: 1, quick.account.id: 20}


@pytest.mark.parametrize("rate", [0, 60_001])
def test_the_database_takes_no_other_rate(rate: int) -> None:
    lane = make_lane("Acme")
    with account_scope(lane.account.id), pytest.raises(IntegrityError, match="channel_rate_range"), transaction.atomic():
        DeliveryChannel.objects.update(rate_per_minute=rate)


def test_an_engine_learns_when_a_rate_lets_the_next_go() -> None:
    lane = make_channel_of(rate_per_minute=60)
    lane.add(2)
    assert next_opening() is None  # it goes now
    before = timezone.now()
    claim()
    opens_at = next_opening()
    assert opens_at is not None
    assert before < opens_at <= timezone.now() + SECOND


def test_an_engine_learns_when_a_rest_ends_if_something_is_due() -> None:
    lane = make_lane("Acme")
    ends_at = timezone.now() + 4 * SECOND
    set_health(lane, open_until=ends_at, allowed_in_flight=1)
    lane.add(due=timezone.now() + timedelta(hours=1))
    assert next_opening() is None
    lane.add()
    assert next_opening() == ends_at
    set_health(lane, open_until=timezone.now() + 30 * SECOND)
    assert next_opening() is None


def test_one_lane_with_much_due_does_not_crowd_a_claim() -> None:
    big = make_lane("Big", max_in_flight=50)
    small = [make_lane(f"Small {n}", max_in_flight=50, account=big.account) for n in range(3)]
    big.add(50)
    for lane in small:
        lane.add()
    # Twice its fair share of the 12: four channels, three each.
    by_channel = Counter(row.channel_id for row in claim(limit=12).rows)
    assert by_channel == {big.channel.id: 6, **{lane.channel.id: 1 for lane in small}}
