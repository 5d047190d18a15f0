"""Acme, with one profile whose partners receive at real servers; leads go in through the REST API."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from accounts.isolation import account_scope
from accounts.models import Account
from accounts.signup import create_account
from delivery.models import Attempt, Delivery
from tests.flows.inbox import Inbox, running_inbox
from tests.flows.partner import Partner, running_partner
from tests.flows.processes import wait_until

ENTITY = {
    "name": "Solar Leads",
    "slug": "solar_leads",
    "fields": [
        {"key": "first_name", "label": "First name", "type": "text", "required": True},
        {"key": "email", "label": "Email", "type": "email"},
        {"key": "zip", "label": "ZIP", "type": "text"},
        {"key": "budget", "label": "Budget", "type": "number"},
        {"key": "ssn", "label": "SSN", "type": "text", "is_encrypted": True},
    ],
}
LEAD = {"entity": "solar_leads", "First Name": "Jane", "email": "jane@example.com", "zip": "90210", "ssn": "078-05-1120"}


@dataclass
class Shop:
    """An account as an integrator uses it: by its key."""

    account: Account
    key: str

    def call(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        response = Client().generic(
            method,
            f"/api/{path}",
            data=b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.key}"},
        )
        assert response.status_code == status, (response.status_code, response.content)
        return response.json() if response.content else None

    def open_channel(self, channel: dict[str, Any], *, partner: str = "Helios Direct", **profile: Any) -> dict[str, Any]:
        """A partner with a profile of its own; answers with the channel."""
        partner_id = self.call(
            "POST", "partners", {"name": partner, "email": "leads@helios.test", "time_zone": "America/Los_Angeles"}, status=201
        )["id"]
        profile_id = self.call(
            "POST",
            "profiles",
            {"name": f"For {partner}", "entity": "solar_leads", "is_enabled": True, "strategy": "send_to_all", **profile},
            status=201,
        )["id"]
        assignment_id = self.call("POST", f"profiles/{profile_id}/assignments", {"partner": partner_id, "priority": 10}, status=201)["id"]
        opened: dict[str, Any] = self.call("PUT", f"profiles/{profile_id}/assignments/{assignment_id}/channel", channel)
        return opened

    def open_webhook(self, url: str, *, partner: str = "Helios Direct", fields: Any = None, **config: Any) -> dict[str, Any]:
        fields = fields or {"mode": "all", "include_encrypted": False}
        return self.open_channel({"kind": "webhook", "fields": fields, "config": {"url": url, **config}}, partner=partner)

    def send(self, **values: Any) -> str:
        lead_id: str = self.call("POST", "intake", {**LEAD, **values})["lead_id"]
        return lead_id

    def states(self) -> list[str]:
        with account_scope(self.account.id):
            return list(Delivery.objects.order_by("id").values_list("state", flat=True))

    def attempts(self) -> list[Attempt]:
        with account_scope(self.account.id):
            return list(Attempt.objects.order_by("started_at"))

    def wait_for(self, *states: str, seconds: float = 20) -> None:
        wait_until(lambda: sorted(self.states()) == sorted(states), seconds=seconds, what=f"{states} instead of {self.states()}")

    def wait_for_attempts(self, number: int, *, seconds: float = 20) -> None:
        wait_until(lambda: len(self.attempts()) == number, seconds=seconds, what=f"{number} attempts")

    def stranger(self) -> "Shop":
        """Charlie's account, which has nothing to do with this one."""
        return Shop(*create_account("Other", email="charlie@other.test", password="charlies-password"))


@pytest.fixture
def shop(transactional_db: None) -> Shop:
    account, key = create_account("Acme", email="alice@acme.test", password="alices-password")
    with account_scope(account.id):
        Account.objects.update(is_http_allowed=True)
    shop = Shop(account, key)
    shop.call("POST", "entities", ENTITY, status=201)
    return shop


@pytest.fixture
def partner() -> Iterator[Partner]:
    with running_partner() as partner:
        yield partner


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with running_inbox() as inbox:
        yield inbox
