"""Volume by the hour: what stands counted, and what is counted when asked."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.ids import new_id
from delivery.models import Delivery, HourlyVolume
from delivery.volume import WAIT_LIMITS_MS, count_hours, hours_of, percentile, sum_up
from distribution.models import Lead
from tests.builders import Set, make_account, make_set

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


def _finish(acme: Set, *, state: str = "delivered", seconds: float = 0.4, hours_ago: float = 0, is_test: bool = False) -> None:
    """Another lead with a delivery that ended so."""
    then = timezone.now() - timedelta(hours=hours_ago)
    lead, delivery = (_id_at(then) for _ in range(2))
    with acme.shop.open():
        Lead.objects.create(
            id=lead,
            account=acme.shop.account,
            entity=acme.entity,
            source="api",
            values={},
            wrapped_key=b"k",
            created_at=then,
            updated_at=then,
        )
        Delivery.objects.create(
            id=delivery, account=acme.shop.account, lead_id=lead, channel=acme.channel, profile=acme.profile, partner=acme.partner, state=state,
            is_test=is_test, created_at=then, updated_at=then, finished_at=then + timedelta(seconds=seconds),
        )  # fmt: skip


def _id_at(moment: datetime):  # type: ignore[no-untyped-def]
    low = new_id().int & ((1 << 80) - 1)
    return type(new_id())(int=int(moment.timestamp() * 1000) << 80 | low)


def test_hours_that_are_over_are_counted_once_and_read_from_there(acme: Set) -> None:
    for state in ("delivered", "delivered", "failed", "rejected"):
        _finish(acme, state=state, hours_ago=5)
    assert count_hours() == 1
    with acme.shop.open():
        kept = HourlyVolume.objects.get()
        hours = hours_of(acme.shop.account.id, since=timezone.now() - timedelta(days=1), now=timezone.now())
    assert (kept.leads, kept.delivered, kept.failed, kept.rejected, sum(kept.waits)) == (4, 2, 1, 1, 2)
    assert [(hour.leads, hour.delivered) for hour in hours] == [(4, 2), (1, 0)]  # the second is the set's own lead, of this hour


def test_counting_again_takes_in_what_arrived_since(acme: Set) -> None:
    _finish(acme, state="held", hours_ago=5)
    count_hours()
    with acme.shop.open():
        Delivery.objects.filter(state="held").exclude(lead=acme.lead).update(state="delivered")
    count_hours()
    with acme.shop.open():
        assert HourlyVolume.objects.get().delivered == 1


def test_nothing_needs_to_have_been_counted(acme: Set) -> None:
    _finish(acme, hours_ago=30)
    with acme.shop.open():
        hours = hours_of(acme.shop.account.id, since=timezone.now() - timedelta(days=3), now=timezone.now())
    assert sum_up(hours).delivered == 1


def test_tests_do_not_count(acme: Set) -> None:
    _finish(acme, is_test=True)
    with acme.shop.open():
        hours = hours_of(acme.shop.account.id, since=timezone.now() - timedelta(hours=2), now=timezone.now())
    assert sum_up(hours).delivered == 0


def test_percentiles_are_within_their_class(acme: Set) -> None:
    for seconds in [0.4] * 18 + [9.0] * 2:
        _finish(acme, seconds=seconds)
    with acme.shop.open():
        volume = sum_up(hours_of(acme.shop.account.id, since=timezone.now() - timedelta(hours=2), now=timezone.now()))
    assert volume.p50_ms == pytest.approx(400, rel=0.125)
    assert volume.p95_ms == pytest.approx(9_000, rel=0.125)
    assert volume.success == 1.0


def test_another_accounts_volume_stays_its_own(acme: Set) -> None:
    _finish(acme, hours_ago=5)
    other = make_account("Charlie", "charlie@charlie.test")
    count_hours()
    with other.open():
        assert hours_of(other.account.id, since=datetime(2020, 1, 1, tzinfo=UTC), now=timezone.now()) == []


def test_nothing_has_no_percentile() -> None:
    assert percentile([0] * (len(WAIT_LIMITS_MS) + 1), 0.5) is None
