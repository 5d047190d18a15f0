"""Lanes that lead to a real partner, and an engine in this process to deliver along them. Time is moved in the database, not waited for."""

import asyncio
from dataclasses import dataclass
from typing import Any

from django.db import connections

from accounts.access import access_of_account
from accounts.isolation import account_scope
from accounts.models import Account
from delivery.channel_settings import seal_secrets
from delivery.channels.webhook import KIND
from delivery.channels.webhook.signature import new_secret
from delivery.engine import Engine
from delivery.models import Attempt, Delivery, DeliveryChannel
from delivery.transport import Transport, outbound_policy
from tests.delivery.lanes import Lane, make_lane
from tests.flows.partner import Partner

# Far enough that no engine waits for it: `Route.move_on` brings it near.
LATER = {"policy": "custom", "delays_seconds": [60, 60, 60]}


@dataclass(frozen=True)
class Route:
    """A lane whose channel leads to a partner's webhook."""

    lane: Lane
    partner: Partner

    def attempts(self) -> list[Attempt]:
        with account_scope(self.lane.account.id):
            return list(Attempt.objects.filter(channel=self.lane.channel).order_by("started_at"))

    def only(self) -> Delivery:
        (delivery,) = self.lane.deliveries()
        return delivery

    def channel(self) -> DeliveryChannel:
        with account_scope(self.lane.account.id):
            return DeliveryChannel.objects.select_related("health").get(id=self.lane.channel.id)

    def end_rest(self) -> None:
        """Let the breaker have been open for an hour longer."""
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "UPDATE delivery_channelhealth SET opened_at = opened_at - interval '1 h', open_until = open_until - interval '1 h' WHERE channel_id = %s",
                [self.lane.channel.id],
            )

    def move_on(self) -> None:
        """Let what waits for a later try be due now."""
        with connections["owner"].cursor() as cursor:
            cursor.execute("UPDATE delivery_delivery SET next_attempt_at = now() WHERE state = 'queued'")


def open_route(name: str, partner: Partner, *, max_in_flight: int = 5, **config: Any) -> Route:
    lane = make_lane(name, max_in_flight=max_in_flight)
    stored, secrets = KIND.clean_config(
        {"url": partner.url, "retry": LATER, **config}, fields=(), is_http_allowed=True, policy=outbound_policy(), old_secrets={}
    )
    with account_scope(lane.account.id):
        Account.objects.update(is_http_allowed=True)
        vault = access_of_account(lane.account).vault
        sealed = seal_secrets(vault, lane.channel.id, {**secrets, "signing_secret": new_secret()})
        DeliveryChannel.objects.filter(id=lane.channel.id).update(config=stored, sealed_secrets=sealed)
    return Route(lane, partner)


def deliver(*, slots: int = 200, seconds: float = 30) -> int:
    async def run() -> int:
        transport = Transport.from_settings()
        engine = Engine(transport=transport, slots=slots, is_stopping=lambda: False, on_more=lambda: None, on_ended_badly=lambda: None)
        try:
            return await engine.run(seconds=seconds)
        finally:
            await engine.close()
            await transport.close()

    return asyncio.run(run())
