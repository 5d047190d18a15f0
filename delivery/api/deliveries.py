"""/api/deliveries"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.body import Answer
from accounts.api.filters import FROM_TO, Filters, id_filter
from accounts.api.resources import Lists, Resource
from accounts.api.views import access_of
from accounts.ids import first_id_of
from delivery.api.attempts import AttemptAnswer
from delivery.log import show_attempts
from delivery.models import ChannelKindName, Delivery, DeliveryState

_SLACK = timedelta(minutes=1)


class DeliveryRow(Answer):
    id = serializers.UUIDField(help_text="What the partner sees as `webhook-id`, on every try.")
    lead = serializers.UUIDField(source="lead_id", allow_null=True, help_text="null: a test with a sample lead.")
    channel = serializers.UUIDField(source="channel_id")
    channel_kind = serializers.ChoiceField(ChannelKindName.choices, source="channel.kind")
    profile = serializers.UUIDField(source="profile_id")
    profile_name = serializers.CharField(source="profile.name")
    partner = serializers.UUIDField(source="partner_id")
    partner_name = serializers.CharField(source="partner.name")
    state = serializers.ChoiceField(DeliveryState.choices)
    reason = serializers.CharField(help_text="Why it is held, failed, rejected or cancelled.")
    is_test = serializers.BooleanField()
    attempts_made = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class DeliveryAnswer(DeliveryRow):
    attempts = AttemptAnswer(many=True)


class DeliveryList(Lists[Delivery]):
    """One lead on its way through one channel, each. `queued` waits for its turn, `sending` is on its way; `delivered`, `rejected`, `failed`
    and `cancelled` are final; `held` waits for something that is missing, told in `reason`."""

    serializer_class = DeliveryRow

    def rows(self) -> QuerySet[Delivery]:
        rows = Delivery.objects.select_related("channel", "profile", "partner")
        return filter_deliveries(rows, Filters(self.request))

    @extend_schema(
        parameters=[
            OpenApiParameter("state", OpenApiTypes.STR, enum=DeliveryState.values, description="One or several, separated by commas."),
            *map(id_filter, ("channel", "profile", "partner", "lead")),
            *FROM_TO,
        ]
    )
    def get(self, request: Request, **_: str) -> Response:
        return self.list(request)


def filter_deliveries(rows: QuerySet[Delivery], filters: Filters) -> QuerySet[Delivery]:
    """By state, channel, profile, partner, lead, from and to. Raises RefusedChangeError."""
    since, until = filters.moment("from"), filters.moment("to")
    wanted: dict[str, Any] = {f"{name}_id": filters.id(name) for name in ("channel", "profile", "partner", "lead")}
    wanted |= {"state__in": filters.choices("state", DeliveryState.values), "created_at__gte": since, "created_at__lt": until}
    # Ids begin with their time: the list's own index finds the span, and the exact moment then picks from it.
    wanted |= {"id__gte": _first_id(since, -_SLACK), "id__lt": _first_id(until, _SLACK)}
    filters.check()
    return rows.filter(**{name: value for name, value in wanted.items() if value})


def _first_id(moment: datetime | None, slack: timedelta) -> UUID | None:
    """None for a moment that no id can have: the other filters of time then do the work."""
    if moment is None or not 1971 <= moment.year <= 9000:
        return None
    return first_id_of(moment + slack)


class DeliveryDetail(Resource[Delivery]):
    """One delivery with its attempts: what was sent, what came back, how long it took. A body made with an encrypted field is null without the
    scope `read:encrypted`."""

    serializer_class = DeliveryAnswer

    def rows(self) -> QuerySet[Delivery]:
        return Delivery.objects.select_related("lead", "channel", "profile", "partner")

    def get(self, request: Request, **_: str) -> Response:
        delivery = self.found()
        attempts = AttemptAnswer(show_attempts(access_of(request), delivery), many=True)
        return Response({**DeliveryRow(delivery).data, "attempts": attempts.data})
