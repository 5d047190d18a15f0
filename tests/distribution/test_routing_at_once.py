"""Caps, budgets, holds and turns are exact when leads come at once, on real connections."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from distribution.cap_counters import return_seats
from distribution.models import CapCounter, Turn
from tests.distribution.routed import NOW, at_once, routed, who_got

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.mark.parametrize("strategy", ["send_to_all", "first_match", "round_robin", "weighted", "highest_price"])
def test_a_cap_of_10_lets_10_of_100_through(strategy: str) -> None:
    acme = routed({"Helios": {"caps": {"day": 10}}}, strategy=strategy)
    decisions = acme.route_at_once(100)
    assert who_got(decisions) == ["Helios"] * 10
    with acme.shop.open():
        assert CapCounter.objects.get().used == 10


def test_a_budget_is_spent_to_the_penny() -> None:
    acme = routed({"Helios": {"price": "7.77", "budgets": {"day": "77.70"}}})
    assert len(who_got(acme.route_at_once(100))) == 10
    with acme.shop.open():
        counter = CapCounter.objects.get()
    assert (counter.measure, counter.used) == ("money", 7770)


def test_held_leads_fill_one_day_after_the_other() -> None:
    acme = routed({"Helios": {"caps": {"day": 10}, "at_cap": "hold"}})
    due = Counter(decision.chosen[0].due_at for decision in acme.route_at_once(100))
    midnight = NOW.replace(hour=0)
    assert due == {None: 10} | {midnight + timedelta(days=number): 10 for number in range(1, 10)}
    with acme.shop.open():
        assert list(CapCounter.objects.values_list("used", flat=True)) == [10] * 10


def test_held_leads_of_several_partners_lock_nobody_out() -> None:
    """Every transaction holds the present counters of both partners, and asks for later ones of either."""
    own = {"caps": {"hour": 1, "day": 7}, "at_cap": "hold"}
    acme = routed({"Helios": own, "Sunrise": {**own, "price": "5", "budgets": {"hour": "5"}}})
    assert Counter(who_got(acme.route_at_once(40))) == {"Helios": 40, "Sunrise": 40}
    with acme.shop.open():
        hours = CapCounter.objects.filter(period="hour")
        assert {(counter.measure, counter.used) for counter in hours} == {("leads", 1), ("money", 500)}
        assert hours.count() == 120


def test_seats_that_are_returned_while_leads_come_are_counted() -> None:
    acme = routed({"Helios": {"caps": {"day": 30}, "at_cap": "hold"}, "Sunrise": {"price": "5", "budgets": {"month": "1000"}}})
    taken = [chosen.seats_taken or [] for decision in acme.route_at_once(40) for chosen in decision.chosen]

    def give_back(seats: list[list[Any]]) -> None:
        with acme.shop.open():
            return_seats(seats)

    returns: list[Callable[[], object]] = [partial(give_back, seats) for seats in taken]
    at_once([call for pair in zip(returns, [acme.route] * len(returns), strict=True) for call in pair])
    with acme.shop.open():
        used = {measure: sum(one.used for one in CapCounter.objects.filter(measure=measure)) for measure in ("leads", "money")}
    assert used == {"leads": 80, "money": 400_00}


def test_what_overflows_fills_the_other_before_the_next_gets_any() -> None:
    partners = {"Helios": {"caps": {"day": 10}}, "Sunrise": {}, "Dusk": {"caps": {"day": 25}}}
    acme = routed(partners, overflows={"Helios": "Dusk"}, strategy="first_match")
    assert Counter(who_got(acme.route_at_once(50))) == {"Helios": 10, "Dusk": 25, "Sunrise": 15}


def test_round_robin_gives_each_the_same_number() -> None:
    acme = routed({"Helios": {}, "Sunrise": {}, "Dusk": {}}, strategy="round_robin")
    assert Counter(who_got(acme.route_at_once(99))) == {"Helios": 33, "Sunrise": 33, "Dusk": 33}
    with acme.shop.open():
        assert sorted(Turn.objects.values_list("last_turn", flat=True)) == [97, 98, 99]


def test_weighted_gives_each_exactly_its_share() -> None:
    acme = routed({"Helios": {"weight": 70}, "Sunrise": {"weight": 20}, "Dusk": {"weight": 10}}, strategy="weighted")
    assert Counter(who_got(acme.route_at_once(100))) == {"Helios": 70, "Sunrise": 20, "Dusk": 10}
    with acme.shop.open():
        assert set(Turn.objects.values_list("credit", flat=True)) == {0}


def test_weighted_fills_a_cap_and_shares_the_rest() -> None:
    acme = routed({"Helios": {"weight": 50, "caps": {"day": 10}}, "Sunrise": {"weight": 30}, "Dusk": {"weight": 20}}, strategy="weighted")
    assert Counter(who_got(acme.route_at_once(100))) == {"Helios": 10, "Sunrise": 54, "Dusk": 36}


def test_a_batch_beside_single_leads_keeps_caps_and_turns() -> None:
    acme = routed({"Helios": {"caps": {"day": 30}}, "Sunrise": {"caps": {"day": 30}}}, strategy="round_robin")
    got = who_got(acme.route(20)) + who_got(acme.route_at_once(20)) + who_got(acme.route(40))
    assert Counter(got) == {"Helios": 30, "Sunrise": 30}
