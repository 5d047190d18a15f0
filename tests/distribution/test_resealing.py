"""A field is switched to encrypted or back while it has data."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Event
from typing import Any

import pytest
from django.db import OperationalError, connections

from accounts.access import Access
from accounts.jobs import Step, take_one_step
from accounts.models import Job
from delivery.testing import preview
from distribution.fields.exact_json import load
from distribution.lead_values import SEALED_VALUES
from distribution.models import Decision, Lead
from distribution.resealing import reseal_step
from intake.pipeline import IncomingLead, Receipt, receive_lead
from leadflip.background import KINDS
from tests.builders import FIELDS, Set, make_account, make_lead, make_profile, make_set

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

PLAIN = {"first_name": "Jane", "email": "jane@example.com", "zip": "90210", "budget": 1500.5}


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


def encrypt(acme: Set, *keys: str) -> Any:
    """Let exactly these fields be encrypted; the answer's job, if there is one."""
    fields = [{**field, "is_encrypted": field["key"] in keys} for field in FIELDS]
    answer = acme.shop.call("PATCH", "entities/solar_leads", {"fields": fields})
    assert answer.status_code == 200, answer.content
    return answer.json().get("job")


def stored(acme: Set, lead: Lead | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """(plain, sealed) values as the database holds them."""
    with acme.shop.open() as access:
        row = Lead.objects.get(id=(lead or acme.lead).id)
        if row.sealed is None:
            return row.values, {}
        vault = access.vault.lead(row.id, bytes(row.wrapped_key))
        return row.values, load(vault.open(row.sealed, purpose=SEALED_VALUES, record_id=row.id))


def work() -> int:
    steps = 0
    while take_one_step(KINDS):
        steps += 1
    return steps


def told(acme: Set, *scopes: str) -> Any:
    return acme.shop.get(f"leads/{acme.lead.id}", key=acme.shop.key_with(*scopes))["values"]


def test_values_move_with_their_field(acme: Set) -> None:
    assert stored(acme) == (PLAIN, {"ssn": "078-05-1120"})
    job = encrypt(acme, "ssn", "budget", "zip")
    assert stored(acme) == (PLAIN, {"ssn": "078-05-1120"})
    work()
    assert stored(acme) == ({"first_name": "Jane", "email": "jane@example.com"}, {"ssn": "078-05-1120", "budget": 1500.5, "zip": "90210"})
    told_job = acme.shop.get(f"jobs/{job}")
    assert (told_job["kind"], told_job["state"], told_job["done"], told_job["total"]) == ("reseal", "done", 1, 1)
    assert told_job["label"] == "Encryption of zip, budget in the leads of Solar Leads"


def test_a_number_keeps_every_digit_both_ways(acme: Set) -> None:
    exact = Decimal("12345678901234567.123456789")
    lead = make_lead(acme.shop, budget=str(exact))
    encrypt(acme, "ssn", "budget")
    work()
    assert stored(acme, lead)[1]["budget"] == exact
    encrypt(acme, "ssn")
    work()
    assert stored(acme, lead)[0]["budget"] == exact


def test_they_move_back_until_nothing_is_sealed(acme: Set) -> None:
    assert encrypt(acme)
    work()
    assert stored(acme) == ({**PLAIN, "ssn": "078-05-1120"}, {})
    with acme.shop.open():
        assert Lead.objects.get().sealed is None


def test_before_the_job_has_come_a_value_is_as_secret_as_its_field(acme: Set) -> None:
    encrypt(acme, "zip")
    assert told(acme, "read") == {**PLAIN, "zip": None, "ssn": "078-05-1120"}
    assert told(acme, "read", "read:encrypted") == {**PLAIN, "ssn": "078-05-1120"}


def test_before_the_job_has_come_a_value_is_sent_only_where_encrypted_ones_are(acme: Set) -> None:
    encrypt(acme, "zip")
    with acme.shop.open() as access:
        body = preview(access, acme.channel.id, acme.lead.id)["body"]
    assert "90210" not in body
    assert "078-05-1120" in body
    included = {"fields": {"mode": "all", "include_encrypted": True}}
    assert acme.shop.call("PATCH", f"channels/{acme.channel.id}", included).status_code == 200
    with acme.shop.open() as access:
        masked = preview(access, acme.channel.id, acme.lead.id)["body"]
    assert "90210" not in masked
    assert '"zip":"••••••"' in masked.replace(": ", ":")


def test_reasons_that_show_a_value_are_masked(acme: Set) -> None:
    make_profile(acme.shop, name="East", rules={"all": [{"field": "zip", "operator": "equals", "value": "10001"}]})
    lead = make_lead(acme.shop)
    path = f"leads/{lead.id}"
    assert "90210" in acme.shop.get(path)["decisions"][1]["reason"]
    with acme.shop.open():
        # The rule would not hold the field any more; what was decided by it is there all the same.
        decision = Decision.objects.get(lead=lead, is_matched=False)
        profile_id = decision.profile_id
    assert acme.shop.call("PATCH", f"profiles/{profile_id}", {"rules": {}}).status_code == 200
    encrypt(acme, "ssn", "zip")
    work()
    east = acme.shop.get(path)["decisions"][1]
    assert east["reason"] == "A condition on ZIP decided; its values are encrypted."
    assert (east["details"]["wanted"], east["details"]["actual"], east["is_matched"]) == ("•••", "•••", False)


def test_a_change_that_switches_nothing_starts_no_job(acme: Set) -> None:
    assert encrypt(acme, "ssn") is None
    assert acme.shop.call("PATCH", "entities/solar_leads", {"name": "Sun"}).json().get("job") is None
    fields = [{**field, "label": f"The {field['key']}"} for field in FIELDS]
    assert acme.shop.call("PATCH", "entities/solar_leads", {"fields": fields}).json().get("job") is None


def test_without_leads_there_is_nothing_to_move(acme: Set) -> None:
    roofs = {"name": "Roofs", "slug": "roofs", "fields": [{"key": "zip", "type": "text"}]}
    assert acme.shop.call("POST", "entities", roofs).status_code == 201
    answer = acme.shop.call("PATCH", "entities/roofs", {"fields": [{"key": "zip", "type": "text", "is_encrypted": True}]})
    assert (answer.status_code, answer.json().get("job")) == (200, None)


def test_a_second_switch_takes_over_from_the_first(acme: Set) -> None:
    first = encrypt(acme, "ssn", "zip")
    second = encrypt(acme, "ssn")
    assert acme.shop.get(f"jobs/{first}") | {"finished_at": ""} == acme.shop.get(f"jobs/{first}") | {
        "state": "cancelled", "reason": "The fields were changed again; a later run took over.", "finished_at": "",
    }  # fmt: skip
    work()
    assert acme.shop.get(f"jobs/{second}")["state"] == "done"
    assert stored(acme) == (PLAIN, {"ssn": "078-05-1120"})


def test_a_field_that_comes_back_encrypted_hides_what_its_forerunner_left(acme: Set) -> None:
    gone = [field for field in FIELDS if field["key"] != "zip"]
    assert acme.shop.call("PATCH", "entities/solar_leads", {"fields": gone}).json().get("job") is None
    work()
    assert stored(acme)[0] == PLAIN
    assert encrypt(acme, "ssn", "zip")
    assert told(acme, "read")["zip"] is None
    work()
    assert stored(acme)[1] == {"ssn": "078-05-1120", "zip": "90210"}


def test_a_run_goes_on_behind_the_last_whole_step(acme: Set) -> None:
    _many_leads(acme, 1000)
    job = encrypt(acme, "ssn", "zip")

    def undone(access: Access, job: Job) -> Step:
        reseal_step(access, job)
        raise OperationalError("the connection is lost")

    assert take_one_step(KINDS)
    assert (_sealed(acme), acme.shop.get(f"jobs/{job}")["done"]) == (500, 500)
    assert not take_one_step({**KINDS, "reseal": undone})
    assert (_sealed(acme), acme.shop.get(f"jobs/{job}")["done"]) == (500, 500)
    assert work() == 2
    done = acme.shop.get(f"jobs/{job}")
    assert (_sealed(acme), done["state"], done["done"], done["total"]) == (1001, "done", 1001, 1001)
    assert all(stored(acme, lead) == ({"email": "e"}, {"zip": "90210"}) for lead in _copies(acme)[::250])


def test_a_lead_that_cannot_be_read_is_counted_and_keeps_no_other_from_moving(acme: Set) -> None:
    broken = make_lead(acme.shop)
    with acme.shop.open():
        Lead.objects.filter(id=broken.id).update(sealed=b"\x01tampered with, and long enough")
    job = encrypt(acme, "ssn", "zip")
    work()
    assert acme.shop.get(f"jobs/{job}")["result"] == {"unreadable": 1}
    assert stored(acme)[1] == {"ssn": "078-05-1120", "zip": "90210"}
    values = acme.shop.get(f"leads/{broken.id}", key=acme.shop.key_with("read"))["values"]
    assert values["zip"] is None


def test_an_erased_lead_is_passed_over(acme: Set) -> None:
    make_lead(acme.shop)
    assert acme.shop.call("DELETE", f"leads/{acme.lead.id}").status_code == 204
    job = encrypt(acme, "ssn", "zip")
    work()
    assert acme.shop.get(f"jobs/{job}")["done"] == 1
    with acme.shop.open():
        erased = Lead.objects.get(id=acme.lead.id)
    assert (erased.values, erased.sealed) == ({}, None)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_lead_that_was_on_its_way_in_when_its_field_was_switched_is_sealed_too(acme: Set) -> None:
    is_stored, is_passed = Event(), Event()

    def receive() -> Lead:
        try:
            with acme.shop.open() as access:
                receipt = receive_lead(access, "solar_leads", IncomingLead({"first_name": "Ravi", "zip": "94016"}), source="api")
                assert isinstance(receipt, Receipt)
                is_stored.set()
                assert is_passed.wait(30)
            with acme.shop.open():
                return Lead.objects.get(id=receipt.lead_id)
        finally:
            is_stored.set()
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(receive)
        try:
            assert is_stored.wait(30)
            job = encrypt(acme, "ssn", "zip")
            assert (work(), work()) == (0, 0)
            waiting = acme.shop.get(f"jobs/{job}")
        finally:
            is_passed.set()
        lead = under_way.result(30)
    assert (waiting["state"], waiting["done"]) == ("running", 0)
    assert stored(acme, lead) == ({"first_name": "Ravi", "zip": "94016"}, {})
    work()
    assert stored(acme, lead) == ({"first_name": "Ravi"}, {"zip": "94016"})
    done = acme.shop.get(f"jobs/{job}")
    assert (done["state"], done["done"], done["total"]) == ("done", 2, 2)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_run_does_not_wait_for_what_begins_after_the_switch(acme: Set) -> None:
    job = encrypt(acme, "ssn", "zip")
    is_open, is_over = Event(), Event()

    def stay() -> None:
        try:
            with acme.shop.open():
                is_open.set()
                assert is_over.wait(30)
        finally:
            is_open.set()
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        before = pool.submit(stay)
        try:
            assert is_open.wait(30)
            assert work() == 0
        finally:
            is_over.set()
        before.result(30)
        is_open.clear()
        is_over.clear()
        later = pool.submit(stay)
        try:
            assert is_open.wait(30)
            work()
            assert acme.shop.get(f"jobs/{job}")["state"] == "done"
        finally:
            is_over.set()
        later.result(30)


def _many_leads(acme: Set, number: int) -> None:
    with acme.shop.open() as access:
        made = []
        for _ in range(number):
            lead = Lead(account_id=access.account_id, entity=acme.entity, source="csv", values={"email": "e", "zip": "90210"})
            lead.wrapped_key = access.vault.new_lead_key(lead.id)[1]
            lead.created_at = lead.updated_at = acme.lead.created_at
            made.append(lead)
        Lead.objects.bulk_create(made)


def _copies(acme: Set) -> list[Lead]:
    with acme.shop.open():
        return list(Lead.objects.filter(source="csv").order_by("id"))


def _sealed(acme: Set) -> int:
    """How many leads have moved."""
    with acme.shop.open():
        return Lead.objects.exclude(values__has_key="zip").count()
