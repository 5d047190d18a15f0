"""What follows when a partner does not take a lead."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from delivery.models import Delivery
from distribution.entities import change_entity
from distribution.models import CapCounter, Decision, Entity, Profile
from distribution.profiles import change_profile
from intake.follow_up import follow_up
from tests.builders import (
    FIELDS,
    LEAD,
    Shop,
    make_account,
    make_assignment,
    make_channel,
    make_entity,
    make_lead,
    make_partner,
    make_profile,
)

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def shop(db: None) -> Shop:
    shop = make_account()
    make_entity(shop)
    return shop


def make_places(shop: Shop, strategy: str, *names: str, **assignment: Any) -> Profile:
    """The first has the highest priority."""
    profile = make_profile(shop, strategy=strategy)
    for place, name in enumerate(names):
        make_channel(shop, make_assignment(shop, profile, make_partner(shop, name), priority=100 - place, **assignment))
    return profile


def end(shop: Shop, state: str, partner: str) -> None:
    """As the engine leaves it."""
    with shop.open():
        changed = Delivery.objects.filter(partner__name=partner, state="queued").update(
            state=state, next_attempt_at=None, finished_at=timezone.now()
        )
        assert changed == 1


def states(shop: Shop) -> dict[str, str]:
    with shop.open():
        return dict(Delivery.objects.order_by("id").values_list("partner__name", "state"))


def used(shop: Shop) -> list[int]:
    with shop.open():
        return sorted(CapCounter.objects.values_list("used", flat=True))


@pytest.mark.parametrize("state", ["rejected", "failed"])
def test_a_lead_that_one_does_not_take_goes_to_the_next(shop: Shop, state: str) -> None:
    make_places(shop, "first_match", "Helios", "Sunrise", "Dusk")
    make_lead(shop)
    end(shop, state, "Helios")
    assert follow_up()
    assert states(shop) == {"Helios": state, "Sunrise": "queued"}
    end(shop, state, "Sunrise")
    follow_up()
    assert states(shop) == {"Helios": state, "Sunrise": state, "Dusk": "queued"}
    end(shop, state, "Dusk")
    follow_up()
    assert not follow_up()
    assert states(shop) == {"Helios": state, "Sunrise": state, "Dusk": state}


def test_the_second_decision_says_after_what_and_why(shop: Shop) -> None:
    make_places(shop, "first_match", "Helios", "Sunrise")
    make_lead(shop)
    end(shop, "rejected", "Helios")
    follow_up()
    with shop.open():
        first, second = Decision.objects.order_by("id")
    assert "after" not in first.detail
    assert second.detail["after"]["reason"] == "Helios rejected the lead."
    assert [(one["partner_name"], one["code"], one["reason"]) for one in second.detail["assignments"]] == [
        ("Helios", "tried", "Helios had this lead already: rejected."),
        ("Sunrise", "chosen", "Chosen."),
    ]


@pytest.mark.parametrize("strategy", ["round_robin", "weighted", "highest_price"])
def test_every_strategy_with_one_winner_moves_on(shop: Shop, strategy: str) -> None:
    make_places(shop, strategy, "Helios", "Sunrise")
    make_lead(shop)
    (first,) = states(shop)
    end(shop, "rejected", first)
    follow_up()
    assert sorted(states(shop).values()) == ["queued", "rejected"]


def test_send_to_all_has_nobody_to_move_on_to(shop: Shop) -> None:
    make_places(shop, "send_to_all", "Helios", "Sunrise", caps={"day": 5})
    make_lead(shop)
    end(shop, "rejected", "Helios")
    assert follow_up()
    assert states(shop) == {"Helios": "rejected", "Sunrise": "queued"}


@pytest.mark.parametrize("state", ["rejected", "failed", "cancelled"])
def test_seats_go_back_once(shop: Shop, state: str) -> None:
    make_places(shop, "send_to_all", "Helios", caps={"day": 5, "total": 9})
    make_lead(shop)
    make_lead(shop)
    assert used(shop) == [2, 2]
    with shop.open():
        last = Delivery.objects.latest("id")
        Delivery.objects.filter(id=last.id).update(state=state, next_attempt_at=None)
    assert follow_up()
    assert not follow_up()
    assert used(shop) == [1, 1]


def test_a_seat_that_came_back_is_free_for_the_next_lead(shop: Shop) -> None:
    make_places(shop, "send_to_all", "Helios", caps={"day": 1})
    make_lead(shop)
    end(shop, "rejected", "Helios")
    follow_up()
    make_lead(shop)
    with shop.open():
        assert sorted(Delivery.objects.values_list("state", flat=True)) == ["queued", "rejected"]


def test_money_goes_back(shop: Shop) -> None:
    make_places(shop, "send_to_all", "Helios", budgets={"month": "100.00"}, price="25.00")
    make_lead(shop)
    assert used(shop) == [2500]
    end(shop, "failed", "Helios")
    follow_up()
    assert used(shop) == [0]


def test_a_cancelled_delivery_goes_to_nobody_else(shop: Shop) -> None:
    make_places(shop, "first_match", "Helios", "Sunrise")
    make_lead(shop)
    end(shop, "cancelled", "Helios")
    follow_up()
    assert states(shop) == {"Helios": "cancelled"}


def test_a_profile_that_was_switched_off_moves_nothing_on(shop: Shop) -> None:
    profile = make_places(shop, "first_match", "Helios", "Sunrise")
    make_lead(shop)
    with shop.open() as access:
        change_profile(access, profile, {"is_enabled": False})
    end(shop, "rejected", "Helios")
    follow_up()
    assert states(shop) == {"Helios": "rejected"}


def test_a_full_next_one_is_passed_over(shop: Shop) -> None:
    profile = make_profile(shop, strategy="first_match")
    for place, (name, caps) in enumerate([("Helios", {}), ("Sunrise", {"day": 0}), ("Dusk", {})]):
        make_channel(shop, make_assignment(shop, profile, make_partner(shop, name), priority=100 - place, caps=caps))
    make_lead(shop)
    end(shop, "rejected", "Helios")
    follow_up()
    assert states(shop) == {"Helios": "rejected", "Dusk": "queued"}


def test_rules_on_encrypted_fields_decide_the_second_time_too(shop: Shop) -> None:
    profile = make_profile(shop, strategy="first_match")
    make_channel(shop, make_assignment(shop, profile, make_partner(shop, "Helios"), priority=2))
    known = {"all": [{"field": "ssn", "operator": "equals", "value": LEAD["ssn"]}]}
    make_channel(shop, make_assignment(shop, profile, make_partner(shop, "Sunrise"), priority=1, rules=known))
    make_lead(shop)
    end(shop, "rejected", "Helios")
    follow_up()
    assert states(shop) == {"Helios": "rejected", "Sunrise": "queued"}


def test_a_value_that_is_secret_by_now_decides_and_is_not_told(shop: Shop) -> None:
    profile = make_profile(shop, strategy="first_match")
    make_channel(shop, make_assignment(shop, profile, make_partner(shop, "Helios"), priority=2))
    near = {"all": [{"field": "zip", "operator": "equals", "value": "90210"}]}
    make_channel(shop, make_assignment(shop, profile, make_partner(shop, "Sunrise"), priority=1, rules=near))
    make_lead(shop, zip="90210")
    end(shop, "rejected", "Helios")
    # Switched on, and the stored leads have not followed yet.
    fields = [{**field, "is_encrypted": field["key"] in ("zip", "ssn")} for field in FIELDS]
    with shop.open() as access:
        change_entity(access, Entity.objects.get(), {"fields": fields})
    follow_up()
    with shop.open():
        detail = Decision.objects.latest("id").detail
    assert [one["code"] for one in detail["assignments"]] == ["tried", "chosen"]
    assert "90210" not in str(detail)


def test_accounts_are_told_to_the_worker_by_id_alone(shop: Shop) -> None:
    make_places(shop, "first_match", "Helios")
    make_lead(shop)
    end(shop, "rejected", "Helios")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM leadflip_accounts_to_follow_up()")
        assert cursor.fetchall() == [(shop.account.id,)]
