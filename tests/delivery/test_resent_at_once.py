"""Resends beside each other and beside what follows on an end: nothing is queued twice, no seat returned twice."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.utils import timezone

from delivery.models import Delivery
from distribution.models import CapCounter
from intake.follow_up import follow_up
from tests.builders import Shop, make_account, make_assignment, make_channel, make_entity, make_lead, make_partner, make_profile

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def shop() -> Shop:
    """A lead that went to Helios, the first of two; each has a cap."""
    shop = make_account()
    make_entity(shop)
    profile = make_profile(shop, strategy="first_match")
    for place, name in enumerate(["Helios", "Sunrise"]):
        make_channel(shop, make_assignment(shop, profile, make_partner(shop, name), priority=9 - place, caps={"day": 5}))
    make_lead(shop)
    return shop


def end(shop: Shop, state: str) -> None:
    """As the engine leaves it."""
    with shop.open():
        Delivery.objects.filter(partner__name="Helios").update(state=state, next_attempt_at=None, finished_at=timezone.now())


def resend(shop: Shop) -> int:
    with shop.open():
        delivery_id = Delivery.objects.get(partner__name="Helios").id
    status: int = shop.call("POST", f"deliveries/{delivery_id}/resend").status_code
    return status


def states(shop: Shop) -> dict[str, str]:
    with shop.open():
        return dict(Delivery.objects.values_list("partner__name", "state"))


def used(shop: Shop) -> list[int]:
    with shop.open():
        return sorted(CapCounter.objects.values_list("used", flat=True))


def test_of_two_at_the_same_moment_one_is_told_that_it_is_queued(shop: Shop) -> None:
    end(shop, "failed")
    both_ready = Barrier(2)

    def press(_: int) -> int:
        both_ready.wait(10)
        try:
            return resend(shop)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, range(2))) == [200, 409]


def test_a_partner_that_had_the_lead_keeps_it_also_when_the_resend_fails(shop: Shop) -> None:
    end(shop, "delivered")
    assert resend(shop) == 200
    end(shop, "failed")
    assert not follow_up()
    assert (states(shop), used(shop)) == ({"Helios": "failed"}, [0, 1])


def test_a_lead_that_went_on_stays_there_and_its_seats_went_back_once(shop: Shop) -> None:
    end(shop, "rejected")
    follow_up()
    assert (states(shop), used(shop)) == ({"Helios": "rejected", "Sunrise": "queued"}, [0, 1])
    assert resend(shop) == 200
    end(shop, "rejected")
    assert not follow_up()
    assert (states(shop), used(shop)) == ({"Helios": "rejected", "Sunrise": "queued"}, [0, 1])


def test_an_end_that_nobody_followed_up_before_the_resend_is_followed_up_after_the_next(shop: Shop) -> None:
    end(shop, "failed")
    assert resend(shop) == 200
    assert not follow_up()
    end(shop, "failed")
    assert follow_up()
    assert (states(shop), used(shop)) == ({"Helios": "failed", "Sunrise": "queued"}, [0, 1])
