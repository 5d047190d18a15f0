"""The engine in this process, over a real database, to a real HTTP partner. Time is moved in the database, not waited for."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.isolation import account_scope
from accounts.models import Account, AuditEvent
from delivery.models import Attempt, ChannelHealth, DeliveryChannel, Rendering
from delivery.record import open_response
from delivery.shipment import open_rendering
from distribution.fields.exact_json import load
from tests.delivery.routes import deliver, open_route
from tests.flows.partner import Partner, running_partner

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


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
        DeliveryChannel.objects.update(config=route.channel().config | {"payload_format": "form"})
    route.move_on()
    deliver()
    first, second = partner.received
    assert (first.body, first.headers["content-type"]) == (second.body, second.headers["content-type"])


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
        channel = route.channel()
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
        _wait_until(lambda: Counter(quick.lane.states()) == {"delivered": 60})
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


def test_the_partner_s_own_id_and_price_are_kept(partner: Partner) -> None:
    route = open_route("Acme", partner, take={"partner_id": "$.id", "price": "$.price"})
    partner.body = b'{"id": "P-4711", "price": "25.50"}'
    route.lane.add()
    deliver()
    assert (route.only().partner_reference, route.only().partner_price) == ("P-4711", Decimal("25.50"))


@pytest.mark.parametrize("broken", ["delivery.engine.make_record", "delivery.queue.take_back"])
def test_a_fault_in_what_goes_on_beside_ends_the_run_and_the_next_one_delivers(
    partner: Partner, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = open_route("Acme", partner)
    route.lane.add(3)
    real, calls = import_string(broken), iter(range(100))

    def fails_the_second_time(*args: Any, **named: Any) -> Any:
        if next(calls) == 1:
            raise ArithmeticError("broken")
        return real(*args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(broken, fails_the_second_time)
        patch.setattr("delivery.engine._SWEEP_SECONDS", 0.05)
        with pytest.raises(ArithmeticError):
            deliver(seconds=60)
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE delivery_delivery SET leased_until = now() - interval '1 s' WHERE state = 'sending'")
    deliver()
    assert Counter(route.lane.states()) == {"delivered": 3}


def test_retries_leave_half_of_the_slots_to_first_tries() -> None:
    release = threading.Event()
    with running_partner() as failing, running_partner() as well:
        failing.answer = lambda _: 500 if release.wait(20) else 200
        again, first = open_route("Again", failing, max_in_flight=50), open_route("First", well, max_in_flight=50)
        again.lane.add(20, is_retry=True, attempts_made=1)
        engine = threading.Thread(target=deliver, kwargs={"slots": 10})
        engine.start()
        _wait_until(lambda: again.lane.states().count("sending") == 5)
        first.lane.add(20)
        _wait_until(lambda: set(first.lane.states()) == {"delivered"})
        assert again.lane.states().count("sending") == 5
        release.set()
        engine.join()


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not is_so():
        assert time.monotonic() < deadline
