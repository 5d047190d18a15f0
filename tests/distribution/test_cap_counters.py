"""Seats taken, given back and counted per measure."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone

from distribution.cap_counters import lock_usage, return_seats
from distribution.models import CapCounter
from distribution.routing import AssignmentDecision, cap_keys, match
from distribution.rules import LeadView
from tests.builders import make_account
from tests.distribution.routed import NOW, Routed, routed

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def counters(acme: Routed) -> dict[tuple[str, str, str], int]:
    with acme.shop.open():
        return {(one.subject, one.measure, one.period): one.used for one in CapCounter.objects.all()}


def route(acme: Routed, leads: int) -> list[AssignmentDecision]:
    return [chosen for decision in acme.route(leads) for chosen in decision.chosen]


LIMITS = {"price": "2.50", "caps": {"day": 5, "total": 9}, "budgets": {"month": "100"}}


def test_a_lead_takes_a_seat_of_every_cap_and_its_price_of_every_budget() -> None:
    acme = routed({"Helios": LIMITS})
    route(acme, 2)
    assert counters(acme) == {("assignment", "leads", "day"): 2, ("assignment", "leads", "total"): 2, ("assignment", "money", "month"): 500}


def test_seats_that_are_returned_are_free_again() -> None:
    acme = routed({"Helios": LIMITS})
    taken = [chosen.seats_taken or [] for chosen in route(acme, 5)]
    assert route(acme, 1) == []
    with acme.shop.open():
        return_seats([seat for seats in taken[:2] for seat in seats])
    assert counters(acme) == {("assignment", "leads", "day"): 3, ("assignment", "leads", "total"): 3, ("assignment", "money", "month"): 750}
    assert len(route(acme, 3)) == 2


def test_what_is_returned_never_leaves_less_than_nothing() -> None:
    acme = routed({"Helios": LIMITS})
    (chosen,) = route(acme, 1)
    with acme.shop.open():
        return_seats([*(chosen.seats_taken or [])] * 3)
    assert set(counters(acme).values()) == {0}


def test_a_seat_of_a_later_period_is_returned_there() -> None:
    acme = routed({"Helios": {"caps": {"day": 1}, "at_cap": "hold"}})
    _, held = route(acme, 2)
    with acme.shop.open():
        return_seats(held.seats_taken or [])
        today, tomorrow = CapCounter.objects.order_by("starts_at")
    assert (today.used, tomorrow.used) == (1, 0)
    assert tomorrow.starts_at - today.starts_at == timedelta(days=1)
    assert route(acme, 1)[0].due_at == NOW.replace(hour=0) + timedelta(days=1)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_whoever_returns_a_later_seat_waits_for_those_who_choose_by_the_present_one() -> None:
    """Else the two could wait for each other: whoever chooses asks for the later counter last."""
    now = timezone.now()
    acme = routed({"Helios": {"caps": {"month": 1}, "at_cap": "hold"}})
    _, held = [chosen for decision in acme.route(2, now=now) for chosen in decision.chosen]

    def give_back() -> None:
        try:
            with acme.shop.open(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '50ms'")
                return_seats(held.seats_taken or [])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        with acme.shop.open() as access:
            lock_usage(access.account_id, cap_keys([match(acme.spec, LeadView({}), now)]))
            with pytest.raises(OperationalError, match="lock timeout"):
                other.submit(give_back).result()
        other.submit(give_back).result()
    with acme.shop.open():
        assert list(CapCounter.objects.order_by("starts_at").values_list("used", flat=True)) == [1, 0]


def test_another_account_returns_nothing_of_it() -> None:
    acme = routed({"Helios": LIMITS})
    (chosen,) = route(acme, 1)
    with make_account("Other", "charlie@other.test").open():
        return_seats(chosen.seats_taken or [])
    assert counters(acme)["assignment", "leads", "day"] == 1


def test_nothing_to_return_costs_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        return_seats([])


def test_a_cap_and_a_budget_of_one_period_are_counted_apart() -> None:
    acme = routed({"Helios": {"price": "2.50", "caps": {"day": 5}, "budgets": {"day": "100"}}})
    route(acme, 1)
    assert counters(acme) == {("assignment", "leads", "day"): 1, ("assignment", "money", "day"): 250}


def test_a_lead_that_is_not_held_asks_for_no_later_counter(django_assert_num_queries: Any) -> None:
    acme = routed({"Helios": {"caps": {"day": 5}, "at_cap": "hold"}})
    route(acme, 1)
    # The savepoint, the account set and set back, and the counters made, locked and raised.
    with django_assert_num_queries(7):
        route(acme, 1)
