"""Accounts with channels and deliveries in any state, for tests of the queue itself; and a way to run its coroutines."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.utils import timezone

from accounts.ids import new_id
from accounts.isolation import account_scope
from accounts.models import Account
from accounts.signup import create_account
from delivery import queue
from delivery.engine_database import engine_conninfo
from delivery.models import Delivery, DeliveryChannel
from distribution.models import Assignment, Entity, Lead, Partner, Profile

# No account was served yet.
FIRST = UUID(int=0)


@dataclass(frozen=True)
class Lane:
    """One account's channel."""

    account: Account
    channel: DeliveryChannel

    def add(self, number: int = 1, *, state: str = "queued", due: datetime | None = None, **values: Any) -> list[UUID]:
        """Deliveries of new leads, each due a moment after the one before."""
        with account_scope(self.account.id):
            return [self._delivery(state, (due or timezone.now()) - timedelta(seconds=number - n), values).id for n in range(number)]

    def _delivery(self, state: str, due: datetime, values: dict[str, Any]) -> Delivery:
        profile = self.channel.assignment.profile
        lead_id = new_id()
        _, wrapped_key = self.account.vault.new_lead_key(lead_id)
        stamps = {"created_at": timezone.now(), "updated_at": timezone.now()}
        lead = Lead.objects.create(
            id=lead_id,
            account=self.account,
            entity=profile.entity,
            source="api",
            values={"name": "Jane"},
            wrapped_key=wrapped_key,
            **stamps,
        )
        return Delivery.objects.create(
            account=self.account, lead=lead, channel=self.channel, profile=profile, partner=self.channel.assignment.partner, state=state,
            next_attempt_at=due if state == "queued" else None, **stamps, **values,
        )  # fmt: skip

    def states(self) -> list[str]:
        with account_scope(self.account.id):
            return list(Delivery.objects.filter(channel=self.channel).order_by("id").values_list("state", flat=True))

    def deliveries(self) -> list[Delivery]:
        with account_scope(self.account.id):
            return list(Delivery.objects.filter(channel=self.channel).order_by("id"))


def make_lane(name: str, *, max_in_flight: int = 5, account: Account | None = None) -> Lane:
    if account is None:
        account, _ = create_account(name, email=f"{name.lower()}@leadflip.test", password="a-long-password")
    with account_scope(account.id):
        entity = Entity.objects.create(account=account, name=name, slug=name.lower())
        partner = Partner.objects.create(account=account, name=name)
        profile = Profile.objects.create(account=account, entity=entity, name=name, is_enabled=True)
        assignment = Assignment.objects.create(account=account, profile=profile, partner=partner)
        channel = DeliveryChannel.objects.create(
            account=account, assignment=assignment, kind="webhook", config={}, fields={"mode": "all"}, max_in_flight=max_in_flight
        )
    return Lane(account, channel)


def as_engine[T](action: Callable[[queue.Connection], Awaitable[T]]) -> T:
    """Run `action` with a connection of the engine's role."""

    async def run() -> T:
        async with await psycopg.AsyncConnection.connect(engine_conninfo(), autocommit=True) as connection:
            return await action(connection)

    return asyncio.run(run())


def claim(limit: int = 200, *, retry_limit: int = 200, after: UUID = FIRST, claim_id: UUID | None = None) -> queue.Claimed:
    """As one engine alone would."""
    claim_id = claim_id or queue.EngineId.new().new_claim()
    return as_engine(lambda c: queue.claim(c, claim_id=claim_id, limit=limit, retry_limit=retry_limit, after=after))
