"""Which part of the log is meant: the filters of lists, counts, exports, resends and cancellations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import QuerySet

from accounts.ids import first_id_of
from delivery.models import Attempt, Delivery, DeliveryChannel, Trigger
from delivery.models.delivery import DeliveryQuerySet

# An id is made together with its delivery, and within this of the moment that stands on it.
_SLACK = timedelta(minutes=1)
# The id of a try is made when its result is there and the database takes it, its moment when it began.
_SLACK_OF_TRIES = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Of the account that is set; what is left out excludes nothing. since: not before; until: before. states: as they are shown."""

    ids: tuple[UUID, ...] = ()
    states: tuple[str, ...] = ()
    channel: UUID | None = None
    profile: UUID | None = None
    partner: UUID | None = None
    lead: UUID | None = None
    entity: UUID | None = None
    is_test: bool | None = None
    since: datetime | None = None
    until: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """Only what it excludes by."""
        given: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in given.items() if value not in (None, ())}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "LogFilter":
        return msgspec.convert(content, cls)


def find_deliveries(wanted: LogFilter) -> DeliveryQuerySet:
    rows = deliveries_near(wanted)
    if wanted.states:
        rows = rows.in_states(wanted.states)
    return rows.filter(**_given(is_test=wanted.is_test, created_at__gte=wanted.since, created_at__lt=wanted.until))


def deliveries_near(wanted: LogFilter) -> DeliveryQuerySet:
    """By that part of the filter which an index finds: all that `find_deliveries` finds, and few besides."""
    near: dict[str, Any] = {"id__in": wanted.ids} if wanted.ids else {}
    near |= _given(lead_id=wanted.lead, channel_id__in=_channels(wanted))
    # Ids begin with their time: the list's own index finds the span, and the exact moment then picks from it.
    near |= _given(id__gte=_first_id(wanted.since, -_SLACK), id__lt=_first_id(wanted.until, _SLACK))
    return Delivery.objects.filter(is_digest=False, **near)


def find_attempts(wanted: LogFilter) -> QuerySet[Attempt]:
    """The tries of such deliveries; since and until are of the tries themselves. Of states it knows nothing: what waits may have no tries at all,
    and nobody could tell so without looking through the whole log."""
    channels = _channels(wanted)
    rows = Attempt.objects.filter(
        **_given(channel_id__in=channels, started_at__gte=wanted.since, started_at__lt=wanted.until),
        **_given(id__gte=_first_id(wanted.since, -_SLACK), id__lt=_first_id(wanted.until, _SLACK_OF_TRIES)),
    )
    # Of a rare channel, or of tests, by the deliveries, which an index finds, rather than by looking through all tries.
    of: dict[str, Any] = {"id__in": wanted.ids} if wanted.ids else {}
    of |= _given(lead_id=wanted.lead, channel_id__in=channels, is_test=wanted.is_test or None)
    if of:
        rows = rows.filter(delivery__in=Delivery.objects.filter(**of))
    return rows.exclude(trigger=Trigger.TEST) if wanted.is_test is False else rows


def _channels(wanted: LogFilter) -> list[UUID] | None:
    """A delivery's profile, partner and Entity are its channel's for good, and by the channel an index finds it. None: whichever."""
    given = _given(
        id=wanted.channel,
        assignment__profile_id=wanted.profile,
        assignment__partner_id=wanted.partner,
        assignment__profile__entity_id=wanted.entity,
    )
    return list(DeliveryChannel.objects.filter(**given).values_list("id", flat=True)) if given else None


def _given[Value](**conditions: Value | None) -> dict[str, Value]:
    return {name: value for name, value in conditions.items() if value is not None}


def _first_id(moment: datetime | None, slack: timedelta) -> UUID | None:
    """None for a moment that no id can have: the other filters of time then do the work."""
    if moment is None or not 1971 <= moment.year <= 9000:
        return None
    return first_id_of(moment + slack)
