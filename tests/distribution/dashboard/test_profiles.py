"""Profiles in the dashboard: the list, a new one, its rules and settings, its history."""

import pytest

from distribution.models import Profile
from tests.builders import EMAIL, Set, Shop, make_account, make_assignment, make_channel, make_entity, make_partner, make_profile, make_set
from tests.pages import HTMX, Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

NINE = {"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]}
SETTINGS = {"name": "Solar West", "strategy": "send_to_all", "is_enabled": "on"}


@pytest.fixture
def shop() -> Shop:
    return make_account()


@pytest.fixture
def alice(shop: Shop) -> Visitor:
    return sign_in(shop)


@pytest.fixture
def solar(shop: Shop) -> Profile:
    make_entity(shop)
    return make_profile(shop, rules=NINE)


def stored(shop: Shop, profile: Profile) -> Profile:
    with shop.open():
        return Profile.objects.get(id=profile.id)


def test_an_empty_list_says_what_to_do(alice: Visitor) -> None:
    assert "Create the first profile" in alice.html("profiles/")


def test_the_list_names_what_the_rules_ask_for(shop: Shop, alice: Visitor) -> None:
    make_entity(shop)
    asked = [{"field": field, "operator": "is_not_empty"} for field in ("zip", "budget", "email", "first_name", "zip", "source")]
    make_profile(shop, rules={"any": asked})
    assert "ZIP, Budget, Email and 2 more" in alice.html("profiles/")


def test_the_list_is_searched_by_name(shop: Shop, alice: Visitor, solar: Profile) -> None:
    make_profile(shop, "Wind East")
    found = alice.html("profiles/?q=wind", headers=HTMX)
    assert "Wind East" in found
    assert "Solar West" not in found
    assert "No profile of that name" in alice.html("profiles/?q=water")


def test_a_new_profile_begins_switched_off(shop: Shop, alice: Visitor) -> None:
    entity = make_entity(shop)
    answer = alice.post("profiles/new", {"name": "Wind East", "entity": str(entity.id), "strategy": "round_robin"})
    with shop.open():
        made = Profile.objects.get()
    assert answer["Location"] == alice.url(f"profiles/{made.id}/")
    assert (made.name, made.entity_id, made.strategy, made.is_enabled, made.rules) == ("Wind East", entity.id, "round_robin", False, {})


def test_without_an_entity_a_profile_cannot_be_made_yet(alice: Visitor) -> None:
    assert "Create an Entity" in alice.html("profiles/new")


def test_a_name_that_is_taken_is_refused_at_its_field(shop: Shop, alice: Visitor, solar: Profile) -> None:
    answer = alice.post("profiles/new", {"name": "Solar West", "entity": str(solar.entity_id), "strategy": "weighted"})
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"name"}
    wind = make_profile(shop, "Wind East")
    answer = alice.post(f"profiles/{wind.id}/", {**SETTINGS, "do": "save"})
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"name"}


def test_rules_and_settings_are_saved_together(shop: Shop, alice: Visitor, solar: Profile) -> None:
    typed = {"name": "Solar", "strategy": "first_match", "max_partners": "2", "do": "save", "rule.kind": "any"}
    typed |= {"rule.0.field": "budget", "rule.0.operator": "between", "rule.0.value": "100", "rule.0.high": "2000.5"}
    assert alice.post(f"profiles/{solar.id}/", typed)["Location"] == alice.url(f"profiles/{solar.id}/")
    now = stored(shop, solar)
    assert (now.name, now.strategy, now.max_partners, now.is_enabled) == ("Solar", "first_match", 2, False)
    assert shop.get(f"profiles/{solar.id}")["rules"] == {"any": [{"field": "budget", "operator": "between", "value": [100, 2000.5]}]}


def test_a_rule_that_is_wrong_is_refused_at_its_place_and_stays_as_typed(shop: Shop, alice: Visitor, solar: Profile) -> None:
    typed = {
        "rule.kind": "all",
        "rule.0.kind": "any",
        "rule.0.0.field": "budget",
        "rule.0.0.operator": "at_least",
        "rule.0.0.value": "much",
    }
    answer = alice.post(f"profiles/{solar.id}/", {**SETTINGS, **typed, "do": "save"})
    assert answer.status_code == 400
    (row,) = answer.context["rule"].items[0].items
    assert (row.name, row.low, row.errors) == ("rule.0.0", "much", {"value": '"much" is not a number; wanted a number, such as 1234.5.'})
    assert "&quot;much&quot; is not a number" in answer.content.decode()
    assert stored(shop, solar).rules == NINE


def test_faults_of_rule_and_settings_are_told_at_once(alice: Visitor, solar: Profile) -> None:
    answer = alice.post(f"profiles/{solar.id}/", {**SETTINGS, "name": "", "rule.0.field": "", "do": "save"})
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"name"}
    assert answer.context["rule"].items[0].errors["field"] == "Choose what this condition is about."


def test_an_operator_that_an_encrypted_field_has_not_is_refused(shop: Shop, alice: Visitor, solar: Profile) -> None:
    typed = {"rule.0.field": "ssn", "rule.0.operator": "starts_with", "rule.0.value": "078"}
    answer = alice.post(f"profiles/{solar.id}/", {**SETTINGS, **typed, "do": "save"})
    assert answer.status_code == 400
    assert answer.context["rule"].items[0].errors["operator"].startswith("SSN is encrypted")


def test_a_profile_that_is_on_and_sends_nothing_says_why(shop: Shop, alice: Visitor, solar: Profile) -> None:
    assert "no active partner is in it" in alice.html(f"profiles/{solar.id}/")
    assignment = make_assignment(shop, solar, make_partner(shop))
    assert "none of its partners has a Delivery Channel" in alice.html(f"profiles/{solar.id}/")
    make_channel(shop, assignment, EMAIL)
    assert "It is on, but" not in alice.html(f"profiles/{solar.id}/")


def test_a_viewer_looks_and_changes_nothing(shop: Shop, solar: Profile) -> None:
    viewer = sign_in(shop, "viewer")
    page = viewer.html(f"profiles/{solar.id}/")
    assert 'value="starts_with" selected' in page
    for act in ("Save changes", "Add condition", "Delete the profile"):
        assert act not in page
    for path in ("profiles/new", f"profiles/{solar.id}/", f"profiles/{solar.id}/delete"):
        assert viewer.post(path, {**SETTINGS, "do": "save"}).status_code == 403
    assert stored(shop, solar).rules == NINE


def test_another_accounts_profile_is_not_there(solar: Profile) -> None:
    charlie = sign_in(make_account("Charlie", "charlie@charlie.test"))
    for tab in ("", "partners/", "backtest", "history"):
        assert charlie.get(f"profiles/{solar.id}/{tab}").status_code == 404
    assert charlie.get("profiles/no-id/").status_code == 404


def test_hostile_values_stay_text(shop: Shop, alice: Visitor) -> None:
    evil = "<img src=x onerror=alert(1)>"
    make_entity(shop, name=evil, fields=[{"key": "zip", "label": evil, "type": "text"}])
    profile = make_profile(shop, evil, rules={"all": [{"field": "zip", "operator": "in_list", "value": [evil, "\u202e'\"]"]}]})
    make_assignment(shop, profile, make_partner(shop, evil), rules=profile.rules)
    for path in ("profiles/", f"profiles/{profile.id}/", f"profiles/{profile.id}/partners/", f"profiles/{profile.id}/history"):
        assert "<img src=x" not in alice.html(path)


def test_the_history_tells_of_the_profile_and_of_partners_that_left(shop: Shop, alice: Visitor, solar: Profile) -> None:
    other = make_profile(shop, "Wind East")
    assignment = make_assignment(shop, solar, make_partner(shop))
    make_assignment(shop, other, make_partner(shop, "Elsewhere"))
    alice.post(f"profiles/{solar.id}/partners/{assignment.id}/delete")
    events = alice.get(f"profiles/{solar.id}/history").context["slice"].rows
    assert [(event.action, event.object_type, event.object_label) for event in events] == [
        ("deleted", "assignment", "Helios Direct in Solar West"),
        ("created", "assignment", "Helios Direct in Solar West"),
        ("created", "profile", "Solar West"),
    ]


def test_a_profile_is_deleted(shop: Shop, alice: Visitor, solar: Profile) -> None:
    assert alice.post(f"profiles/{solar.id}/delete")["Location"] == alice.url("profiles/")
    with shop.open():
        assert not Profile.objects.exists()


def test_one_that_delivered_stays_and_says_so() -> None:
    acme: Set = make_set(make_account())
    alice = sign_in(acme.shop)
    answer = alice.post(f"profiles/{acme.profile.id}/delete", follow=True)
    assert "delivered leads, so it stays for the log" in answer.content.decode()
    assert stored(acme.shop, acme.profile)


def test_the_list_costs_the_same_queries_however_long_it_is(shop: Shop, alice: Visitor, solar: Profile) -> None:
    few = alice.count_queries("profiles/")
    for number in range(10):
        make_profile(shop, f"Profile {number}", rules=NINE)
    assert alice.count_queries("profiles/") == few
    assert few <= 16
