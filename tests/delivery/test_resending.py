"""One delivery sent again, by the engine, to a real partner; and what stands against it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.access import access_of_account
from accounts.faults import ConflictError
from accounts.ids import new_id
from accounts.isolation import account_scope
from accounts.models import Account, AuditEvent
from delivery import queue
from delivery.erasure import erase_leads
from delivery.models import Delivery, DeliveryChannel, Rendering
from delivery.queue import EngineId
from delivery.resending import resend
from distribution.models import Lead
from tests.delivery.lanes import Lane, as_engine, make_lane
from tests.delivery.routes import Route, deliver, open_route
from tests.flows.partner import Partner, running_partner

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def partner() -> Iterator[Partner]:
    with running_partner() as partner:
        yield partner


@pytest.fixture
def route(partner: Partner) -> Route:
    """A delivery that arrived."""
    route = open_route("Acme", partner)
    route.lane.add()
    deliver()
    assert route.only().state == "delivered"
    return route


def send_again(lane: Lane, rendering: str = "original") -> Delivery:
    with account_scope(lane.account.id):
        delivery = Delivery.objects.get()
        resend(access_of_account(lane.account), delivery, rendering=rendering)
        return delivery


def refused(lane: Lane, rendering: str = "original") -> str:
    """Why it is not sent again; it stays as it is."""
    before = lane.deliveries()
    with pytest.raises(ConflictError) as error:
        send_again(lane, rendering)
    assert [vars(delivery) | {"_state": 0} for delivery in lane.deliveries()] == [vars(delivery) | {"_state": 0} for delivery in before]
    return str(error.value)


def change_lead(route: Route, name: str) -> None:
    with account_scope(route.lane.account.id):
        Lead.objects.update(values={"name": name})


def test_the_original_goes_out_under_the_same_id_with_the_same_bytes(route: Route, partner: Partner) -> None:
    change_lead(route, "Joan")
    queued = send_again(route.lane)
    assert (queued.state, queued.finished_at, queued.counted_attempts, queued.attempts_made) == ("queued", None, 0, 1)
    assert queued.resent_at is not None
    deliver()
    first, second = partner.received
    assert (second.id, second.body) == (first.id, first.body)
    assert [(attempt.number, attempt.trigger, attempt.outcome) for attempt in route.attempts()] == [
        (1, "automatic", "delivered"), (2, "resend", "delivered"),
    ]  # fmt: skip
    assert (route.only().state, route.only().attempts_made) == ("delivered", 2)


def test_a_fresh_rendering_is_made_of_the_lead_and_the_channel_as_they_are_now(partner: Partner) -> None:
    route = open_route("Acme", partner)
    with account_scope(route.lane.account.id):
        route.lane.channel.assignment.profile.entity.fields.create(
            account=route.lane.account, key="name", label="Name", type="text", position=0
        )
    (delivery_id,) = route.lane.add()
    deliver()
    change_lead(route, "Joan")
    with account_scope(route.lane.account.id):
        DeliveryChannel.objects.update(config={**DeliveryChannel.objects.get().config, "payload_format": "form"})
        Account.objects.update(config_version=2)
    send_again(route.lane, "fresh")
    deliver()
    first, second = partner.received
    assert b'"name":"Jane"' in first.body
    assert second.body == b"name=Joan"
    assert second.id == first.id == str(delivery_id)


def test_a_fresh_rendering_is_sent_again_by_its_own_retries_and_by_the_next_resend(route: Route, partner: Partner) -> None:
    partner.answer = lambda place: 500 if place == 2 else 200
    with account_scope(route.lane.account.id):
        DeliveryChannel.objects.update(config={**DeliveryChannel.objects.get().config, "payload_format": "form"})
        Account.objects.update(config_version=2)
    send_again(route.lane, "fresh")
    deliver()
    route.move_on()
    deliver()
    send_again(route.lane)
    deliver()
    first, *others = partner.received
    assert first.headers["content-type"] == "application/json"
    assert {(one.headers["content-type"], one.body) for one in others} == {("application/x-www-form-urlencoded", others[0].body)}
    assert [attempt.trigger for attempt in route.attempts()] == ["automatic", "resend", "retry", "resend"]


def test_a_worker_that_dies_before_it_renders_anew_does_not_bring_the_old_bytes_back(route: Route, partner: Partner) -> None:
    with account_scope(route.lane.account.id):
        (old,) = Rendering.objects.all()
    send_again(route.lane, "fresh")
    claim_id = EngineId.new().new_claim()
    claimed = as_engine(lambda c: queue.claim(c, claim_id=claim_id, limit=1, retry_limit=1, after=UUID(int=0)))
    assert [row.rendering_id for row in claimed.rows] == [None]
    as_engine(lambda c: queue.give_back(c, claim_id))
    deliver()
    with account_scope(route.lane.account.id):
        assert [attempt.rendering_id != old.id for attempt in route.attempts()] == [False, True]


def test_the_retry_policy_starts_afresh(partner: Partner) -> None:
    route = open_route("Acme", partner, retry={"policy": "custom", "delays_seconds": [60]})
    partner.answer = lambda _: 500
    route.lane.add()
    for _ in range(2):
        deliver()
        route.move_on()
    assert (route.only().state, route.only().attempts_made) == ("failed", 2)
    send_again(route.lane)
    deliver()
    assert (route.only().state, route.only().attempts_made, route.only().counted_attempts) == ("queued", 3, 1)
    route.move_on()
    deliver()
    assert (route.only().state, route.only().attempts_made) == ("failed", 4)
    assert [(attempt.number, attempt.trigger) for attempt in route.attempts()] == [
        (1, "automatic"), (2, "retry"), (3, "resend"), (4, "retry"),
    ]  # fmt: skip


def test_a_partner_that_puts_off_has_its_eight_days_from_the_resend_on(partner: Partner) -> None:
    route = open_route("Acme", partner)
    partner.answer = lambda _: 429
    long_ago = timezone.now() - timedelta(days=30)
    route.lane.add(state="failed", attempts_made=70, is_retry=True)
    with account_scope(route.lane.account.id):
        Delivery.objects.update(created_at=long_ago)
    send_again(route.lane, "fresh")
    deliver()
    assert (route.only().state, route.only().attempts_made) == ("queued", 71)


@pytest.mark.parametrize("state", ["rejected", "failed", "cancelled", "held"])
def test_what_was_never_tried_is_rendered_for_the_first_time(partner: Partner, state: str) -> None:
    route = open_route("Acme", partner)
    route.lane.add(state=state)
    send_again(route.lane)
    deliver()
    assert route.only().state == "delivered"
    assert [attempt.trigger for attempt in route.attempts()] == ["resend"]


def test_a_retry_that_is_not_due_yet_is_made_now() -> None:
    lane = make_lane("Acme")
    lane.add(due=timezone.now() + timedelta(hours=5), attempts_made=3, counted_attempts=3, is_retry=True)
    delivery = send_again(lane, "fresh")
    assert delivery.next_attempt_at is not None
    assert delivery.next_attempt_at <= timezone.now()
    assert delivery.counted_attempts == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "queued"}, "queued already"),
        ({"state": "queued", "due": timezone.now() + timedelta(hours=1)}, "queued already"),
        ({"state": "queued", "attempts_made": 1, "is_retry": True}, "queued already"),
        ({"state": "sending", "claim_id": new_id(), "leased_until": timezone.now() + timedelta(seconds=90)}, "being sent at this moment"),
        ({"state": "collecting"}, "digest"),
        ({"state": "failed", "attempts_made": 1, "is_test": True}, "a test is not resent"),
        ({"state": "failed", "attempts_made": 1}, "fresh rendering"),
    ],
)
def test_what_cannot_be_sent_again_says_why(values: dict[str, Any], words: str) -> None:
    lane = make_lane("Acme")
    lane.add(**values)
    assert words in refused(lane)


def test_of_an_erased_lead_nothing_can_be_sent(route: Route) -> None:
    with account_scope(route.lane.account.id):
        erase_leads([delivery.lead_id for delivery in Delivery.objects.all() if delivery.lead_id], now=timezone.now())
    for rendering in ("original", "fresh"):
        assert "The lead was erased" in refused(route.lane, rendering)


def test_a_paused_channel_must_be_resumed_first(route: Route) -> None:
    with account_scope(route.lane.account.id):
        DeliveryChannel.objects.update(paused_at=timezone.now())
    assert "channel is paused" in refused(route.lane)


def test_the_second_of_two_who_resend_is_told_that_it_is_queued(route: Route) -> None:
    send_again(route.lane)
    assert "queued already" in refused(route.lane)


def test_who_resent_what_is_on_record(route: Route) -> None:
    send_again(route.lane, "fresh")
    with account_scope(route.lane.account.id):
        event = AuditEvent.objects.get(action="resent")
        assert event.object_id == Delivery.objects.get().id
    assert event.changes == {"state": ["delivered", "queued"], "rendering": [None, "fresh"]}


@pytest.mark.parametrize(
    ("state", "before", "after"), [("delivered", True, False), ("rejected", True, True), ("failed", False, False), ("held", True, True)]
)
def test_who_has_the_lead_keeps_its_seat_and_nothing_is_followed_up_twice(state: str, before: bool, after: bool) -> None:
    lane = make_lane("Acme")
    lane.add(state=state, needs_follow_up=before, seats=[["x"]] if before else None)
    send_again(lane, "fresh")
    (delivery,) = lane.deliveries()
    assert (delivery.needs_follow_up, delivery.seats) == (after, [["x"]] if before else None)
