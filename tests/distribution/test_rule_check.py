"""A rule tried on a lead and on the last leads of its Entity."""

import json
from typing import Any

import pytest

from accounts.ids import new_id
from distribution.models import Lead
from distribution.past_leads import LeadReader, past_leads
from distribution.rule_check import count_matches
from distribution.rules import compile_rule, parse
from tests.builders import FIELDS, Shop, make_account, make_entity, make_lead

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

NINE = {"field": "zip", "operator": "starts_with", "value": "9"}
RICH = {"field": "budget", "operator": "at_least", "value": "2000.50"}
SECRET = {"field": "ssn", "operator": "equals", "value": "078-05-1120"}
PHONE = {"key": "phone", "label": "Phone", "type": "phone"}


@pytest.fixture
def acme() -> Shop:
    acme = make_account()
    make_entity(acme)
    return acme


def checked(shop: Shop, *, key: str | None = None, **body: Any) -> Any:
    answer = shop.call("POST", "rules/check", {"entity": "solar_leads", **body}, key=key)
    assert answer.status_code == 200, answer.content
    return answer.json()


def faults_of(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.content
    return [(error["attr"], error["code"]) for error in answer.json()["errors"]]


def test_every_condition_is_shown_with_its_result_in_the_shape_of_the_rule(acme: Shop) -> None:
    rules = {"all": [NINE, {"none": [RICH, {"any": []}]}]}
    answer = checked(acme, rules=rules, lead={"First Name": "Jane", "ZIP": "10115", "budget": 3000})
    assert answer == {
        "is_match": False,
        "reason": "ZIP starts with 9 wanted, was 10115.",
        "conditions": {
            "group": "all",
            "result": False,
            "items": [
                {
                    "path": "rules.all.0",
                    "field": "zip",
                    "label": "ZIP",
                    "operator": "starts_with",
                    "wanted": "9",
                    "actual": "10115",
                    "result": False,
                    "words": "ZIP starts with 9 wanted, was 10115",
                    "is_hidden": False,
                },
                {
                    "group": "none",
                    "result": False,
                    "items": [
                        {
                            "path": "rules.all.1.none.0",
                            "field": "budget",
                            "label": "Budget",
                            "operator": "at_least",
                            "wanted": "2000.5",
                            "actual": 3000,
                            "result": True,
                            "words": "Budget is at least 2000.5 not wanted, was 3000",
                            "is_hidden": False,
                        }
                    ],
                },
            ],
        },
        "faults": [],
        "warnings": [],
    }


def test_an_empty_rule_matches(acme: Shop) -> None:
    answer = checked(acme, rules={}, lead={"first_name": "Jane"})
    assert (answer["is_match"], answer["reason"]) == (True, "The rule matches.")
    assert answer["conditions"] == {"group": "all", "result": True, "items": []}


def test_values_of_encrypted_fields_are_compared_and_not_shown(acme: Shop) -> None:
    answer = checked(acme, rules={"all": [SECRET]}, lead={"first_name": "Jane", "ssn": "078-05-1120"})
    (condition,) = answer["conditions"]["items"]
    assert (condition["result"], condition["wanted"], condition["actual"], condition["is_hidden"]) == (True, None, None, True)
    assert "078" not in json.dumps(answer)


def test_what_does_not_clean_counts_as_missing_and_is_told(acme: Shop) -> None:
    answer = checked(acme, rules={"all": [RICH]}, lead={"budget": "lots", "colour": "red"})
    assert answer["is_match"] is False
    assert answer["reason"] == "Budget is at least 2000.5 wanted, was missing."
    assert [(fault["attr"], fault["code"]) for fault in answer["faults"]] == [("lead.first_name", "required"), ("lead.budget", "invalid")]
    assert answer["warnings"] == ["'colour' names no field of this Entity."]


def test_a_raw_lead_brings_its_status_and_source(acme: Shop) -> None:
    rules = {"all": [{"field": "status", "operator": "equals", "value": "hot"}, {"field": "source", "operator": "equals", "value": "form"}]}
    assert checked(acme, rules=rules, lead={"first_name": "Jane", "status": "hot", "source": "form"})["is_match"] is True
    assert checked(acme, rules=rules, lead={"first_name": "Jane", "status": 7})["is_match"] is False


def test_a_stored_lead_is_looked_at_with_its_encrypted_values(acme: Shop) -> None:
    lead = make_lead(acme)
    rules = {"all": [NINE, SECRET, {"field": "id", "operator": "equals", "value": str(lead.id)}]}
    answer = checked(acme, rules=rules, lead_id=str(lead.id))
    assert answer["is_match"] is True
    assert [item["result"] for item in answer["conditions"]["items"]] == [True, True, True]


def test_a_stored_lead_is_looked_at_as_of_the_moment_it_came(acme: Shop) -> None:
    lead = make_lead(acme)
    with acme.open():
        Lead.objects.update(created_at="2026-01-31T12:00:00Z")
    rules = {"all": [{"field": "created_at", "operator": "within_last_days", "value": 1}]}
    assert checked(acme, rules=rules, lead_id=str(lead.id))["is_match"] is True


def test_a_lead_of_another_account_is_no_lead(acme: Shop) -> None:
    other = make_account("Other", "charlie@other.test")
    make_entity(other)
    answers = [
        acme.call("POST", "rules/check", {"entity": "solar_leads", "lead_id": str(lead_id)}) for lead_id in (make_lead(other).id, new_id())
    ]
    assert faults_of(answers[0]) == [("lead_id", "does_not_exist")]
    assert answers[0].content == answers[1].content


def test_the_last_leads_that_match_are_counted(acme: Shop) -> None:
    for zip_code in ("10115", "90210", "90211", "10117", "94105"):
        make_lead(acme, zip=zip_code)
    assert checked(acme, rules={"all": [NINE]}, count_last=1000) == {"matched": 3, "of": 5}
    assert checked(acme, rules={"all": [NINE]}, count_last=2) == {"matched": 1, "of": 2}
    assert checked(acme, rules={"all": [NINE, SECRET]}, count_last=1000) == {"matched": 3, "of": 5}


@pytest.mark.parametrize("value", ["078-05-1120", "911-77-3355"])
def test_whether_an_encrypted_value_is_met_needs_the_scope(acme: Shop, value: str) -> None:
    lead, reader = make_lead(acme), acme.key_with("read")
    rules = {"all": [NINE, {**SECRET, "value": value}]}
    answer = checked(acme, rules=rules, lead_id=str(lead.id), count_last=10, key=reader)
    assert (answer["is_match"], answer["conditions"]["result"], answer["matched"], answer["of"]) == (None, None, None, None)
    assert answer["reason"] == "Whether the rule matches hangs on conditions that are encrypted; needs read:encrypted."
    plain, secret = answer["conditions"]["items"]
    assert plain["result"] is True
    assert (secret["result"], secret["actual"], secret["words"]) == (None, None, "encrypted; needs read:encrypted")


def test_a_result_that_does_not_hang_on_an_encrypted_value_is_told(acme: Shop) -> None:
    lead, reader = make_lead(acme, zip="10115"), acme.key_with("read")
    answer = checked(acme, rules={"all": [SECRET, NINE]}, lead_id=str(lead.id), key=reader)
    assert (answer["is_match"], answer["reason"]) == (False, "ZIP starts with 9 wanted, was 10115.")
    assert checked(acme, rules={"all": [NINE]}, count_last=10, key=reader) == {"matched": 0, "of": 1}


def test_of_a_lead_that_the_caller_typed_nothing_is_secret(acme: Shop) -> None:
    answer = checked(acme, rules={"all": [SECRET]}, lead={"first_name": "Jane", "ssn": "078-05-1120"}, key=acme.key_with("read"))
    assert answer["is_match"] is True


def test_counting_stops_when_the_time_is_over(acme: Shop) -> None:
    make_lead(acme)
    make_lead(acme)
    with acme.open() as access:
        entity_id = Lead.objects.values_list("entity_id", flat=True)[0]
        leads = LeadReader(access.vault, [], blind_keys=frozenset()).read_all(past_leads(entity_id))
        assert count_matches(compile_rule(parse({}, [])), leads, most_seconds=0) == (1, 1)


def test_erased_leads_are_neither_counted_nor_looked_at(acme: Shop) -> None:
    lead = make_lead(acme)
    with acme.open():
        Lead.objects.update(erased_at="2026-01-31T12:00:00Z", values={}, sealed=None, wrapped_key=b"")
    assert checked(acme, count_last=10) == {"matched": 0, "of": 0}
    answer = acme.call("POST", "rules/check", {"entity": "solar_leads", "lead_id": str(lead.id)})
    assert faults_of(answer) == [("lead_id", "does_not_exist")]


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("lead", "required")]),
        ({"lead": {}, "lead_id": str(new_id())}, [("lead_id", "invalid")]),
        ({"lead": []}, [("lead", "invalid")]),
        ({"lead": {}, "rules": {"all": [{**NINE, "operator": "before"}]}}, [("rules.all.0.operator", "unknown_operator")]),
        ({"entity": "roofs", "lead": {}}, [("entity", "does_not_exist")]),
        ({"lead": {}, "count_last": 1001}, [("count_last", "max_value")]),
        ({"lead": {}, "leads": []}, [("leads", "unknown")]),
    ],
)
def test_what_cannot_be_checked_is_told(acme: Shop, body: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    assert faults_of(acme.call("POST", "rules/check", {"entity": "solar_leads", **body})) == faults


def test_telephone_numbers_are_read_with_the_accounts_region(acme: Shop) -> None:
    assert acme.call("PATCH", "entities/solar_leads", {"fields": [*FIELDS, PHONE]}).status_code == 200
    rules = {"all": [{"field": "phone", "operator": "in_list", "value": ["(415) 555-2671"]}]}
    assert checked(acme, rules=rules, lead={"first_name": "Jane", "phone": "+14155552671"})["is_match"] is True
