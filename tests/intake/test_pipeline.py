"""A lead's one transaction, on a real database."""

import json
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections

from accounts.access import Access, access_of_account
from accounts.isolation import account_scope
from accounts.models import Account
from accounts.signup import create_account
from delivery.models import Delivery, DeliveryChannel
from distribution.entities import add_entity
from distribution.fields.exact_json import load
from distribution.lead_values import SEALED_VALUES
from distribution.models import Assignment, CapCounter, Decision, Lead
from distribution.partners import add_partner
from distribution.profiles import add_assignment, add_profile
from intake.pipeline import IncomingLead, Receipt, Refusal, Repeat, UnknownEntityError, receive_lead, receive_leads

FIELDS = [
    {"key": "first_name", "label": "First name", "type": "text", "required": True},
    {"key": "zip", "label": "ZIP", "type": "text"},
    {"key": "budget", "label": "Budget", "type": "number"},
    {"key": "ssn", "label": "SSN", "type": "text", "is_encrypted": True},
]


@dataclass(frozen=True)
class Acme:
    account: Account

    @property
    def access(self) -> Access:
        return access_of_account(Account.objects.get())

    def profile(
        self, name: str, *partners: str, channel: bool = True, caps: Mapping[str, int] | None = None, **values: Any
    ) -> list[Assignment]:
        """An enabled profile with these partners, the first with the highest priority."""
        with account_scope(self.account.id):
            access = self.access
            profile = add_profile(access, {"name": name, "entity": "solar", "is_enabled": True, **values})
            assignments = []
            for place, partner_name in enumerate(partners):
                partner = add_partner(access, {"name": partner_name})
                assignment = add_assignment(
                    access, profile, {"partner": str(partner.id), "priority": 100 - place, "caps": dict(caps or {})}
                )
                if channel:
                    DeliveryChannel.objects.create(
                        account=self.account, assignment=assignment, kind="webhook", config={}, fields={"mode": "all"}
                    )
                assignments.append(assignment)
            return assignments

    def send(self, *leads: Mapping[str, Any]) -> list[Receipt | Repeat | Refusal]:
        with account_scope(self.account.id):
            return receive_leads(self.access, "solar", [IncomingLead(lead) for lead in leads], source="api")

    def send_one(self, **lead: Any) -> Receipt:
        (answer,) = self.send({"first_name": "Jane", **lead})
        assert isinstance(answer, Receipt)
        return answer


def codes(receipt: Receipt) -> dict[str, str]:
    return {one.partner_name: one.code for decision in receipt.decisions for one in decision.assignments}


@pytest.fixture
def acme(db: None) -> Acme:
    account, _ = create_account("Acme", email="alice@acme.test", password="alices-password")
    with account_scope(account.id):
        add_entity(access_of_account(account), {"name": "Solar", "slug": "solar", "fields": FIELDS})
    return Acme(account)


def test_a_lead_is_stored_with_its_decision_and_queued(acme: Acme) -> None:
    acme.profile("West", "Helios", rules={"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]})
    receipt = acme.send_one(zip="90210", budget="1200.50")
    with account_scope(acme.account.id):
        lead = Lead.objects.get()
        assert (lead.id, lead.values, lead.source) == (
            receipt.lead_id, {"first_name": "Jane", "zip": "90210", "budget": Decimal("1200.5")}, "api",
        )  # fmt: skip
        (delivery,) = Delivery.objects.all()
        assert (delivery.lead_id, delivery.state, delivery.attempts_made) == (lead.id, "queued", 0)
        decision = Decision.objects.get()
        assert decision.is_matched
        assert decision.detail["assignments"][0]["code"] == "chosen"


def test_encrypted_values_are_sealed_and_nowhere_else(acme: Acme) -> None:
    acme.profile("All", "Helios")
    receipt = acme.send_one(ssn="078-05-1120")
    with account_scope(acme.account.id):
        lead = Lead.objects.get()
        assert "ssn" not in lead.values
        assert lead.sealed is not None
        vault = acme.access.vault.lead(lead.id, bytes(lead.wrapped_key))
        assert load(vault.open(lead.sealed, purpose=SEALED_VALUES, record_id=receipt.lead_id)) == {"ssn": "078-05-1120"}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT row_to_json(l)::text || (SELECT json_agg(d)::text FROM distribution_decision d) FROM distribution_lead l"
            )
            assert "078-05" not in cursor.fetchone()[0]


def test_a_rule_on_an_encrypted_field_works_through_the_blind_index(acme: Acme) -> None:
    acme.profile("Known", "Helios", rules={"all": [{"field": "ssn", "operator": "in_list", "value": ["078-05-1120", "x"]}]})
    assert codes(acme.send_one(ssn="078-05-1120")) == {"Helios": "chosen"}
    other = acme.send_one(ssn="000-00-0000")
    assert codes(other) == {"Helios": "profile_rule"}
    assert "078-05-1120" not in json.dumps(other.decisions[0].as_json(), default=str)
    assert "000-00-0000" not in json.dumps(other.decisions[0].as_json(), default=str)


def test_a_faulty_lead_leaves_nothing(acme: Acme) -> None:
    acme.profile("All", "Helios")
    (answer,) = acme.send({"zip": "90210", "budget": "much"})
    assert isinstance(answer, Refusal)
    assert {fault.attr: fault.code for fault in answer.faults} == {"first_name": "required", "budget": "invalid"}
    with account_scope(acme.account.id):
        assert (Lead.objects.count(), Delivery.objects.count(), Decision.objects.count()) == (0, 0, 0)


def test_one_faulty_lead_does_not_sink_the_others(acme: Acme) -> None:
    answers = acme.send({"first_name": "A"}, {}, {"first_name": "C"})
    assert [type(answer) for answer in answers] == [Receipt, Refusal, Receipt]
    with account_scope(acme.account.id):
        assert list(Lead.objects.order_by("id").values_list("values__first_name", flat=True)) == ["A", "C"]


def test_unknown_keys_are_named(acme: Acme) -> None:
    assert acme.send_one(favourite_colour="blue").unknown == ("favourite_colour",)


def test_an_unknown_entity_is_refused(acme: Acme) -> None:
    with account_scope(acme.account.id), pytest.raises(UnknownEntityError):
        receive_lead(acme.access, "moon", IncomingLead({}), source="api")


def test_send_to_all_sends_to_every_match(acme: Acme) -> None:
    acme.profile("All", "Helios", "Sunrise", "Dusk")
    assert codes(acme.send_one()) == {"Helios": "chosen", "Sunrise": "chosen", "Dusk": "chosen"}


def test_first_match_sends_to_the_highest_priority_only(acme: Acme) -> None:
    acme.profile("First", "Helios", "Sunrise", strategy="first_match")
    receipt = acme.send_one()
    assert codes(receipt) == {"Helios": "chosen", "Sunrise": "lost_to"}
    assert len(receipt.deliveries) == 1


def test_a_full_cap_passes_the_lead_on_and_says_when_it_resets(acme: Acme) -> None:
    acme.profile("First", "Helios", "Sunrise", strategy="first_match", caps={"day": 1})
    assert codes(acme.send_one()) == {"Helios": "chosen", "Sunrise": "lost_to"}
    second = acme.send_one()
    assert codes(second) == {"Helios": "cap", "Sunrise": "chosen"}
    assert second.decisions[0].assignments[0].details["resets_at"]
    third = acme.send_one()
    assert codes(third) == {"Helios": "cap", "Sunrise": "cap"}
    assert third.deliveries == ()


def test_a_batch_respects_caps_lead_by_lead(acme: Acme) -> None:
    acme.profile("All", "Helios", caps={"day": 3})
    answers = acme.send(*({"first_name": f"Lead {n}"} for n in range(5)))
    assert [len(answer.deliveries) for answer in answers if isinstance(answer, Receipt)] == [1, 1, 1, 0, 0]
    with account_scope(acme.account.id):
        assert CapCounter.objects.get().used == 3


def test_without_a_channel_nothing_is_chosen_and_the_reason_is_given(acme: Acme) -> None:
    acme.profile("All", "Helios", channel=False)
    assert codes(acme.send_one()) == {"Helios": "no_channel"}


def test_a_paused_channel_holds_its_leads(acme: Acme) -> None:
    (assignment,) = acme.profile("All", "Helios")
    with account_scope(acme.account.id):
        DeliveryChannel.objects.update(paused_at="2026-01-01T00:00:00Z", pause_reason="The partner has removed the address.")
    acme.send_one()
    with account_scope(acme.account.id):
        delivery = Delivery.objects.get(channel__assignment=assignment)
        assert (delivery.state, delivery.reason) == ("held", "The partner has removed the address.")


def test_a_disabled_profile_gets_no_decision(acme: Acme) -> None:
    acme.profile("Off", "Helios", is_enabled=False)
    assert acme.send_one().decisions == ()


def test_a_change_of_configuration_is_seen_by_the_next_lead(acme: Acme) -> None:
    acme.send_one()
    acme.profile("All", "Helios")
    assert codes(acme.send_one()) == {"Helios": "chosen"}


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_cap_is_exact_when_leads_come_at_once() -> None:
    account, _ = create_account("Acme", email="alice@acme.test", password="alices-password")
    with account_scope(account.id):
        add_entity(access_of_account(account), {"name": "Solar", "slug": "solar", "fields": FIELDS})
    acme = Acme(account)
    acme.profile("All", "Helios", "Sunrise", caps={"day": 10})

    def send(number: int) -> int:
        try:
            return len(acme.send_one(budget=number).deliveries)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as senders:
        chosen = list(senders.map(send, range(60)))
    assert sum(chosen) == 20
    with account_scope(account.id):
        assert Counter(Delivery.objects.values_list("partner__name", flat=True)) == {"Helios": 10, "Sunrise": 10}
        assert set(CapCounter.objects.values_list("used", flat=True)) == {10}
