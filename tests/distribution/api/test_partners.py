from typing import Any

import pytest

from distribution import partners
from tests.builders import Shop, make_account, make_assignment, make_entity, make_partner, make_profile
from tests.distribution.api.test_entities import errors_of

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

HELIOS = {"name": "Helios Direct", "email": "leads@helios.test", "time_zone": "America/Los_Angeles", "caps": {"day": 500}}


@pytest.fixture
def acme() -> Shop:
    return make_account()


def test_a_partner_is_made_read_changed_and_deleted(acme: Shop) -> None:
    made = acme.call("POST", "partners", HELIOS)
    assert made.status_code == 201
    partner = made.json()
    assert partner | {"id": "", "created_at": "", "updated_at": ""} == {
        **HELIOS, "id": "", "phone": "", "tags": [], "notes": "", "is_active": True, "budgets": {}, "created_at": "", "updated_at": "",
    }  # fmt: skip
    assert acme.get(f"partners/{partner['id']}") == partner
    changed = acme.call("PATCH", f"partners/{partner['id']}", {"is_active": False}).json()
    assert changed | {"updated_at": ""} == partner | {"is_active": False, "updated_at": ""}
    assert acme.call("DELETE", f"partners/{partner['id']}").status_code == 204
    assert acme.get("partners")["results"] == []


def test_budgets_are_kept_to_the_penny(acme: Shop) -> None:
    partner = acme.call("POST", "partners", {**HELIOS, "budgets": {"month": 2500, "total": "9999.9"}}).json()
    assert partner["budgets"] == {"month": "2500.00", "total": "9999.90"}
    assert acme.call("PATCH", f"partners/{partner['id']}", {"budgets": None}).json()["budgets"] == {}
    answer = acme.call("PATCH", f"partners/{partner['id']}", {"budgets": {"day": "5 euros"}})
    assert errors_of(answer) == {("budgets.day", "invalid")}


def test_put_replaces_all_of_it(acme: Shop) -> None:
    partner = make_partner(acme, notes="Pays late.", caps={"day": 5})
    replaced = acme.call("PUT", f"partners/{partner.id}", {"name": "Sunrise"}).json()
    assert (replaced["name"], replaced["notes"], replaced["caps"], replaced["time_zone"]) == ("Sunrise", "", {}, "UTC")


def test_contacts_are_kept_in_their_normal_form(acme: Shop) -> None:
    partner = acme.call("POST", "partners", {**HELIOS, "phone": "(202) 555-0123", "email": " Leads@HELIOS.test "}).json()
    assert (partner["phone"], partner["email"]) == ("+12025550123", "Leads@helios.test")


def test_every_fault_is_told_at_its_field(acme: Shop) -> None:
    make_partner(acme)
    body = {
        "name": "Helios Direct", "email": "nobody", "phone": "12", "time_zone": "Mars/Base", "caps": {"day": -1, "decade": 1}
    }  # fmt: skip
    faults = {"name", "email", "phone", "time_zone", "caps.day", "caps.decade"}
    assert {attr for attr, _ in errors_of(acme.call("POST", "partners", body))} == faults


def test_a_key_that_means_nothing_is_named(acme: Shop) -> None:
    answer = acme.call("POST", "partners", {**HELIOS, "timezone": "UTC"})
    assert errors_of(answer) == {("timezone", "unknown")}
    assert "time_zone" in answer.json()["errors"][0]["detail"]


def test_an_error_names_its_field(acme: Shop) -> None:
    (error,) = acme.call("POST", "partners", {}).json()["errors"]
    assert error == {"code": "required", "attr": "name", "detail": "name is missing; it must be given."}


@pytest.mark.parametrize("name", ["A\r\nBcc: b@c.example", "A\u202eB", "\x7f"])
def test_a_name_is_one_line(acme: Shop, name: str) -> None:
    assert errors_of(acme.call("POST", "partners", {**HELIOS, "name": name})) == {("name", "not_a_line")}


def test_a_partner_of_a_profile_stays(acme: Shop) -> None:
    make_entity(acme)
    partner = make_partner(acme)
    make_assignment(acme, make_profile(acme), partner)
    answer = acme.call("DELETE", f"partners/{partner.id}")
    assert answer.status_code == 409
    assert answer.json() == {
        "type": "client_error",
        "errors": [
            {
                "code": "in_use",
                "detail": "This is still used by assignments, so it cannot be deleted. Switch it off instead.",
                "attr": None,
            }
        ],
    }


def test_of_two_who_take_a_name_at_the_same_moment_one_is_told_to_look_again(acme: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    make_partner(acme)
    monkeypatch.setattr(partners, "taken_faults", lambda *_, **__: [])
    answer = acme.call("POST", "partners", HELIOS)
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "conflict"


def test_pages_go_from_the_newest_to_the_oldest_and_back(acme: Shop) -> None:
    names = [f"P{number}" for number in range(5)]
    for name in names:
        make_partner(acme, name)
    first = acme.get("partners?limit=2")
    assert [partner["name"] for partner in first["results"]] == ["P4", "P3"]
    assert first["previous"] is None
    second = acme.get(first["next"].partition("/api/")[2])
    assert [partner["name"] for partner in second["results"]] == ["P2", "P1"]
    third = acme.get(second["next"].partition("/api/")[2])
    assert ([partner["name"] for partner in third["results"]], third["next"]) == (["P0"], None)
    assert acme.get(second["previous"].partition("/api/")[2])["results"] == first["results"]


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=many", "cursor=nonsense", "cursor=cD1ub25zZW5zZQ=="])
def test_a_page_that_there_is_not_is_refused(acme: Shop, query: str) -> None:
    assert errors_of(acme.call("GET", f"partners?{query}")) == {(query.partition("=")[0], "invalid")}


def test_no_page_has_more_than_200(acme: Shop) -> None:
    assert acme.get("partners?limit=100000")["next"] is None


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(acme: Shop, django_assert_num_queries: Any) -> None:
    for number in range(5):
        make_partner(acme, f"P{number}")
    with django_assert_num_queries(5):
        assert len(acme.get("partners")["results"]) == 5
