"""Accounts and what is in them, made by the domain's own functions."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.test import Client

from accounts.access import Access, access_of_account
from accounts.isolation import account_scope
from accounts.models import Account, Member, User, create_api_key
from accounts.signup import create_account
from delivery.channel_config import set_primary_channel
from delivery.models import DeliveryChannel
from distribution.entities import add_entity
from distribution.models import Assignment, Entity, Lead, Partner, Profile
from distribution.partners import add_partner
from distribution.profiles import add_assignment, add_profile
from intake.pipeline import IncomingLead, Receipt, receive_lead

FIELDS: list[dict[str, Any]] = [
    {"key": "first_name", "label": "First name", "type": "text", "required": True},
    {"key": "email", "label": "Email", "type": "email"},
    {"key": "zip", "label": "ZIP", "type": "text"},
    {"key": "budget", "label": "Budget", "type": "number"},
    {"key": "ssn", "label": "SSN", "type": "text", "is_encrypted": True},
]
LEAD = {"first_name": "Jane", "email": "jane@example.com", "zip": "90210", "budget": "1500.50", "ssn": "078-05-1120"}
WEBHOOK = {"kind": "webhook", "fields": {"mode": "all"}, "config": {"url": "https://partner.example.com/leads"}}
EMAIL = {"kind": "email", "fields": {"mode": "all"}, "config": {"recipients": ["leads@helios.test"]}}


@dataclass
class Shop:
    """An account, and its API as the holder of one key sees it."""

    account: Account
    key: str

    @property
    def access(self) -> Access:
        """As of now: its configuration version is the present one. Ask for it inside of `open`."""
        return access_of_account(Account.objects.get(id=self.account.id))

    @contextmanager
    def open(self) -> Iterator[Access]:
        with account_scope(self.account.id):
            yield self.access

    def key_with(self, *scopes: str) -> str:
        with account_scope(self.account.id):
            return create_api_key(self.account.id, name=f"Key with {', '.join(scopes)}", scopes=scopes)[1]

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """The answer of `/api/<path>`, whatever its status."""
        headers = {"Authorization": f"Bearer {self.key if key is None else key}"} if key != "" else {}
        client: Any = Client(raise_request_exception=False)
        return client.generic(
            method, f"/api/{path}", data=b"" if body is None else as_json(body), content_type="application/json", headers=headers
        )

    def get(self, path: str, **options: Any) -> Any:
        """The JSON of a GET that must succeed."""
        answer = self.call("GET", path, **options)
        assert answer.status_code == 200, (answer.status_code, answer.content)
        return answer.json()


def as_json(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def make_account(name: str = "Acme", email: str = "alice@acme.test") -> Shop:
    return Shop(*create_account(name, email=email, password="correct-horse-1", is_staff=True))


def make_member(shop: Shop, email: str, role: str) -> User:
    with shop.open():
        user = User.objects.create_user(email, "correct-horse-1", is_staff=True, is_superuser=True)
        Member.objects.create(account_id=shop.account.id, user=user, role=role)
    return user


def make_entity(shop: Shop, **values: Any) -> Entity:
    with shop.open() as access:
        return add_entity(access, {"name": "Solar Leads", "slug": "solar_leads", "fields": FIELDS, **values})


def make_partner(shop: Shop, name: str = "Helios Direct", **values: Any) -> Partner:
    with shop.open() as access:
        return add_partner(access, {"name": name, "email": "leads@helios.test", "time_zone": "America/Los_Angeles", **values})


def make_profile(shop: Shop, name: str = "Solar West", **values: Any) -> Profile:
    with shop.open() as access:
        return add_profile(access, {"name": name, "entity": "solar_leads", "is_enabled": True, **values})


def make_assignment(shop: Shop, profile: Profile, partner: Partner, **values: Any) -> Assignment:
    with shop.open() as access:
        return add_assignment(access, profile, {"partner": partner.id, "priority": 10, **values})


def make_channel(shop: Shop, assignment: Assignment, raw: Mapping[str, Any] = WEBHOOK) -> DeliveryChannel:
    with shop.open() as access:
        return set_primary_channel(access, assignment, raw)[0]


def make_lead(shop: Shop, **values: Any) -> Lead:
    """Routed and queued as every other."""
    with shop.open() as access:
        receipt = receive_lead(access, "solar_leads", IncomingLead({**LEAD, **values}), source="api")
        assert isinstance(receipt, Receipt), receipt
        return Lead.objects.get(id=receipt.lead_id)


@dataclass
class Set:
    """One of each, in one account."""

    shop: Shop
    entity: Entity
    partner: Partner
    profile: Profile
    assignment: Assignment
    channel: DeliveryChannel
    lead: Lead

    @property
    def delivery_id(self) -> UUID:
        with self.shop.open():
            return self.lead.deliveries.get().id


def make_set(shop: Shop, channel: Mapping[str, Any] = WEBHOOK) -> Set:
    entity, partner, profile = make_entity(shop), make_partner(shop), make_profile(shop)
    assignment = make_assignment(shop, profile, partner)
    return Set(shop, entity, partner, profile, assignment, make_channel(shop, assignment, channel), make_lead(shop))
