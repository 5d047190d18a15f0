"""Deliveries that wait, cancelled one by one and all of a filter."""

from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from accounts.ids import new_id
from accounts.jobs import take_one_step
from accounts.models import AuditEvent
from delivery.models import Delivery
from distribution.models import CapCounter
from intake.follow_up import follow_up
from leadflip.background import KINDS
from tests.builders import Set, make_account, make_assignment, make_channel, make_entity, make_lead, make_partner, make_profile, make_set

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


def put(acme: Set, state: str, **values: Any) -> None:
    due = timezone.now() if state == "queued" else None
    with acme.shop.open():
        Delivery.objects.update(state=state, next_attempt_at=due, **values)


def only(acme: Set) -> Delivery:
    with acme.shop.open():
        return Delivery.objects.get()


@pytest.mark.parametrize("state", ["queued", "held", "collecting"])
def test_what_waits_is_cancelled(acme: Set, state: str) -> None:
    put(acme, state)
    answer = acme.shop.call("POST", f"deliveries/{acme.delivery_id}/cancel")
    assert answer.status_code == 200
    assert answer.json()["state"] == "cancelled"
    assert answer.json()["reason"].startswith("Cancelled by ")
    delivery = only(acme)
    assert (delivery.state, delivery.next_attempt_at, delivery.finished_at is not None) == ("cancelled", None, True)
    with acme.shop.open():
        event = AuditEvent.objects.get(action="cancelled")
    assert (event.object_id, event.changes) == (acme.delivery_id, {"state": [state, "cancelled"]})


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("sending", "being sent at this moment"),
        ("delivered", "delivered already"),
        ("rejected", "rejected already"),
        ("failed", "failed already"),
        ("cancelled", "cancelled already"),
    ],
)
def test_what_does_not_wait_stays_as_it_is(acme: Set, state: str, words: str) -> None:
    put(acme, state)
    answer = acme.shop.call("POST", f"deliveries/{acme.delivery_id}/cancel")
    assert answer.status_code == 409
    assert words in answer.json()["errors"][0]["detail"]
    assert only(acme).state == state


def test_its_seats_go_back_once_also_when_it_is_resent_and_cancelled_again() -> None:
    shop = make_account()
    make_entity(shop)
    profile = make_profile(shop, strategy="first_match")
    for name in ("Helios", "Sunrise"):
        make_channel(shop, make_assignment(shop, profile, make_partner(shop, name), caps={"day": 5}))
    make_lead(shop)
    make_lead(shop)

    def used() -> list[int]:
        with shop.open():
            return list(CapCounter.objects.filter(used__gt=0).values_list("used", flat=True))

    with shop.open():
        path = f"deliveries/{Delivery.objects.latest('id').id}"
    assert used() == [2]
    assert shop.call("POST", f"{path}/cancel").status_code == 200
    follow_up()
    assert used() == [1]
    assert shop.call("POST", f"{path}/resend").status_code == 200
    assert shop.call("POST", f"{path}/cancel").status_code == 200
    assert not follow_up()
    assert used() == [1]
    with shop.open():
        assert Delivery.objects.count() == 2


def test_a_filter_is_cancelled_in_the_background(acme: Set) -> None:
    for _ in range(4):
        make_lead(acme.shop)
    with acme.shop.open():
        first, second, *_ = Delivery.objects.order_by("id").values_list("id", flat=True)
        Delivery.objects.filter(id=first).update(state="delivered")
        Delivery.objects.filter(id=second).update(state="held", next_attempt_at=None)
    answer = acme.shop.call("POST", "deliveries/cancel", {"profile": str(acme.profile.id)})
    assert (answer.status_code, answer.json()["kind"]) == (202, "cancel")
    while take_one_step(KINDS):
        pass
    job = acme.shop.get(f"jobs/{answer.json()['id']}")
    assert (job["state"], job["done"], job["total"], job["result"]) == ("done", 5, 5, {"cancelled": 4, "passed_over": 1})
    with acme.shop.open():
        assert Counter(Delivery.objects.values_list("state", flat=True)) == {"delivered": 1, "cancelled": 4}


def test_counting_beforehand_cancels_nothing(acme: Set) -> None:
    answer = acme.shop.call("POST", "deliveries/cancel", {"state": ["queued"], "dry_run": True})
    assert (answer.status_code, answer.json()) == (200, {"count": 1})
    assert only(acme).state == "queued"


def test_an_unknown_delivery_answers_404(acme: Set) -> None:
    for action in ("cancel", "resend"):
        assert acme.shop.call("POST", f"deliveries/{new_id()}/{action}").status_code == 404
