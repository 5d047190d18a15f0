"""A rehearsal says what the real call would do, and leaves nothing."""

from typing import Any

import pytest

from delivery.models import Delivery
from distribution.models import CapCounter, Decision, Lead
from tests.builders import LEAD, Shop, make_account, make_assignment, make_channel, make_entity, make_partner, make_profile

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

EMAIL = {"kind": "email", "config": {"recipients": ["leads@sunrise.test"], "subject": "New Lead: {{lead_name}}", "format": "text"}}


@pytest.fixture
def shop(db: None) -> Shop:
    shop = make_account()
    make_entity(shop)
    profile = make_profile(shop)
    make_channel(shop, make_assignment(shop, profile, make_partner(shop), caps={"day": 1}))
    make_channel(shop, make_assignment(shop, profile, make_partner(shop, "Sunrise")), EMAIL)
    refused = {"rules": {"all": [{"field": "zip", "operator": "equals", "value": "00000"}]}}
    make_channel(shop, make_assignment(shop, profile, make_partner(shop, "Dusk"), **refused))
    return shop


def rehearse(shop: Shop, **values: Any) -> dict[str, Any]:
    answer = shop.call("POST", "intake?dry_run=1", {"entity": "solar_leads", **LEAD, **values})
    assert answer.status_code == 200, answer.content
    rehearsal: dict[str, Any] = answer.json()
    return rehearsal


def test_nothing_is_stored_and_no_seat_is_taken(shop: Shop) -> None:
    rehearse(shop)
    rehearse(shop)
    with shop.open():
        assert [model.objects.count() for model in (Lead, Decision, Delivery, CapCounter)] == [0, 0, 0, 0]
    real = shop.call("POST", "intake", {"entity": "solar_leads", **LEAD}).json()
    assert [delivery["partner_name"] for delivery in real["deliveries"]] == ["Helios Direct", "Sunrise"]


def test_it_tells_the_decision_for_every_assignment(shop: Shop) -> None:
    (decision,) = rehearse(shop)["decisions"]
    assert [(one["partner_name"], one["code"]) for one in decision["assignments"]] == [
        ("Helios Direct", "chosen"), ("Sunrise", "chosen"), ("Dusk", "rule"),
    ]  # fmt: skip


def test_it_shows_the_request_and_the_mail_each_partner_would_get(shop: Shop) -> None:
    webhook, mail = rehearse(shop, first_name="Jane")["deliveries"]
    assert (webhook["state"], webhook["request"]["method"]) == ("queued", "POST")
    assert '"first_name":"Jane"' in webhook["request"]["body"].replace(" ", "")
    assert (mail["request"]["to"], mail["request"]["subject"]) == (["leads@sunrise.test"], "New Lead: Jane")


def test_encrypted_values_and_secrets_are_masked(shop: Shop) -> None:
    answer = shop.call("POST", "intake?dry_run=1", {"entity": "solar_leads", **LEAD, "ssn": "078-05-1120"})
    assert "078-05-1120" not in answer.content.decode()
    assert answer.json()["values"]["ssn"] is None


def test_a_faulty_lead_is_answered_as_the_real_call_would(shop: Shop) -> None:
    rehearsal = shop.call("POST", "intake?dry_run=true", {"entity": "solar_leads", "budget": "much"})
    real = shop.call("POST", "intake", {"entity": "solar_leads", "budget": "much"})
    assert (rehearsal.status_code, rehearsal.json()) == (400, real.json())


def test_dry_run_0_is_the_real_thing(shop: Shop) -> None:
    shop.call("POST", "intake?dry_run=0", {"entity": "solar_leads", **LEAD})
    with shop.open():
        assert Lead.objects.count() == 1
