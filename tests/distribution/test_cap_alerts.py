"""The lead that brings a cap or budget near its end, or to it, tells the account's people; no other does."""

from typing import Any

import pytest

from accounts.models import Alert
from distribution.cap_counters import return_seats
from distribution.caps import CapKey, Seat, crossing_of
from tests.distribution.routed import NOW, Routed, routed

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

KEY = CapKey("partner", NOW, "day", NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("limit", "amount", "before", "found"),
    [
        (10, 1, 6, None),
        (10, 1, 7, False),  # 8 of 10
        (10, 1, 8, None),
        (10, 1, 9, True),
        (1, 1, 0, True),  # near and full at once: full
        (7, 1, 5, False),  # 6 of 7 is the first above 5.6
        (100, 30, 30, None),
        (100, 30, 60, True),  # 90 of 100: another 30 would not fit
        (1_000, 30, 780, False),
    ],
)
def test_what_a_seat_brings_about(limit: int, amount: int, before: int, found: bool | None) -> None:
    crossing = crossing_of(Seat(KEY, limit, amount), before)
    assert (crossing and crossing.is_full) == found


def alerts(acme: Routed) -> list[Alert]:
    with acme.shop.open():
        return list(Alert.objects.order_by("id"))


def test_a_cap_is_told_of_at_80_percent_and_when_it_is_used_up() -> None:
    acme = routed({"Helios": {"caps": {"day": 5}}})
    seen = []
    for _ in range(7):
        acme.route()
        seen.append([alert.kind for alert in alerts(acme)])
    assert seen == [[], [], [], ["cap_near"], *[["cap_near", "cap_reached"]] * 3]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_many_leads_at_once_tell_once() -> None:
    acme = routed({"Helios": {"caps": {"day": 5}}})
    acme.route_at_once(12)
    assert [alert.kind for alert in alerts(acme)] == ["cap_near", "cap_reached"]


def test_it_says_whose_cap_and_when_it_begins_anew() -> None:
    acme = routed({"Helios": {"caps": {"day": 1}}})
    acme.route()
    (alert,) = alerts(acme)
    assert (alert.subject_type, alert.subject_id) == ("assignment", acme.assignments["Helios"].id)
    assert alert.title == "Helios in Solar West has used up its cap today"
    assert alert.text == (
        "Helios in Solar West has 1 of 1 leads. It begins anew at 2026-05-16 00:00 (UTC); until then no more leads go out under it."
    )
    assert alert.resolved_at == NOW.replace(day=16, hour=0)


def test_a_budget_is_told_of_in_money() -> None:
    acme = routed({"Helios": {"price": "30.00", "budgets": {"total": "100.00"}}})
    acme.route(3)
    near_or_full = [(alert.kind, alert.text) for alert in alerts(acme)]
    assert near_or_full == [
        ("cap_reached", "Helios in Solar West has leads for 90.00 of 100.00. It does not begin anew: raise it for more leads to go out.")
    ]


def test_a_cap_per_hour_is_no_news() -> None:
    acme = routed({"Helios": {"caps": {"hour": 1}}})
    acme.route()
    assert alerts(acme) == []


def test_a_seat_that_came_back_and_is_taken_again_is_no_news() -> None:
    acme = routed({"Helios": {"caps": {"day": 1}}})
    ((chosen,),) = [decision.chosen for decision in acme.route()]
    with acme.shop.open():
        return_seats(chosen.seats_taken or [])
    acme.route()
    assert [alert.kind for alert in alerts(acme)] == ["cap_reached"]


def test_a_lead_that_crosses_nothing_costs_no_statement_more(django_assert_num_queries: Any) -> None:
    acme = routed({"Helios": {"caps": {"day": 5}}})
    acme.route()
    # The savepoint, the account set and set back, and the counters made, locked and raised.
    with django_assert_num_queries(7):
        acme.route()
