"""A lead is erased: what goes, what stays, and that nothing of it is found anywhere."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connections, transaction
from django.utils import timezone

from accounts.isolation import account_scope
from accounts.models import Account, AuditEvent
from accounts.vault import LeadVault, SealError
from delivery.erasure import erase_leads
from delivery.models import Attempt, ChannelHealth, Delivery
from delivery.outcome import Verdict
from delivery.record import open_response
from delivery.shipment import RENDERING
from distribution.lead_values import SEALED_VALUES
from distribution.models import Lead
from tests.builders import EMAIL, LEAD, Set, make_account, make_assignment, make_lead, make_partner, make_profile, make_set
from tests.delivery.api.tries import make_attempt
from tests.delivery.routes import deliver, open_route
from tests.flows.partner import running_partner

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

NAME, SECRET = "Zaphod Quetzal", "911-77-3355"
OF_ZAPHOD = {**LEAD, "first_name": NAME, "email": "zaphod@quetzal.test", "zip": "80331", "ssn": SECRET}
TRACES = re.compile("quetzal|911.?77.?3355|80331", re.IGNORECASE)


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


@pytest.fixture
def zaphod(acme: Set) -> Set:
    """A lead that left its values in every place: plain, sealed, in its note, in decisions, in what was sent and in what came back."""
    duplicates = {"action": "create_anyway", "match": [["email"]], "window_days": None}
    assert acme.shop.call("PATCH", "entities/solar_leads", {"duplicates": duplicates}).status_code == 200
    make_profile(acme.shop, name="East", rules={"all": [{"field": "zip", "operator": "equals", "value": "10001"}]})
    choosy = make_partner(acme.shop, name="Choosy")
    make_assignment(acme.shop, acme.profile, choosy, rules={"all": [{"field": "first_name", "operator": "is_empty"}]})
    answer = acme.shop.call("POST", "intake", {"entity": "solar_leads", **OF_ZAPHOD, "note": f"Ask for {NAME}"})
    assert answer.status_code == 200, answer.content
    with acme.shop.open():
        acme.lead = Lead.objects.get(id=answer.json()["lead_id"])
    make_attempt(acme, body=f'{{"name": "{NAME}", "ssn": "{SECRET}"}}'.encode(), response=f"Hello {NAME}".encode(), has_encrypted=True)
    return acme


def erase(acme: Set) -> None:
    assert acme.shop.call("DELETE", f"leads/{acme.lead.id}").status_code == 204


def rows() -> Iterator[tuple[str, str]]:
    """(table, row) of everything that the database holds."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")
            yield from ((table, row) for (row,) in cursor.fetchall())


def vaults(acme: Set) -> list[LeadVault]:
    """Every key that the account's own key leads to."""
    with acme.shop.open() as access:
        found: list[LeadVault] = [access.vault]
        for lead in Lead.objects.all():
            try:
                found.append(access.vault.lead(lead.id, bytes(lead.wrapped_key)))
            except SealError:
                assert lead.id == acme.lead.id
        return found


def opened(acme: Set, message: bytes, keys: list[LeadVault]) -> str:
    """What the message says, tried with every key for every purpose; empty if none opens it."""
    lead_id, delivery_id = acme.lead.id, acme.delivery_id
    for vault in keys:
        for read in (
            lambda vault: vault.open(message, purpose=SEALED_VALUES, record_id=lead_id),
            lambda vault: vault.open(message, purpose=RENDERING, record_id=delivery_id),
            lambda vault: open_response(vault, message, delivery_id=delivery_id).body,
        ):
            with suppress(SealError):
                return str(read(vault), "utf-8")
    return ""


def places_with_traces(acme: Set) -> set[str]:
    """The tables in which something of Zaphod can be read; `+ key` where it takes a key."""
    keys, found = vaults(acme), set()
    for table, row in rows():
        if TRACES.search(row):
            found.add(table)
        for message in re.findall(r"\\\\x([0-9a-f]{2,})", row):
            content = bytes.fromhex(message)
            assert not TRACES.search(content.decode(errors="replace")), table
            if TRACES.search(opened(acme, content, keys)):
                found.add(f"{re.sub('_[0-9_]+$', '', table)} + key")
    return found


def test_of_an_erased_lead_no_trace_is_left_in_any_table(zaphod: Set) -> None:
    assert places_with_traces(zaphod) == {
        "distribution_lead", "distribution_lead + key", "distribution_decision", "delivery_rendering + key", "delivery_attempt + key",
    }  # fmt: skip
    with zaphod.shop.open():
        assert zaphod.lead.matches.count() == 1
    erase(zaphod)
    assert places_with_traces(zaphod) == set()
    with zaphod.shop.open():
        assert zaphod.lead.matches.count() == 0


def test_an_erased_lead_is_told_with_where_it_went_and_why_without_its_values(zaphod: Set) -> None:
    erase(zaphod)
    lead = zaphod.shop.get(f"leads/{zaphod.lead.id}")
    assert lead["erased_at"] == lead["updated_at"]
    assert (lead["values"], lead["note"], lead["lead_name"], lead["encrypted_fields"]) == ({}, "", "Unnamed lead", ["ssn"])
    assert [delivery["state"] for delivery in lead["deliveries"]] == ["delivered"]
    west, east = lead["decisions"]
    assert (east["is_matched"], east["reason"]) == (False, "A condition on zip decided (the lead was erased).")
    refused = next(one for one in west["assignments"] if one["partner_name"] == "Choosy")
    assert (refused["code"], refused["reason"]) == ("rule", "A condition on first_name decided (the lead was erased).")
    assert (refused["details"]["operator"], refused["details"]["wanted"], refused["details"]["actual"]) == ("is_empty", None, None)


def test_the_log_of_an_erased_lead_keeps_times_and_says_why_there_is_no_more(zaphod: Set) -> None:
    before = zaphod.shop.get(f"deliveries/{zaphod.delivery_id}")["attempts"][0]
    erase(zaphod)
    after = zaphod.shop.get(f"deliveries/{zaphod.delivery_id}")["attempts"][0]
    for name in ("id", "started_at", "outcome", "code", "http_status", "duration_ms", "url"):
        assert after[name] == before[name]
    assert (before["reason"], after["reason"]) == ("Accepted.", GONE)
    gone = "The lead was erased, and with its key everything that was made from it."
    assert (before["request"]["note"], after["request"]["body"], after["request"]["note"]) == ("", None, gone)
    assert (after["response"]["body"], after["response"]["note"], after["response"]["headers"]) == (None, gone, {})


def test_an_erasure_is_on_record_once_under_the_leads_id_and_no_cache_is_told(acme: Set) -> None:
    with acme.shop.open():
        version = Account.objects.get().config_version
    erase(acme)
    with acme.shop.open():
        erased_at = Lead.objects.get(id=acme.lead.id).erased_at
    erase(acme)
    with acme.shop.open():
        event = AuditEvent.objects.get(action="erased")
        assert (event.object_type, event.object_id, event.object_label, event.changes) == ("lead", acme.lead.id, str(acme.lead.id), {})
        assert Account.objects.get().config_version == version
        assert Lead.objects.get(id=acme.lead.id).erased_at == erased_at


@pytest.mark.parametrize("state", ["queued", "held", "collecting"])
def test_what_waits_is_cancelled(acme: Set, state: str) -> None:
    with acme.shop.open():
        Delivery.objects.filter(id=acme.delivery_id).update(state=state)
    erase(acme)
    delivery = acme.shop.get(f"deliveries/{acme.delivery_id}")
    assert (delivery["state"], delivery["reason"], delivery["next_attempt_at"]) == ("cancelled", "The lead was erased.", None)
    assert delivery["finished_at"] is not None


@pytest.mark.parametrize("state", ["delivered", "cancelled"])
def test_what_is_over_stays_as_it_ended(acme: Set, state: str) -> None:
    with acme.shop.open():
        Delivery.objects.filter(id=acme.delivery_id).update(state=state, next_attempt_at=None, reason="As it was.")
    erase(acme)
    delivery = acme.shop.get(f"deliveries/{acme.delivery_id}")
    assert (delivery["state"], delivery["reason"]) == (state, "As it was.")


QUOTING = f"The mail server refuses the mail for leads@helios.test: 550 New Lead: {NAME} looks like spam."
GONE = "The lead was erased; what was answered went with it."


@pytest.mark.parametrize("state", ["rejected", "failed"])
def test_why_it_was_refused_is_told_no_more(acme: Set, state: str) -> None:
    with acme.shop.open():
        Delivery.objects.filter(id=acme.delivery_id).update(state=state, next_attempt_at=None, reason=QUOTING, partner_reference="4711")
    erase(acme)
    with acme.shop.open():
        delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason, delivery.partner_reference) == (state, GONE, "4711")


def test_what_a_mail_server_said_goes_with_the_lead_from_every_place() -> None:
    acme = make_set(make_account(), EMAIL)
    other = make_lead(acme.shop)
    lead = acme.lead
    acme.lead = other
    kept = make_attempt(acme, verdict=Verdict.FAILED, code="smtp_550", reason="550 Mailbox full.")
    acme.lead = lead
    said = make_attempt(acme, verdict=Verdict.FAILED, code="smtp_550", reason=QUOTING)
    with acme.shop.open():
        ChannelHealth.objects.create(channel=acme.channel, account=acme.shop.account, failures_in_a_row=2, last_reason=QUOTING)
    erase(acme)
    with acme.shop.open():
        told = {attempt.id: (attempt.outcome, attempt.code, attempt.reason) for attempt in Attempt.objects.all()}
        health = ChannelHealth.objects.get()
    assert told == {said.id: ("failed", "smtp_550", GONE), kept.id: ("failed", "smtp_550", "550 Mailbox full.")}
    assert (health.failures_in_a_row, health.last_reason) == (2, GONE)


def test_what_a_channel_says_of_another_lead_stays() -> None:
    acme = make_set(make_account(), EMAIL)
    make_attempt(acme, verdict=Verdict.FAILED, code="smtp_550", reason=QUOTING)
    with acme.shop.open():
        ChannelHealth.objects.create(channel=acme.channel, account=acme.shop.account, last_reason="550 Mailbox full.")
    erase(acme)
    with acme.shop.open():
        assert ChannelHealth.objects.get().last_reason == "550 Mailbox full."


def test_of_an_attempt_the_application_may_change_nothing_but_the_reason(acme: Set) -> None:
    make_attempt(acme)
    with acme.shop.open():
        for column in ("outcome", "code", "target"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                Attempt.objects.update(**{column: "x"})
        assert Attempt.objects.update(reason="x") == 1


def test_another_lead_is_untouched(acme: Set) -> None:
    before = acme.shop.get(f"leads/{acme.lead.id}")
    other = acme.shop.call("POST", "intake", {"entity": "solar_leads", **LEAD}).json()["lead_id"]
    assert acme.shop.call("DELETE", f"leads/{other}").status_code == 204
    assert acme.shop.get(f"leads/{acme.lead.id}") == before


def test_a_delivery_on_its_way_is_finished_and_its_retry_finds_the_lead_gone() -> None:
    with running_partner() as partner:
        route = open_route("Acme", partner)
        route.lane.add()

        def erase_and_fail(_: int) -> int:
            with account_scope(route.lane.account.id):
                erase_leads([delivery.lead_id for delivery in Delivery.objects.all() if delivery.lead_id], now=timezone.now())
            connections.close_all()  # this thread's own
            return 500

        partner.answer = erase_and_fail
        deliver()
        assert (route.only().state, route.only().attempts_made) == ("queued", 1)
        (attempt,) = route.attempts()
        assert (attempt.code, attempt.reason) == ("http_500", GONE)
        route.move_on()
        deliver()
        delivery = route.only()
        assert (delivery.state, delivery.reason, delivery.attempts_made) == ("failed", "The lead was erased.", 1)
        assert (len(partner.received), len(route.attempts())) == (1, 1)


def test_an_answer_that_comes_late_and_after_the_erasure_is_not_told() -> None:
    with running_partner() as partner:
        route = open_route("Acme", partner)
        route.lane.add()

        def lose_the_lease_and_erase(_: int) -> int:
            with account_scope(route.lane.account.id):
                Delivery.objects.update(
                    state="queued", claim_id=None, leased_until=None, next_attempt_at=timezone.now() + timedelta(hours=1)
                )
                erase_leads([delivery.lead_id for delivery in Delivery.objects.all() if delivery.lead_id], now=timezone.now())
            connections.close_all()  # this thread's own
            return 500

        partner.answer = lose_the_lease_and_erase
        deliver()
        (attempt,) = route.attempts()
        assert (attempt.is_late, attempt.code, attempt.reason) == (True, "http_500", GONE)
        assert (route.only().state, route.only().reason) == ("cancelled", "The lead was erased.")


def test_the_database_keeps_an_erased_lead_empty(acme: Set) -> None:
    erase(acme)
    for values in ({"values": {"zip": "80331"}}, {"sealed": b"x"}, {"wrapped_key": b"x"}, {"note": "x"}):
        with acme.shop.open(), pytest.raises(IntegrityError, match="lead_erased_is_empty"), transaction.atomic():
            Lead.objects.filter(id=acme.lead.id).update(**values)
