"""Partners in the dashboard."""

import pytest

from distribution.models import Partner
from tests.builders import Shop, make_account, make_assignment, make_entity, make_partner, make_profile
from tests.pages import Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

HELIOS = {"name": "Helios Direct", "email": "leads@helios.test", "time_zone": "America/Los_Angeles", "is_active": "on"}


@pytest.fixture
def shop() -> Shop:
    return make_account()


@pytest.fixture
def alice(shop: Shop) -> Visitor:
    return sign_in(shop)


def test_an_empty_list_says_what_to_do(alice: Visitor) -> None:
    assert "Add the first partner" in alice.html("partners/")


def test_a_partner_is_made_with_caps_and_budgets(shop: Shop, alice: Visitor) -> None:
    answer = alice.post("partners/new", {**HELIOS, "caps_day": "500", "budgets_month": "2500.50", "tags": "solar, west"})
    with shop.open():
        partner = Partner.objects.get()
    assert answer["Location"] == alice.url(f"partners/{partner.id}/")
    assert (partner.caps, partner.budgets, partner.tags) == ({"day": 500}, {"month": "2500.50"}, ["solar", "west"])


def test_faults_stand_at_their_fields_and_nothing_is_made(shop: Shop, alice: Visitor) -> None:
    answer = alice.post("partners/new", {**HELIOS, "email": "nobody", "time_zone": "Mars/Olympus", "phone": "12"})
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"email", "phone", "time_zone"}
    with shop.open():
        assert not Partner.objects.exists()


def test_limits_below_zero_are_refused_together_with_the_other_faults(alice: Visitor) -> None:
    errors = alice.post("partners/new", {**HELIOS, "email": "nobody", "caps_day": "-2", "budgets_month": "-1"}).context["form"].errors
    assert set(errors) == {"email", "caps_day", "budgets_month"}
    assert errors["caps_day"] == ["The cap per day is -2; wanted a whole number of leads, 0 or more."]


def test_what_is_no_number_is_said_in_words(alice: Visitor) -> None:
    errors = alice.post("partners/new", {**HELIOS, "caps_day": "many", "budgets_month": "much"}).context["form"].errors
    assert errors == {"caps_day": ["Wanted a whole number."], "budgets_month": ["Wanted a number."]}


def test_a_name_that_is_taken_is_refused(shop: Shop, alice: Visitor) -> None:
    make_partner(shop)
    assert "name" in alice.post("partners/new", HELIOS).context["form"].errors


def test_a_partner_is_edited_with_what_it_had(shop: Shop, alice: Visitor) -> None:
    partner = make_partner(shop, caps={"day": 5}, tags=["solar"])
    form = alice.get(f"partners/{partner.id}/edit").context["form"]
    assert (form["caps_day"].value(), form["tags"].value()) == (5, "solar")
    alice.post(f"partners/{partner.id}/edit", {**HELIOS, "name": "Helios", "caps_day": ""})
    with shop.open():
        partner.refresh_from_db()
    assert (partner.name, partner.caps) == ("Helios", {})


def test_one_without_profiles_is_deleted_and_one_with_is_not(shop: Shop, alice: Visitor) -> None:
    loose, bound = make_partner(shop, "Loose"), make_partner(shop, "Bound")
    make_entity(shop)
    make_assignment(shop, make_profile(shop), bound)
    alice.post(f"partners/{loose.id}/delete")
    answer = alice.post(f"partners/{bound.id}/delete", follow=True)
    assert "Make it inactive instead." in answer.content.decode()
    with shop.open():
        assert [partner.name for partner in Partner.objects.all()] == ["Bound"]


def test_a_viewer_looks_and_changes_nothing(shop: Shop) -> None:
    partner = make_partner(shop)
    viewer = sign_in(shop, "viewer")
    assert "Edit" not in viewer.html(f"partners/{partner.id}/").split("<main")[1]
    assert viewer.get("partners/new").status_code == 403
    assert viewer.post(f"partners/{partner.id}/delete").status_code == 403
    with shop.open():
        assert Partner.objects.exists()


def test_another_accounts_partner_is_not_there(shop: Shop) -> None:
    partner = make_partner(shop)
    charlie = sign_in(make_account("Charlie", "charlie@charlie.test"))
    assert charlie.get(f"partners/{partner.id}/").status_code == 404
    assert charlie.get("partners/no-id/").status_code == 404


def test_hostile_values_stay_text(shop: Shop, alice: Visitor) -> None:
    partner = make_partner(shop, "<img src=x onerror=alert(1)>", notes="</dd><script>alert(1)</script>", tags=["<b>"])
    for path in ("partners/", f"partners/{partner.id}/", f"partners/{partner.id}/edit"):
        page = alice.html(path)
        assert "<img src=x" not in page
        assert "<script>alert" not in page


def test_the_list_costs_the_same_queries_however_long_it_is(shop: Shop, alice: Visitor) -> None:
    make_partner(shop, "First")
    few = alice.count_queries("partners/")
    for number in range(10):
        make_partner(shop, f"Partner {number}")
    assert alice.count_queries("partners/") == few
    assert few <= 16
