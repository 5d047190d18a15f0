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


ROUTING = {"weight": 70, "budgets": {"month": "2500.00"}, "at_cap": "hold", "overflow_to": None, "repeat_days": None}
UNSAID = {"weight": 1, "budgets": {}, "at_cap": "skip", "overflow_to": None, "repeat_days": None}


def test_put_resets_what_it_leaves_out_and_patch_keeps_it(acme: Shop) -> None:
    profile, partner = make_profile(acme), make_partner(acme)
    path = f"profiles/{profile.id}/assignments"
    made = acme.call("POST", path, {"partner": str(partner.id), **ROUTING}).json()
    assert {name: made[name] for name in ROUTING} == ROUTING
    patched = acme.call("PATCH", f"{path}/{made['id']}", {"price": "5"}).json()
    assert {name: patched[name] for name in ROUTING} == ROUTING
    put = acme.call("PUT", f"{path}/{made['id']}", {"partner": str(partner.id)}).json()
    assert {name: put[name] for name in ROUTING} == UNSAID


def test_max_partners_is_kept_and_reset_as_well(acme: Shop) -> None:
    made = acme.call("POST", "profiles", {**SOLAR_WEST, "max_partners": 2}).json()
    assert made["max_partners"] == 2
    assert acme.call("PATCH", f"profiles/{made['id']}", {"name": "West"}).json()["max_partners"] == 2
    assert acme.call("PUT", f"profiles/{made['id']}", SOLAR_WEST).json()["max_partners"] is None


@pytest.mark.parametrize("strategy", ["send_to_all", "first_match", "round_robin", "weighted", "highest_price"])
def test_a_profile_has_one_of_five_strategies(acme: Shop, strategy: str) -> None:
    assert acme.call("POST", "profiles", {**SOLAR_WEST, "strategy": strategy}).json()["strategy"] == strategy


@pytest.mark.parametrize("most", [0, -1, 32_768, "many"])
def test_max_partners_is_a_number_of_partners(acme: Shop, most: Any) -> None:
    assert {attr for attr, _ in errors_of(acme.call("POST", "profiles", {**SOLAR_WEST, "max_partners": most}))} == {"max_partners"}


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"weight": 0}, "weight"),
        ({"weight": 1001}, "weight"),
        ({"weight": None}, "weight"),
        ({"at_cap": "drop"}, "at_cap"),
        ({"repeat_days": 0}, "repeat_days"),
        ({"repeat_days": 3651}, "repeat_days"),
        ({"budgets": {"month": "-1"}}, "budgets.month"),
        ({"budgets": {"decade": "1"}}, "budgets.decade"),
        ({"overflow_to": "nobody"}, "overflow_to"),
    ],
)
def test_the_faults_of_what_routing_is_told(acme: Shop, body: dict[str, Any], attr: str) -> None:
    profile, partner = make_profile(acme), make_partner(acme)
    answer = acme.call("POST", f"profiles/{profile.id}/assignments", {"partner": str(partner.id), **body})
    assert {found for found, _ in errors_of(answer)} == {attr}


def test_an_assignment_overflows_to_another_of_its_profile(acme: Shop) -> None:
    profile = make_profile(acme)
    helios, sunrise = (make_assignment(acme, profile, make_partner(acme, name)) for name in ("Helios", "Sunrise"))
    elsewhere = make_assignment(acme, make_profile(acme, "Solar East"), make_partner(acme, "Dusk"))
    path = f"profiles/{profile.id}/assignments/{helios.id}"
    for nobody in (helios.id, elsewhere.id, profile.id):
        answer = acme.call("PATCH", path, {"at_cap": "overflow", "overflow_to": str(nobody)})
        assert errors_of(answer) == {("overflow_to", "does_not_exist")}
    changed = acme.call("PATCH", path, {"at_cap": "overflow", "overflow_to": str(sunrise.id)}).json()
    assert (changed["at_cap"], changed["overflow_to"]) == ("overflow", str(sunrise.id))
    assert acme.call("PATCH", path, {"price": "5"}).json()["overflow_to"] == str(sunrise.id)


def test_whoever_overflows_says_where_to(acme: Shop) -> None:
    profile = make_profile(acme)
    helios, sunrise = (make_assignment(acme, profile, make_partner(acme, name)) for name in ("Helios", "Sunrise"))
    path = f"profiles/{profile.id}/assignments/{helios.id}"
    (error,) = acme.call("PATCH", path, {"at_cap": "overflow"}).json()["errors"]
    assert error == {
        "code": "required",
        "attr": "overflow_to",
        "detail": "overflow_to is missing; at_cap `overflow` wants the id of another assignment of this profile.",
    }
    assert acme.call("PATCH", path, {"overflow_to": str(sunrise.id)}).status_code == 200
    assert acme.call("PATCH", path, {"at_cap": "overflow"}).status_code == 200
    assert errors_of(acme.call("PATCH", path, {"overflow_to": None})) == {("overflow_to", "required")}
    assert acme.call("PATCH", path, {"overflow_to": None, "at_cap": "skip"}).status_code == 200


def test_an_assignment_to_which_others_overflow_may_go(acme: Shop) -> None:
    profile = make_profile(acme)
    sunrise = make_assignment(acme, profile, make_partner(acme, "Sunrise"))
    helios = make_assignment(acme, profile, make_partner(acme), at_cap="overflow", overflow_to=sunrise.id)
    path = f"profiles/{profile.id}/assignments"
    assert acme.call("DELETE", f"{path}/{sunrise.id}").status_code == 204
    assert acme.get(f"{path}/{helios.id}")["overflow_to"] is None
    assert acme.call("PATCH", f"{path}/{helios.id}", {"price": "5"}).status_code == 200


def test_the_same_person_is_known_by_the_entitys_match_keys(acme: Shop) -> None:
    profile, partner = make_profile(acme), make_partner(acme)
    path = f"profiles/{profile.id}/assignments"
    (error,) = acme.call("POST", path, {"partner": str(partner.id), "repeat_days": 30}).json()["errors"]
    assert error == {
        "code": "no_match_keys",
        "attr": "repeat_days",
        "detail": "repeat_days is 30, but Solar Leads has no match keys; wanted first the fields by which a person is known, in the entity's "
        '`duplicates`, such as {"match": [["email"]]}.',
    }
    acme.call("PATCH", "entities/solar_leads", {"duplicates": {"match": [["email"]]}})
    assert acme.call("POST", path, {"partner": str(partner.id), "repeat_days": 30}).json()["repeat_days"] == 30


def test_a_telephone_number_in_a_rule_is_read_as_in_a_lead(acme: Shop) -> None:
    make_entity(acme, name="Calls", slug="calls", fields=[{"key": "phone", "label": "Phone", "type": "phone"}])
    rules = {"all": [{"field": "phone", "operator": "equals", "value": "(202) 555-0123"}]}
    made = acme.call("POST", "profiles", {"name": "Calls", "entity": "calls", "rules": rules})
    assert made.status_code == 201, made.content
    path = f"profiles/{made.json()['id']}/assignments"
    assert acme.call("POST", path, {"partner": str(make_partner(acme).id), "rules": rules}).status_code == 201


def test_what_routing_is_told_is_in_the_audit_log(acme: Shop) -> None:
    profile = make_profile(acme)
    assignment = make_assignment(acme, profile, make_partner(acme))
    acme.call("PATCH", f"profiles/{profile.id}/assignments/{assignment.id}", {"budgets": {"day": 5}, "at_cap": "hold"})
    assert acme.get("audit")["results"][0]["changes"] == {"at_cap": ["skip", "hold"], "budgets": [{}, {"day": "5.00"}]}
