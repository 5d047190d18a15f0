from typing import Any

import pytest

from accounts.models import Account, AuditEvent
from distribution.models import Field
from tests.builders import FIELDS, Shop, make_account, make_entity, make_lead

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

SOLAR = {"name": "Solar Leads", "slug": "solar_leads", "fields": FIELDS}


@pytest.fixture
def acme() -> Shop:
    return make_account()


def errors_of(answer: Any) -> set[tuple[str, str]]:
    assert answer.status_code == 400, answer.content
    return {(error["attr"], error["code"]) for error in answer.json()["errors"]}


def test_an_entity_is_made_with_its_fields_in_their_order(acme: Shop) -> None:
    answer = acme.call("POST", "entities", SOLAR)
    assert answer.status_code == 201
    entity = answer.json()
    assert (entity["name"], entity["slug"], entity["display_field"]) == ("Solar Leads", "solar_leads", "")
    assert [field["key"] for field in entity["fields"]] == ["first_name", "email", "zip", "budget", "ssn"]
    assert entity["fields"][0] | {"id": ""} == {
        "id": "", "key": "first_name", "label": "First name", "type": "text", "required": True, "default": None, "options": {},
        "is_encrypted": False, "position": 0,
    }  # fmt: skip
    assert acme.get("entities/solar_leads") == acme.get(f"entities/{entity['id']}") == entity


def test_a_slug_is_made_from_the_name(acme: Shop) -> None:
    assert acme.call("POST", "entities", {"name": "Roof & Gutter", "fields": []}).json()["slug"] == "roof_gutter"


@pytest.mark.parametrize("slug", ["Solar", "sol ar", "-solar", "ö", "01990000-0000-7000-8000-000000000000"])
def test_a_slug_that_no_address_could_hold_is_refused(acme: Shop, slug: str) -> None:
    assert errors_of(acme.call("POST", "entities", {**SOLAR, "slug": slug})) == {("slug", "invalid")}


def test_a_slug_names_one_entity_of_an_account(acme: Shop) -> None:
    make_entity(acme)
    assert errors_of(acme.call("POST", "entities", SOLAR)) == {("slug", "unique")}
    assert make_account("Other", "charlie@other.test").call("POST", "entities", SOLAR).status_code == 201


def test_every_fault_is_told_at_its_path(acme: Shop) -> None:
    fields = [{"key": "zip", "type": "text"}, {"key": "Budget", "type": "money"}, {"key": "zip", "type": "text"}]
    answer = acme.call("POST", "entities", {"name": "", "fields": fields, "color": "red"})
    assert errors_of(answer) == {("name", "blank"), ("color", "unknown")}
    answer = acme.call("POST", "entities", {"name": "A", "display_field": "zip", "fields": fields})
    assert errors_of(answer) == {
        ("fields.1.key", "invalid"),
        ("fields.1.type", "invalid"),
        ("fields.2.key", "duplicate"),
        ("fields.2.label", "duplicate"),
    }


def test_the_display_field_must_be_a_field(acme: Shop) -> None:
    assert errors_of(acme.call("POST", "entities", {**SOLAR, "display_field": "phone"})) == {("display_field", "unknown_field")}


def test_fields_are_replaced_as_a_list_and_known_again_by_their_key(acme: Shop) -> None:
    make_entity(acme)
    before = {field["key"]: field["id"] for field in acme.get("entities/solar_leads")["fields"]}
    fields = [{"key": "roof", "type": "select", "options": ["flat", "steep"]}, {"key": "zip", "label": "Postcode", "type": "text"}]
    answer = acme.call("PATCH", "entities/solar_leads", {"fields": fields})
    after = answer.json()["fields"]
    assert [(field["key"], field["label"]) for field in after] == [("roof", "Roof"), ("zip", "Postcode")]
    assert after[1]["id"] == before["zip"]
    assert acme.get("entities/solar_leads")["fields"] == after


def test_what_a_get_answers_can_be_put_back(acme: Shop) -> None:
    make_entity(acme)
    entity = acme.get("entities/solar_leads")
    answer = acme.call("PUT", "entities/solar_leads", entity)
    assert answer.status_code == 200
    assert answer.json() | {"updated_at": ""} == entity | {"updated_at": ""}


def test_a_change_that_is_refused_changes_nothing(acme: Shop) -> None:
    make_entity(acme)
    before = acme.get("entities/solar_leads")
    assert acme.call("PATCH", "entities/solar_leads", {"name": "New", "fields": [{"key": "a", "type": "?"}]}).status_code == 400
    assert acme.get("entities/solar_leads") == before


def test_every_change_is_in_the_audit_log_and_moves_the_version_on(acme: Shop) -> None:
    make_entity(acme)
    with acme.open():
        version = Account.objects.get().config_version
    answer = acme.call("PATCH", "entities/solar_leads", {"name": "Sun", "fields": FIELDS[:4]})
    with acme.open():
        assert Account.objects.get().config_version > version
        events = list(AuditEvent.objects.order_by("-id")[:2])
    removed, renamed = sorted(events, key=lambda event: event.action)
    assert (renamed.action, renamed.object_type, renamed.changes["name"]) == ("updated", "entity", ["Solar Leads", "Sun"])
    assert (removed.action, removed.object_type, removed.object_label) == ("deleted", "field", "SSN")
    assert {event.request_id for event in events} == {answer["X-Request-Id"]}


def test_an_entity_without_leads_goes_with_its_fields(acme: Shop) -> None:
    make_entity(acme)
    assert acme.call("DELETE", "entities/solar_leads").status_code == 204
    assert acme.call("GET", "entities/solar_leads").status_code == 404
    with acme.open():
        assert not Field.objects.exists()


def test_an_entity_with_leads_stays(acme: Shop) -> None:
    make_entity(acme)
    make_lead(acme)
    answer = acme.call("DELETE", "entities/solar_leads")
    assert answer.status_code == 409
    assert "leads" in answer.json()["errors"][0]["detail"]
    assert acme.get("entities/solar_leads")


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(acme: Shop, django_assert_num_queries: Any) -> None:
    for number in range(5):
        make_entity(acme, name=f"E{number}", slug=f"e{number}")
    acme.get("entities")  # notes the key's use, once a minute
    with django_assert_num_queries(5):
        assert len(acme.get("entities?limit=2")["results"]) == 2
    with django_assert_num_queries(5):
        assert len(acme.get("entities")["results"]) == 5
