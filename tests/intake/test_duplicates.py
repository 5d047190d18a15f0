"""Leads that repeat an earlier one: one rule for every source, exact when two come at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from accounts.isolation import account_scope
from accounts.jobs import take_one_step
from accounts.models import Job
from delivery.models import Delivery
from distribution.entities import add_entity, change_entity
from distribution.lead_values import all_values
from distribution.matching import KIND, match_step
from distribution.models import Entity, Lead, LeadMatch
from intake.pipeline import IncomingLead, Receipt, Repeat, receive_leads
from tests.builders import Shop, make_account, make_assignment, make_channel, make_partner, make_profile

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

FIELDS: list[dict[str, Any]] = [
    {"key": "first_name", "label": "First name", "type": "text"},
    {"key": "last_name", "label": "Last name", "type": "text"},
    {"key": "email", "label": "Email", "type": "email"},
    {"key": "phone", "label": "Phone", "type": "phone"},
    {"key": "ssn", "label": "SSN", "type": "text", "is_encrypted": True},
    {"key": "country", "label": "Country", "type": "text", "default": "US"},
]
JANE = {"first_name": "Jane", "email": "jane@example.com"}


def make_solar(shop: Shop, action: str = "skip", match: Any = (("email",),), window_days: int | None = None) -> Entity:
    duplicates = {"action": action, "match": [list(key) for key in match], "window_days": window_days}
    with shop.open() as access:
        return add_entity(access, {"name": "Solar", "slug": "solar_leads", "fields": FIELDS, "duplicates": duplicates})


def send(shop: Shop, *leads: dict[str, Any], source: str = "api", **options: Any) -> list[Any]:
    with shop.open() as access:
        return receive_leads(access, "solar_leads", [IncomingLead(lead) for lead in leads], source=source, **options)


def stored(shop: Shop) -> list[Lead]:
    with shop.open():
        return list(Lead.objects.order_by("id"))


@pytest.fixture
def shop(db: None) -> Shop:
    return make_account()


def test_skip_stores_nothing_and_counts_on_the_earlier_lead(shop: Shop) -> None:
    make_solar(shop)
    (first,) = send(shop, JANE)
    (second,) = send(shop, {**JANE, "email": " JANE@Example.com "})
    assert isinstance(second, Repeat)
    assert (second.lead_id, second.is_merged, second.repetition.matched_by) == (first.lead_id, False, ("email",))
    (lead,) = stored(shop)
    assert (lead.repeats, lead.last_repeat_at is not None) == (1, True)


def test_update_puts_what_came_into_the_earlier_lead_and_leaves_the_rest(shop: Shop) -> None:
    make_solar(shop, "update")
    send(shop, {**JANE, "ssn": "1", "country": "DE", "last_name": "Doe"})
    (second,) = send(shop, {"email": "jane@example.com", "first_name": "Janet", "ssn": "2"})
    assert second.is_merged
    (lead,) = stored(shop)
    with shop.open() as access:
        # The default of country is not what the lead brought.
        assert all_values(access.vault, lead) == {
            "first_name": "Janet", "last_name": "Doe", "email": "jane@example.com", "country": "DE", "ssn": "2",
        }  # fmt: skip
    assert "ssn" not in lead.values
    assert lead.repeats == 1


def test_an_update_leaves_what_a_removed_field_had_sealed(shop: Shop) -> None:
    entity = make_solar(shop, "update")
    send(shop, {**JANE, "ssn": "078-05-1120"})
    with shop.open() as access:
        change_entity(access, entity, {"fields": [field for field in FIELDS if field["key"] != "ssn"]})
    send(shop, {**JANE, "first_name": "Janet"})
    (lead,) = stored(shop)
    assert (lead.values["first_name"], "ssn" in lead.values) == ("Janet", False)
    with shop.open() as access:
        assert all_values(access.vault, lead)["ssn"] == "078-05-1120"


def test_create_anyway_stores_and_routes_and_names_the_earlier(shop: Shop) -> None:
    make_solar(shop, "create_anyway")
    make_channel(shop, make_assignment(shop, make_profile(shop), make_partner(shop)))
    (first,) = send(shop, JANE)
    (second,) = send(shop, JANE)
    assert isinstance(second, Receipt)
    assert second.repetition is not None
    assert (second.repetition.of.lead_id, len(second.deliveries)) == (first.lead_id, 1)
    assert [lead.duplicate_of_id for lead in stored(shop)] == [None, first.lead_id]


def test_a_skipped_lead_goes_to_nobody(shop: Shop) -> None:
    make_solar(shop)
    make_channel(shop, make_assignment(shop, make_profile(shop), make_partner(shop)))
    send(shop, JANE)
    send(shop, JANE)
    with shop.open():
        assert Delivery.objects.count() == 1


def test_off_does_not_look(shop: Shop) -> None:
    make_solar(shop, "off")
    assert [type(answer) for answer in send(shop, JANE, JANE)] == [Receipt, Receipt]


def test_keys_are_tried_in_order_and_want_all_their_fields(shop: Shop) -> None:
    make_solar(shop, match=[["email"], ["phone", "last_name"]])
    send(shop, {"email": "jane@example.com", "phone": "+12025550123", "last_name": "Doe"})
    (by_phone,) = send(shop, {"email": "other@example.com", "phone": "(202) 555-0123", "last_name": " doe "})
    assert by_phone.repetition.matched_by == ("phone", "last_name")
    (by_email,) = send(shop, {"email": "jane@example.com", "phone": "+12025550123", "last_name": "Doe"})
    assert by_email.repetition.matched_by == ("email",)
    (stranger,) = send(shop, {"phone": "+12025550123"})
    assert isinstance(stranger, Receipt)


def test_a_lead_without_any_key_is_new(shop: Shop) -> None:
    make_solar(shop)
    assert [type(answer) for answer in send(shop, {"first_name": "A"}, {"first_name": "A"})] == [Receipt, Receipt]


def test_an_encrypted_field_is_a_match_key_and_its_value_is_nowhere(shop: Shop) -> None:
    make_solar(shop, match=[["ssn"]])
    send(shop, {"ssn": "078-05-1120"})
    (second,) = send(shop, {"ssn": "078-05-1120"})
    assert isinstance(second, Repeat)
    with shop.open():
        (match,) = LeadMatch.objects.all()
        assert len(match.digest) == 16


def test_the_window_ends(shop: Shop) -> None:
    make_solar(shop, window_days=30)
    send(shop, JANE)
    with shop.open():
        LeadMatch.objects.update(created_at=timezone.now() - timedelta(days=30, seconds=1))
    assert isinstance(send(shop, JANE)[0], Receipt)
    assert isinstance(send(shop, JANE)[0], Repeat)


def test_a_batch_knows_its_own_leads(shop: Shop) -> None:
    make_solar(shop, "update")
    first, second, third = send(shop, JANE, {**JANE, "last_name": "Doe"}, {"email": "ravi@example.com"})
    assert (type(second), second.lead_id, type(third)) == (Repeat, first.lead_id, Receipt)
    assert stored(shop)[0].values["last_name"] == "Doe"
    assert stored(shop)[0].repeats == 1


def test_the_caller_may_choose_another_action(shop: Shop) -> None:
    make_solar(shop, "skip")
    send(shop, JANE)
    assert isinstance(send(shop, JANE, source="csv", on_duplicate="create_anyway")[0], Receipt)


def test_entities_and_accounts_do_not_mix(shop: Shop) -> None:
    other = make_account("Bobs", "bob@bobs.test")
    make_solar(shop)
    make_solar(other)
    send(shop, JANE)
    assert isinstance(send(other, JANE)[0], Receipt)


def test_new_match_keys_find_the_leads_that_were_there_before(shop: Shop) -> None:
    entity = make_solar(shop, "off", match=[])
    send(shop, JANE, {"email": "ravi@example.com"})
    with shop.open() as access:
        change_entity(access, entity, {"duplicates": {"action": "skip", "match": ["email"]}})
        assert Job.objects.get().kind == KIND
    while take_one_step({KIND: match_step}):
        pass
    with shop.open():
        assert (Job.objects.get().state, Job.objects.get().done) == ("done", 2)
    assert [type(answer) for answer in send(shop, JANE)] == [Repeat]


@pytest.mark.parametrize(
    ("duplicates", "attr", "code"),
    [
        ([], "duplicates", "invalid"),
        ({"action": "drop"}, "duplicates.action", "invalid"),
        ({"action": "skip"}, "duplicates.match", "required"),
        ({"action": "skip", "match": "email"}, "duplicates.match", "invalid"),
        ({"match": [["mail"]]}, "duplicates.match.0", "unknown_field"),
        ({"match": [["email", "email"]]}, "duplicates.match.0", "duplicate"),
        ({"match": [[]]}, "duplicates.match.0", "invalid"),
        ({"match": [["email"]], "window_days": 0}, "duplicates.window_days", "invalid"),
        ({"when": "always"}, "duplicates.when", "unknown"),
    ],
)
def test_a_wrong_rule_is_refused_at_its_place(shop: Shop, duplicates: Any, attr: str, code: str) -> None:
    answer = shop.call("POST", "entities", {"name": "Solar", "fields": FIELDS, "duplicates": duplicates})
    assert answer.status_code == 400
    assert [(fault["attr"], fault["code"]) for fault in answer.json()["errors"]] == [(attr, code)]


def test_the_rule_is_part_of_the_entity(shop: Shop) -> None:
    rule = {"action": "skip", "match": ["email", ["phone", "last_name"]], "window_days": 30}
    made = shop.call("POST", "entities", {"name": "Solar", "fields": FIELDS, "duplicates": rule}).json()
    assert made["duplicates"] == {"action": "skip", "match": [["email"], ["phone", "last_name"]], "window_days": 30}


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_of_equal_leads_at_one_instant_one_is_stored(shop: Shop) -> None:
    make_solar(shop)

    def send_at_once(_: int) -> str:
        try:
            return type(send(shop, JANE)[0]).__name__
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send_at_once, range(24)))
    assert sorted(answers) == ["Receipt"] + ["Repeat"] * 23
    assert [lead.repeats for lead in stored(shop)] == [23]


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_batches_and_single_leads_at_once_store_every_person_once(shop: Shop) -> None:
    make_solar(shop)
    people = [{"email": f"person{number}@example.com"} for number in range(80)]

    def send_at_once(number: int) -> None:
        try:
            if number % 2:
                send(shop, *people)
            else:
                for person in people[number : number + 10]:
                    send(shop, person)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(send_at_once, range(6)))
    with account_scope(shop.account.id):
        assert sorted(Lead.objects.values_list("values__email", flat=True)) == sorted(person["email"] for person in people)
