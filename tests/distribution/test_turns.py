"""Where the assignments of a profile stand, kept from lead to lead."""

from typing import Any

import pytest

from distribution.models import Turn
from distribution.turns import lock_turns
from tests.builders import make_account, make_assignment, make_partner
from tests.distribution.routed import routed, who_got

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def test_round_robin_goes_on_where_the_last_lead_left_it() -> None:
    acme = routed({"Helios": {}, "Sunrise": {}, "Dusk": {}}, strategy="round_robin")
    assert who_got(acme.route() + acme.route(3) + acme.route()) == ["Helios", "Sunrise", "Dusk", "Helios", "Sunrise"]
    with acme.shop.open():
        turns = {turn.assignment_id: turn.last_turn for turn in Turn.objects.all()}
    assert turns == {acme.assignments["Helios"].id: 4, acme.assignments["Sunrise"].id: 5, acme.assignments["Dusk"].id: 3}


def test_weighted_goes_on_where_the_last_lead_left_it() -> None:
    acme = routed({"Helios": {"weight": 2}, "Sunrise": {}}, strategy="weighted")
    assert who_got([decision for _ in range(6) for decision in acme.route()]) == ["Helios", "Sunrise", "Helios"] * 2


def test_turns_are_made_for_every_assignment_of_the_profile_and_of_no_other() -> None:
    acme = routed({"Helios": {}, "Sunrise": {"is_enabled": False}}, strategy="weighted")
    acme.route()
    with acme.shop.open():
        assert set(Turn.objects.values_list("assignment_id", "profile_id", "account_id")) == {
            (assignment.id, acme.spec.id, acme.shop.account.id) for assignment in acme.assignments.values()
        }


def test_a_new_assignment_has_waited_longest() -> None:
    acme = routed({"Helios": {}}, strategy="round_robin")
    acme.route(3)
    profile = acme.assignments["Helios"].profile
    sunrise = make_assignment(acme.shop, profile, make_partner(acme.shop, "Sunrise"))
    with acme.shop.open():
        turns = lock_turns(acme.shop.account.id, {profile.id})
    assert turns.last == {acme.assignments["Helios"].id: 3, sunrise.id: 0}
    assert turns.latest == {profile.id: 3}


def test_an_assignment_takes_its_turn_with_it() -> None:
    acme = routed({"Helios": {}}, strategy="round_robin")
    acme.route()
    with acme.shop.open():
        acme.assignments["Helios"].delete()
        assert Turn.objects.count() == 0


def test_other_strategies_lock_no_turn(django_assert_num_queries: Any) -> None:
    acme = routed({"Helios": {}}, strategy="first_match")
    with django_assert_num_queries(4):  # the savepoint, and the account set and set back
        acme.route()
    with acme.shop.open():
        assert Turn.objects.count() == 0


def test_another_account_sees_no_turn() -> None:
    acme = routed({"Helios": {}}, strategy="round_robin")
    acme.route()
    other = make_account("Other", "charlie@other.test")
    with other.open():
        assert lock_turns(other.account.id, {acme.spec.id}).last == {}
        assert lock_turns(acme.shop.account.id, {acme.spec.id}).last == {}
