"""The partners of a profile in the dashboard: their order, limits and rules."""

from decimal import Decimal
from uuid import UUID

import pytest

from distribution.models import Assignment, Profile
from tests.builders import (
    EMAIL,
    Shop,
    make_account,
    make_assignment,
    make_channel,
    make_entity,
    make_lead,
    make_partner,
    make_profile,
    make_set,
)
from tests.pages import Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

TYPED = {"priority": "5", "weight": "1", "at_cap": "skip", "is_enabled": "on"}


@pytest.fixture
def shop() -> Shop:
    return make_account()


@pytest.fixture
def alice(shop: Shop) -> Visitor:
    return sign_in(shop)


@pytest.fixture
def solar(shop: Shop) -> Profile:
    make_entity(shop)
    return make_profile(shop)


def partners_with(shop: Shop, profile: Profile, *priorities: int) -> list[UUID]:
    """As many partners as there are priorities: P0, P1, …"""
    return [
        make_assignment(shop, profile, make_partner(shop, f"P{number}"), priority=priority).id for number, priority in enumerate(priorities)
    ]


def order(shop: Shop) -> list[tuple[str, int]]:
    with shop.open():
        return [(one.partner.name, one.priority) for one in Assignment.objects.select_related("partner")]


def test_an_empty_profile_says_what_to_do(alice: Visitor, solar: Profile) -> None:
    assert "No partner in this profile yet" in alice.html(f"profiles/{solar.id}/partners/")


def test_a_partner_is_listed_with_rule_limits_price_and_channel(shop: Shop, alice: Visitor, solar: Profile) -> None:
    partner = make_partner(shop, caps={"month": 10})
    rules = {"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]}
    assignment = make_assignment(shop, solar, partner, rules=rules, caps={"day": 4}, budgets={"total": "100.00"}, price="25.00")
    page = alice.html(f"profiles/{solar.id}/partners/")
    assert "ZIP starts with 9" in page
    assert "Set up delivery" in page
    make_channel(shop, assignment, EMAIL)
    make_lead(shop)
    (line,) = alice.get(f"profiles/{solar.id}/partners/").context["lines"]
    used = [(limit["used"], limit["most"], limit["period"], limit["is_own"]) for limit in line["limits"]]
    assert used == [(1, 4, "per day", True), ("25.00", "100.00", "in total", True), (1, 10, "per month", False)]
    assert (line["mark"].kind, line["mark"].word) == ("email", "Not used yet")


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        ("up:2", [("P0", 30), ("P2", 20), ("P1", 10)]),
        ("down:0", [("P1", 30), ("P0", 20), ("P2", 10)]),
        ("up:0", [("P0", 30), ("P1", 20), ("P2", 10)]),
        ("down:2", [("P0", 30), ("P1", 20), ("P2", 10)]),
        ("up:9", [("P0", 30), ("P1", 20), ("P2", 10)]),
    ],
)
def test_a_partner_moves_one_place_up_or_down(shop: Shop, alice: Visitor, solar: Profile, do: str, expected: list[tuple[str, int]]) -> None:
    verb, number = do.split(":")
    ids = [*partners_with(shop, solar, 30, 20, 10), *[solar.id] * 9]
    alice.post(f"profiles/{solar.id}/partners/", {"do": f"{verb}:{ids[int(number)]}"})
    assert order(shop) == expected


def test_the_order_of_a_drag_is_kept_with_the_same_numbers(shop: Shop, alice: Visitor, solar: Profile) -> None:
    first, second, third = partners_with(shop, solar, 30, 20, 10)
    alice.post(f"profiles/{solar.id}/partners/", {"do": "order", "order": f"{third},{first},{second}"})
    assert order(shop) == [("P2", 30), ("P0", 20), ("P1", 10)]


def test_equal_priorities_become_tens(shop: Shop, alice: Visitor, solar: Profile) -> None:
    *_, third = partners_with(shop, solar, 0, 0, 0)
    alice.post(f"profiles/{solar.id}/partners/", {"do": f"up:{third}"})
    assert order(shop) == [("P0", 30), ("P2", 20), ("P1", 10)]


def test_strange_ids_in_an_order_are_passed_over(shop: Shop, alice: Visitor, solar: Profile) -> None:
    *_, third = partners_with(shop, solar, 30, 20, 10)
    alice.post(f"profiles/{solar.id}/partners/", {"do": "order", "order": f"nobody,{third},,{third},{solar.id}"})
    assert order(shop) == [("P2", 30), ("P0", 20), ("P1", 10)]


def test_priorities_are_typed(shop: Shop, alice: Visitor, solar: Profile) -> None:
    _, second, third = partners_with(shop, solar, 30, 20, 10)
    alice.post(f"profiles/{solar.id}/partners/", {"do": "priorities", f"priority.{second}": "99", f"priority.{third}": "-1"})
    assert order(shop) == [("P1", 99), ("P0", 30), ("P2", -1)]


def test_a_priority_that_is_no_number_changes_none(shop: Shop, alice: Visitor, solar: Profile) -> None:
    first, second, _ = partners_with(shop, solar, 30, 20, 10)
    typed = {"do": "priorities", f"priority.{first}": "1", f"priority.{second}": "high"}
    page = alice.post(f"profiles/{solar.id}/partners/", typed, follow=True).content.decode()
    assert "The priority of P1 is not a whole number, so none was changed." in page
    assert order(shop) == [("P0", 30), ("P1", 20), ("P2", 10)]


def test_a_partner_is_added_and_its_channel_comes_next(shop: Shop, alice: Visitor, solar: Profile) -> None:
    partner = make_partner(shop)
    typed = {**TYPED, "partner": str(partner.id), "price": "25.5", "caps_day": "7", "budgets_month": "100"}
    answer = alice.post(f"profiles/{solar.id}/partners/new", typed)
    with shop.open():
        made = Assignment.objects.get()
    assert answer["Location"] == alice.url(f"profiles/{solar.id}/partners/{made.id}/delivery")
    assert (made.partner_id, made.priority, made.price) == (partner.id, 5, Decimal("25.5"))
    assert (made.caps, made.budgets) == ({"day": 7}, {"month": "100.00"})


def test_only_partners_that_are_not_in_are_offered(shop: Shop, alice: Visitor, solar: Profile) -> None:
    make_assignment(shop, solar, make_partner(shop))
    assert "No partner left to add" in alice.html(f"profiles/{solar.id}/partners/new")
    other = make_partner(shop, "Sunrise")
    assert alice.get(f"profiles/{solar.id}/partners/new").context["form"].fields["partner"].choices == [(str(other.id), "Sunrise")]


def test_rules_and_terms_of_a_partner_are_saved_together(shop: Shop, alice: Visitor, solar: Profile) -> None:
    first, second = partners_with(shop, solar, 20, 10)
    typed = {"priority": "7", "price": "9.99", "weight": "3", "at_cap": "overflow", "overflow_to": str(second), "caps_total": "100"}
    typed |= {"rule.0.field": "zip", "rule.0.operator": "in_list", "rule.0.list": '["90210"]', "rule.0.add": "85001", "do": "save"}
    answer = alice.post(f"profiles/{solar.id}/partners/{first}/", typed)
    assert answer["Location"] == alice.url(f"profiles/{solar.id}/partners/{first}/")
    with shop.open():
        made = Assignment.objects.get(id=first)
    assert (made.priority, str(made.price), made.weight, made.at_cap, made.overflow_to_id) == (7, "9.99", 3, "overflow", second)
    assert (made.caps, made.is_enabled) == ({"total": 100}, False)
    assert made.rules == {"all": [{"field": "zip", "operator": "in_list", "value": ["90210", "85001"]}]}


def test_what_is_wrong_stands_at_its_place(shop: Shop, alice: Visitor, solar: Profile) -> None:
    (first,) = partners_with(shop, solar, 20)
    typed = {**TYPED, "at_cap": "overflow", "repeat_days": "30", "rule.0.field": "zip", "rule.0.operator": "matches", "rule.0.value": "["}
    answer = alice.post(f"profiles/{solar.id}/partners/{first}/", {**typed, "do": "save"})
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"overflow_to", "repeat_days"}
    assert "value" in answer.context["rule"].items[0].errors
    with shop.open():
        assert Assignment.objects.get().rules == {}


def test_an_act_on_the_rule_keeps_what_is_typed_elsewhere(shop: Shop, alice: Visitor, solar: Profile) -> None:
    (first,) = partners_with(shop, solar, 20)
    answer = alice.post(f"profiles/{solar.id}/partners/{first}/", {**TYPED, "caps_day": "12", "do": "add:rule"})
    assert (answer.status_code, answer.context["form"]["caps_day"].value()) == (200, "12")
    assert len(answer.context["rule"].items) == 1


def test_the_page_of_a_partner_links_to_its_channel(shop: Shop, alice: Visitor, solar: Profile) -> None:
    (first,) = partners_with(shop, solar, 20)
    page = alice.html(f"profiles/{solar.id}/partners/{first}/")
    assert f'href="{alice.url(f"profiles/{solar.id}/partners/{first}/delivery")}"' in page
    assert "It has no Delivery Channel yet" in page


def test_a_partner_is_taken_out(shop: Shop, alice: Visitor, solar: Profile) -> None:
    (first,) = partners_with(shop, solar, 20)
    assert alice.post(f"profiles/{solar.id}/partners/{first}/delete")["Location"] == alice.url(f"profiles/{solar.id}/partners/")
    assert order(shop) == []


def test_one_that_got_leads_stays_and_says_so() -> None:
    acme = make_set(make_account())
    answer = sign_in(acme.shop).post(f"profiles/{acme.profile.id}/partners/{acme.assignment.id}/delete", follow=True)
    assert "so it stays for the log" in answer.content.decode()
    assert order(acme.shop) == [("Helios Direct", 10)]


def test_a_viewer_changes_nothing(shop: Shop, solar: Profile) -> None:
    first, second = partners_with(shop, solar, 20, 10)
    viewer = sign_in(shop, "viewer")
    page = viewer.html(f"profiles/{solar.id}/partners/")
    assert "Save priorities" not in page
    assert "Take out" not in viewer.html(f"profiles/{solar.id}/partners/{first}/")
    for path in ("", "new", f"{first}/", f"{first}/delete"):
        assert viewer.post(f"profiles/{solar.id}/partners/{path}", {"do": f"up:{second}"}).status_code == 403
    assert order(shop) == [("P0", 20), ("P1", 10)]


def test_an_assignment_is_found_only_in_its_own_profile(shop: Shop, alice: Visitor, solar: Profile) -> None:
    (first,) = partners_with(shop, solar, 20)
    other = make_profile(shop, "Wind East")
    assert alice.get(f"profiles/{other.id}/partners/{first}/").status_code == 404
    charlie = sign_in(make_account("Charlie", "charlie@charlie.test"))
    assert charlie.get(f"profiles/{solar.id}/partners/{first}/").status_code == 404


def test_many_partners_cost_the_same_queries_as_few(shop: Shop, alice: Visitor, solar: Profile) -> None:
    def add(number: int) -> None:
        partner = make_partner(shop, f"Partner {number}", caps={"day": 5})
        make_channel(shop, make_assignment(shop, solar, partner, caps={"day": 2}, rules={"all": []}), EMAIL)

    add(0)
    few = alice.count_queries(f"profiles/{solar.id}/partners/")
    for number in range(1, 8):
        add(number)
    assert alice.count_queries(f"profiles/{solar.id}/partners/") == few
    assert few <= 18


def test_an_assignment_is_found_by_its_id_alone(shop: Shop, alice: Visitor, solar: Profile) -> None:
    (first,) = partners_with(shop, solar, 20)
    answer = alice.get(f"assignments/{first}/")
    assert (answer.status_code, answer["Location"]) == (302, alice.url(f"profiles/{solar.id}/partners/{first}/"))
    assert sign_in(make_account("Charlie", "charlie@charlie.test")).get(f"assignments/{first}/").status_code == 404
