"""The engine in this process, over a real database, to a real HTTP partner. Time is moved in the database, not waited for."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from accounts.access import access_of_account
from accounts.isolation import account_scope
from accounts.models import Account, AuditEvent
from delivery.channel_settings import seal_secrets
from delivery.channels.webhook import KIND
from delivery.channels.webhook.signature import new_secret
from delivery.engine import Engine
from delivery.models import Attempt, ChannelHealth, Delivery, DeliveryChannel, Rendering
from delivery.record import open_response
from delivery.shipment import open_rendering
from delivery.transport import Transport, outbound_policy
from distribution.fields.exact_json import load
from tests.delivery.lanes import Lane, make_lane
from tests.flows.partner import Partner, running_partner

# Far enough that no engine waits for it: `Route.move_on` brings it near.
LATER = {"policy": "custom", "delays_seconds": [60, 60, 60]}

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


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


@pytest.fixture
def partner() -> Iterator[Partner]:
    with running_partner() as partner:
        yield partner


def test_a_delivery_arrives_and_is_on_record(partner: Partner) -> None:
    route = open_route("Acme", partner)
    (delivery_id,) = route.lane.add()
    assert deliver() == 1
    (received,) = partner.received
    assert received.id == str(delivery_id)
    delivery, (attempt,) = route.only(), route.attempts()
    assert (delivery.state, delivery.attempts_made) == ("delivered", 1)
    assert (attempt.number, attempt.trigger, attempt.outcome, attempt.http_status) == (1, "automatic", "delivered", 200)
    assert attempt.duration_ms > 0
    assert attempt.connect_ms is not None
    assert attempt.address.startswith("127.0.0.1:")


def test_the_log_holds_the_very_bytes_sealed(partner: Partner) -> None:
    route = open_route("Acme", partner)
    route.lane.add()
    deliver()
    with account_scope(route.lane.account.id):
        kept = Rendering.objects.select_related("delivery__lead").get()
        lead = kept.delivery.lead
        assert lead is not None
        vault = route.lane.account.vault.lead(lead.id, bytes(lead.wrapped_key))
        attempt = Attempt.objects.get()
    opened = open_rendering(vault, bytes(kept.sealed_body), delivery_id=kept.delivery_id, content_type=kept.content_type, recipients=[])
    assert opened.body == partner.received[0].body
    assert b"Jane" not in bytes(kept.sealed_body)
    assert open_response(vault, bytes(attempt.sealed_response), delivery_id=kept.delivery_id).body == b""


def test_500_500_200_are_three_tries_of_one_id_and_the_same_bytes(partner: Partner) -> None:
    route = open_route("Acme", partner)
    partner.answer = lambda place: 500 if place < 3 else 200
    route.lane.add()
    for _ in range(3):
        deliver()
        route.move_on()
    assert len({(request.id, request.body) for request in partner.received}) == 1
    stamps = [int(request.headers["webhook-timestamp"]) for request in partner.received]
    assert stamps == sorted(stamps)
    attempts = route.attempts()
    assert [(a.number, a.trigger, a.outcome, a.http_status) for a in attempts] == [
        (1, "automatic", "retry", 500), (2, "retry", "retry", 500), (3, "retry", "delivered", 200),
    ]  # fmt: skip
    first_wait = (attempts[0].next_attempt_at or timezone.now()) - attempts[0].started_at
    assert timedelta(seconds=60) <= first_wait <= timedelta(seconds=73)
    assert route.only().state == "delivered"


def test_bytes_stay_the_same_when_the_channel_changes_between_tries(partner: Partner) -> None:
    route = open_route("Acme", partner)
    partner.answer = lambda place: 503 if place == 1 else 200
    route.lane.add()
    deliver()
    with account_scope(route.lane.account.id):
        Account.objects.update(config_version=2)
        DeliveryChannel.objects.update(config=route_config(route, payload_format="form"))
    route.move_on()
    deliver()
    first, second = partner.received
    assert (first.body, first.headers["content-type"]) == (second.body, second.headers["content-type"])


def route_config(route: Route, **changes: Any) -> dict[str, Any]:
    return {**DeliveryChannel.objects.get(id=route.lane.channel.id).config, **changes}


def test_tries_end_with_the_policy(partner: Partner) -> None:
    route = open_route("Acme", partner, retry={"policy": "custom", "delays_seconds": [60]})
    partner.answer = lambda _: 500
    route.lane.add()
    for _ in range(3):
        deliver()
        route.move_on()
    delivery = route.only()
    assert (delivery.state, delivery.attempts_made, len(partner.received)) == ("failed", 2, 2)
    assert delivery.reason.endswith("This was the last try.")


def test_410_pauses_the_channel_and_holds_what_waits(partner: Partner) -> None:
    route = open_route("Acme", partner, max_in_flight=1)
    partner.answer = lambda _: 410
    route.lane.add(3)
    deliver()
    assert Counter(route.lane.states()) == {"failed": 1, "held": 2}
    assert len(partner.received) == 1
    with account_scope(route.lane.account.id):
        channel = DeliveryChannel.objects.get(id=route.lane.channel.id)
        assert channel.paused_at is not None
        assert "410" in channel.pause_reason
        assert list(AuditEvent.objects.filter(object_id=channel.id).values_list("action", "actor_kind")) == [("paused", "system")]
        assert Account.objects.get().config_version > route.lane.account.config_version


def test_a_redirect_is_not_followed(partner: Partner) -> None:
    route = open_route("Acme", partner)
    partner.answer = lambda _: 302
    route.lane.add()
    deliver()
    assert (route.only().state, len(partner.received)) == ("failed", 1)


def test_no_more_than_the_limit_is_in_flight(partner: Partner) -> None:
    route = open_route("Acme", partner, max_in_flight=3)
    now, most, lock = [0], [0], threading.Lock()

    def answer(_: int) -> int:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        threading.Event().wait(0.02)
        with lock:
            now[0] -= 1
        return 200

    partner.answer = answer
    route.lane.add(20)
    deliver()
    assert Counter(route.lane.states()) == {"delivered": 20}
    assert most[0] == 3


def test_a_partner_that_does_not_answer_holds_up_nobody(partner: Partner) -> None:
    release = threading.Event()
    with running_partner() as silent:
        silent.answer = lambda _: 200 if release.wait(20) else 500
        slow, quick = open_route("Silent", silent), open_route("Quick", partner)
        slow.lane.add(5)
        quick.lane.add(60)
        engine = threading.Thread(target=deliver)
        engine.start()
        deadline = timezone.now() + timedelta(seconds=15)
        while Counter(quick.lane.states()) != {"delivered": 60}:
            assert timezone.now() < deadline
        assert Counter(slow.lane.states()) == {"sending": 5}
        release.set()
        engine.join()
    assert Counter(slow.lane.states()) == {"delivered": 5}


def test_health_follows_the_outcomes(partner: Partner) -> None:
    route = open_route("Acme", partner)
    partner.answer = lambda place: 500 if place < 3 else 200
    route.lane.add()
    seen = []
    for _ in range(3):
        deliver()
        route.move_on()
        with account_scope(route.lane.account.id):
            health = ChannelHealth.objects.get()
            seen.append((health.failures_in_a_row, health.failing_since is not None, health.last_success_at is not None))
    assert seen == [(1, True, False), (2, True, False), (0, False, True)]


def test_a_lead_whose_key_is_gone_fails_and_sends_nothing(partner: Partner) -> None:
    route = open_route("Acme", partner)
    route.lane.add()
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE distribution_lead SET wrapped_key = 'of another master'")
    deliver()
    assert (route.only().state, partner.received) == ("failed", [])
    assert "can no longer be read" in route.only().reason


def test_two_engines_deliver_each_lead_once(partner: Partner) -> None:
    route = open_route("Acme", partner, max_in_flight=50)
    route.lane.add(150)
    engines = [threading.Thread(target=deliver) for _ in range(2)]
    for engine in engines:
        engine.start()
    for engine in engines:
        engine.join()
    assert Counter(route.lane.states()) == {"delivered": 150}
    assert len({request.id for request in partner.received}) == len(partner.received) == 150


def test_the_body_is_the_envelope(partner: Partner) -> None:
    route = open_route("Acme", partner)
    (delivery_id,) = route.lane.add()
    deliver()
    body = load(partner.received[0].body)
    assert list(body) == ["id", "type", "created_at", "test", "profile", "lead"]
    assert (body["id"], body["type"], body["test"], body["profile"]) == (str(delivery_id), "lead.created", False, "Acme")


def test_a_retry_that_is_near_is_not_left_to_the_sweep(partner: Partner) -> None:
    route = open_route("Acme", partner, retry={"policy": "custom", "delays_seconds": [1]})
    partner.answer = lambda place: 500 if place == 1 else 200
    route.lane.add()
    assert deliver() == 2
    assert route.only().state == "delivered"
    first, second = route.attempts()
    assert first.next_attempt_at is not None
    assert timedelta(0) <= second.started_at - first.next_attempt_at < timedelta(seconds=1)
