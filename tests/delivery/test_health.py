"""Channels that fail are given a rest, tried one by one, and come back at a growing pace; people are told once. Over a real database, to a real
partner."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from accounts.access import access_of_account
from accounts.isolation import account_scope
from accounts.models import Alert, AuditEvent
from delivery.channel_config import resume_channel
from delivery.models import ChannelHealth, Delivery
from tests.delivery.routes import Route, deliver, open_route
from tests.flows.partner import Partner

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def alerts(route: Route) -> list[tuple[str, bool]]:
    """Kind, and whether it is open, the oldest first."""
    with account_scope(route.lane.account.id):
        opened = set(Alert.objects.open().values_list("id", flat=True))
        return [(alert.kind, alert.id in opened) for alert in Alert.objects.order_by("id")]


def failing_route(partner: Partner) -> Route:
    """A channel whose five tries failed, with five more leads waiting."""
    route = open_route("Acme", partner)
    partner.answer = lambda _: 503
    route.lane.add(5)
    deliver()
    route.lane.add(5)
    return route


def shift(route: Route, **columns: timedelta) -> None:
    with account_scope(route.lane.account.id):
        health = ChannelHealth.objects.get(channel=route.lane.channel)
        ChannelHealth.objects.update(**{name: getattr(health, name) - by for name, by in columns.items()})


def test_five_failures_open_the_breaker_and_the_others_burn_no_try(partner: Partner) -> None:
    route = failing_route(partner)
    health = route.channel().health
    assert (health.breaker, health.openings, health.failures_in_a_row) == ("open", 1, 5)
    assert health.open_until is not None
    assert health.opened_at is not None
    assert health.open_until - health.opened_at == timedelta(seconds=30)
    assert len(partner.received) == 5
    assert Counter(delivery.attempts_made for delivery in route.lane.deliveries()) == {1: 5, 0: 5}


def test_while_it_is_open_what_is_due_shows_as_held_with_the_reason(partner: Partner) -> None:
    route = failing_route(partner)
    with account_scope(route.lane.account.id):
        rows = Delivery.objects.select_related("channel__health").order_by("next_attempt_at")
        shown = Counter((row.state, row.shown_state) for row in rows)
        held = rows.in_states(["held"])
        # The five that failed are due in a minute, behind the end of the rest: they wait for their own time.
        assert shown == {("queued", "held"): 5, ("queued", "queued"): 5}
        assert {row.attempts_made for row in held} == {0}
        assert "does not take leads at present" in held[0].shown_reason
        assert (held.count(), rows.in_states(["queued"]).count(), rows.in_states(["queued", "held"]).count()) == (5, 5, 10)


def test_after_the_rest_one_probe_goes_and_a_failure_begins_a_longer_one(partner: Partner) -> None:
    route = failing_route(partner)
    route.end_rest()
    deliver()
    health = route.channel().health
    assert len(partner.received) == 6
    assert (health.breaker, health.openings) == ("open", 2)
    assert health.open_until is not None
    assert health.opened_at is not None
    assert health.open_until - health.opened_at == timedelta(seconds=60)


def test_a_success_closes_it_and_all_that_waited_arrives(partner: Partner) -> None:
    route = failing_route(partner)
    route.end_rest()
    partner.answer = lambda _: 200
    route.move_on()
    deliver()
    assert set(route.lane.states()) == {"delivered"}
    health = route.channel().health
    assert (health.breaker, health.allowed_in_flight, health.failing_since) == ("closed", None, None)
    assert health.recovered_at is not None
    assert alerts(route) == [("channel_unhealthy", False), ("channel_recovered", False)]


def test_others_are_delivered_while_one_rests(partner: Partner) -> None:
    route = failing_route(partner)
    well = open_route("Well", partner)
    partner.answer = lambda _: 200
    well.lane.add(20)
    deliver()
    assert set(well.lane.states()) == {"delivered"}
    assert Counter(route.lane.states()) == {"queued": 10}


def test_half_failing_opens_it_though_no_five_fail_in_a_row(partner: Partner) -> None:
    route = open_route("Acme", partner, max_in_flight=1)
    partner.answer = lambda place: 503 if place % 2 else 200
    route.lane.add(30)
    deliver(slots=1)
    assert route.channel().health.breaker == "open"
    assert 10 <= len(partner.received) <= 12


def test_what_fails_for_a_fault_of_ours_says_nothing_of_the_partner(partner: Partner) -> None:
    route = open_route("Acme", partner)
    route.lane.add(6)
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE distribution_lead SET wrapped_key = 'of another master'")
    deliver()
    assert {attempt.code for attempt in route.attempts()} == {"unreadable"}
    with account_scope(route.lane.account.id):
        assert not ChannelHealth.objects.exists()


def test_the_first_opening_is_told_once_in_words_of_the_trade(partner: Partner) -> None:
    route = failing_route(partner)
    for _ in range(2):
        route.end_rest()
        deliver()
    with account_scope(route.lane.account.id):
        alert = Alert.objects.get()
    assert (alert.kind, alert.subject_type, alert.subject_id) == ("channel_unhealthy", "deliverychannel", route.lane.channel.id)
    assert alert.subject_label == "Webhook to Acme (Acme)"
    assert alert.title == "Acme does not take leads at present"
    assert "failed: it answers with the status 503. Leadflip lets the channel rest" in alert.text


def test_after_a_day_people_are_told_again(partner: Partner) -> None:
    route = failing_route(partner)
    route.end_rest()
    shift(route, failing_since=timedelta(days=1))
    deliver()
    assert alerts(route) == [("channel_unhealthy", True), ("channel_still_failing", True)]
    assert route.channel().paused_at is None


def test_after_five_days_the_channel_is_paused(partner: Partner) -> None:
    route = failing_route(partner)
    route.end_rest()
    shift(route, failing_since=timedelta(days=5))
    deliver()
    channel = route.channel()
    assert channel.paused_at is not None
    assert channel.pause_reason.startswith("Every delivery has failed for 5 days, since ")
    assert set(route.lane.states()) == {"held"}
    assert alerts(route) == [("channel_unhealthy", False), ("channel_paused", True)]
    with account_scope(route.lane.account.id):
        assert list(AuditEvent.objects.filter(object_id=channel.id).values_list("action", "actor_kind")) == [("paused", "system")]


def test_410_is_told_at_once(partner: Partner) -> None:
    route = open_route("Acme", partner, max_in_flight=1)
    partner.answer = lambda _: 410
    route.lane.add(2)
    deliver()
    assert alerts(route) == [("channel_paused", True)]


def test_a_resumed_channel_is_probed_before_the_others_follow(partner: Partner) -> None:
    route = failing_route(partner)
    route.end_rest()
    shift(route, failing_since=timedelta(days=5))
    deliver()
    before = len(partner.received)
    with account_scope(route.lane.account.id):
        resume_channel(access_of_account(route.lane.account), route.channel())
    deliver()
    assert len(partner.received) == before + 1
    assert route.channel().paused_at is None
    assert route.channel().health.breaker == "open"
    assert ("channel_paused", False) in alerts(route)


def test_a_breaker_whose_rest_ends_within_the_run_is_probed_on_time(partner: Partner) -> None:
    route = failing_route(partner)
    partner.answer = lambda _: 200
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE delivery_channelhealth SET opened_at = now() - interval '30 s', open_until = now() + interval '1 s'")
    deliver()
    assert Counter(route.lane.states())["delivered"] == 5
    sixth = route.attempts()[5]
    assert sixth.started_at <= timezone.now()
    assert sixth.number == 1
