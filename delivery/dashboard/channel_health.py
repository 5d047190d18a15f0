"""How a channel does: its state in words, its last tries; pause, resume, and a new signing secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.dashboard.forms import DashboardForm
from accounts.dashboard.pages import PageRequest, page, refused, saved
from delivery.channel_config import pause_channel, resume_channel
from delivery.dashboard.channel_subject import Subject, find_subject
from delivery.models import Attempt, BreakerState, ChannelHealth, Delivery, DeliveryChannel
from delivery.wake import wake

MOST_TRIES = 10


class PauseForm(DashboardForm):
    reason = forms.CharField(max_length=200, required=False, label="Why", help_text="Whoever looks at the held deliveries reads it.")


@dataclass(frozen=True, slots=True)
class HealthState:
    """tone: of its badge. moment: what `detail` ends with, if it does."""

    tone: str
    word: str
    detail: str
    moment: datetime | None = None


def health_panel(channel: DeliveryChannel | None) -> Mapping[str, Any]:
    if channel is None:
        return {}
    health = getattr(channel, "health", None)
    tries = last_tries(channel)
    state = state_of(channel, health, now=timezone.now())
    return {"health": health, "health_state": state, "tries": tries, "pause_form": PauseForm(auto_id="pause_%s")}


def state_of(channel: DeliveryChannel, health: ChannelHealth | None, *, now: datetime) -> HealthState:
    if channel.paused_at is not None:
        reason = channel.pause_reason or "Deliveries are held, none is lost."
        return HealthState("warn", "Paused", reason, channel.paused_at)
    if health is None:
        return HealthState("plain", "Not used yet", "Nothing was sent through it so far.")
    if health.breaker is BreakerState.OPEN:
        if health.open_until and health.open_until > now:
            return HealthState(
                "bad", "Resting", "It failed again and again, so its deliveries wait. The next one is tried", health.open_until
            )
        return HealthState("bad", "Resting", "It failed again and again, so its deliveries wait. One is being tried now.")
    if health.breaker is BreakerState.RECOVERING:
        return HealthState("info", "Recovering", "The partner answers again; what has waited goes out step by step.")
    if health.failing_since is not None:
        return HealthState("bad", "Failing", "No try has succeeded since it began to fail", health.failing_since)
    return HealthState("ok", "Healthy", "The last try succeeded.")


def last_tries(channel: DeliveryChannel) -> list[Attempt]:
    """Of its latest deliveries: these an index finds, where the log itself is too long to search."""
    deliveries = list(Delivery.objects.filter(channel=channel).order_by("-id").values_list("id", flat=True)[: 2 * MOST_TRIES])
    tries = Attempt.objects.filter(delivery_id__in=deliveries).defer("sealed_response", "request_headers")
    return list(tries.order_by("-started_at", "-id")[:MOST_TRIES])


@require_POST
@page("write")
def pause(request: PageRequest, profile_id: str, assignment_id: str) -> HttpResponse:
    subject, channel = locked(profile_id, assignment_id)
    form = PauseForm(request.POST)
    if not form.is_valid():
        return refused(request, "A reason has at most 200 characters.", "channel", *subject.ids)
    pause_channel(request.access, channel, reason=form.cleaned_data["reason"])
    return saved(request, "Paused. New leads for this partner are held until you resume.", "channel", *subject.ids)


@require_POST
@page("write")
def resume(request: PageRequest, profile_id: str, assignment_id: str) -> HttpResponse:
    subject, channel = locked(profile_id, assignment_id)
    resume_channel(request.access, channel)
    transaction.on_commit(wake)
    return saved(request, "Resumed. What was held is on its way.", "channel", *subject.ids)


def locked(profile_id: str, assignment_id: str) -> tuple[Subject, DeliveryChannel]:
    """The subject and its channel, held until the end of the transaction."""
    subject = find_subject(profile_id, assignment_id)
    if subject.channel is None:
        raise Http404
    channel = DeliveryChannel.objects.select_for_update().get(id=subject.channel.id)
    return subject, channel
