"""The channels of assignments as distribution's pages show them (settings.CHANNEL_MARKS)."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from delivery.dashboard.channel_health import state_of
from delivery.models import DeliveryChannel
from distribution.dashboard.channel_marks import ChannelMark


def mark_channels(assignment_ids: Collection[UUID]) -> dict[UUID, ChannelMark]:
    """One query, however many they are."""
    now = timezone.now()
    channels = DeliveryChannel.objects.filter(assignment_id__in=assignment_ids, is_primary=True).select_related("health")
    return {channel.assignment_id: _mark(channel, now=now) for channel in channels}


def _mark(channel: DeliveryChannel, *, now: datetime) -> ChannelMark:
    state = state_of(channel, getattr(channel, "health", None), now=now)
    return ChannelMark(channel.kind, state.tone, state.word, state.detail)
