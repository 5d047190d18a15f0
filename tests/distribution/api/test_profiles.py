from typing import Any

import pytest

from tests.builders import Shop, make_account, make_assignment, make_entity, make_partner, make_profile
from tests.distribution.api.test_entities import errors_of

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

RULES = {"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]}
SOLAR_WEST = {"name": "Solar West", "entity": "solar_leads", "strategy": "send_to_all", "is_enabled": True, "rules": RULES}


@pytest.fixture
def acme() -> Shop:
    shop = make_account()
    make_entity(shop)
    return shop


def test_a_profile_is_made_by_the_entitys_slug_or_id(acme: Shop) -> None:
    made = acme.call("POST", "profiles", SOLAR_WEST)
    assert made.status_code == 201
    profile = made.json()
    assert (profile["entity_slug"], profile["entity_name"], profile["rules"]) == ("solar_leads", "Solar Leads", RULES)
    other = acme.call("POST", "profiles", {**SOLAR_WEST, "name": "By id", "entity": profile["entity"]}).json()
    assert other["entity"] == profile["entity"]
    assert acme.get(f"profiles/{profile['id']}") == profile


def test_rules_are_checked_with_every_fault_at_its_path(acme: Shop) -> None:
    rules = {
        "all": [
            {"field": "zip", "operator": "at_least", "value": 9},
            {"any": [{"field": "colour", "operator": "equals", "value": "red"}]},
            {"field": "ssn", "operator": "starts_with", "value": "0"},
        ]
    }
    answer = acme.call("POST", "profiles", {**SOLAR_WEST, "rules": rules})
    assert errors_of(answer) == {
        ("rules.all.0.operator", "wrong_operator"),
        ("rules.all.1.any.0.field", "unknown_field"),
        ("rules.all.2.operator", "wrong_operator"),
    }


def test_a_profile_keeps_its_entity(acme: Shop) -> None:
    make_entity(acme, name="Roofs", slug="roofs")
    profile = make_profile(acme)
    assert errors_of(acme.call("PATCH", f"profiles/{profile.id}", {"entity": "roofs"})) == {("entity", "immutable")}
    assert acme.call("PATCH", f"profiles/{profile.id}", {"entity": "solar_leads"}).status_code == 200


@pytest.mark.parametrize("body", [{"entity": "nothing"}, {"strategy": "auction"}, {"name": "Solar West"}])
def test_what_there_is_not_or_is_there_already_is_refused(acme: Shop, body: dict[str, Any]) -> None:
    make_profile(acme)
    answer = acme.call("POST", "profiles", {**SOLAR_WEST, "name": "Another", **body})
    assert {attr for attr, _ in errors_of(answer)} == set(body)


def test_null_rules_match_every_lead(acme: Shop) -> None:
    assert acme.call("POST", "profiles", {**SOLAR_WEST, "rules": None}).json()["rules"] == {}


def test_a_profile_without_deliveries_goes_with_its_assignments(acme: Shop) -> None:
    profile = make_profile(acme)
    make_assignment(acme, profile, make_partner(acme))
    assert acme.call("DELETE", f"profiles/{profile.id}").status_code == 204
    assert acme.get("profiles")["results"] == []


def test_an_assignment_is_made_with_its_price_as_a_text(acme: Shop) -> None:
    profile, partner = make_profile(acme), make_partner(acme)
    path = f"profiles/{profile.id}/assignments"
    body = {"partner": str(partner.id), "priority": 10, "rules": {}, "caps": {"day": 100}, "price": "25.00"}
    made = acme.call("POST", path, body)
    assert made.status_code == 201
    assignment = made.json()
    assert {name: assignment[name] for name in body} == body
    assert (assignment["profile"], assignment["profile_name"], assignment["partner_name"]) == (
        str(profile.id),
        "Solar West",
        "Helios Direct",
    )
    assert acme.get(path)["results"] == [assignment]
    assert acme.get(f"{path}/{assignment['id']}") == assignment
    assert acme.call("PATCH", f"{path}/{assignment['id']}", {"price": 7.5}).json()["price"] == "7.50"


def test_the_faults_of_an_assignment(acme: Shop) -> None:
    profile, partner = make_profile(acme), make_partner(acme)
    body = {"partner": str(profile.id), "rules": {"all": [{"field": "x"}]}, "caps": {"day": "many"}}
    attrs = {attr for attr, _ in errors_of(acme.call("POST", f"profiles/{profile.id}/assignments", body))}
    assert attrs == {"partner", "rules.all.0.field", "rules.all.0.operator", "caps.day"}
    make_assignment(acme, profile, partner)
    again = acme.call("POST", f"profiles/{profile.id}/assignments", {"partner": str(partner.id)})
    assert errors_of(again) == {("partner", "unique")}
    for price in ("-1", "1.234", "free", 10**12):
        answer = acme.call("POST", f"profiles/{profile.id}/assignments", {"partner": str(partner.id), "price": price})
        assert {attr for attr, _ in errors_of(answer)} == {"price"}


def test_an_assignment_keeps_its_partner(acme: Shop) -> None:
    profile = make_profile(acme)
    assignment = make_assignment(acme, profile, make_partner(acme))
    other = make_partner(acme, "Sunrise")
    answer = acme.call("PATCH", f"profiles/{profile.id}/assignments/{assignment.id}", {"partner": str(other.id)})
    assert errors_of(answer) == {("partner", "immutable")}


def test_an_assignment_is_found_in_its_own_profile_alone(acme: Shop) -> None:
    assignment = make_assignment(acme, make_profile(acme), make_partner(acme))
    other = make_profile(acme, "Solar East")
    assert acme.call("GET", f"profiles/{other.id}/assignments/{assignment.id}").status_code == 404


def test_lists_cost_the_same_number_of_queries_however_long_they_are(acme: Shop, django_assert_num_queries: Any) -> None:
    profile = make_profile(acme)
    for number in range(5):
        make_assignment(acme, profile, make_partner(acme, f"P{number}"))
        make_profile(acme, f"Profile {number}")
    with django_assert_num_queries(5):
        assert len(acme.get("profiles")["results"]) == 6
    with django_assert_num_queries(5):
        assert len(acme.get(f"profiles/{profile.id}/assignments")["results"]) == 5
