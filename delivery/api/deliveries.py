"""/api/deliveries and /api/attempts: the log"""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.filters import FROM_TO, Filters, id_filter
from accounts.api.resources import Lists, Reads
from accounts.api.views import access_of
from delivery.api.schema import AttemptAnswer, DeliveryAnswer, DeliveryDetailAnswer
from delivery.api.showing import show_attempts
from delivery.models import Attempt, Delivery, DeliveryState

_FILTERS = [
    OpenApiParameter("state", description="One or several, separated by commas.", enum=DeliveryState.values, many=True),
    *(id_filter(name) for name in ("channel", "profile", "partner", "lead")),
    *FROM_TO,
]


class DeliveryList(Lists[Delivery]):
    """Every lead on its way to a partner, newest first."""

    serializer_class = DeliveryAnswer

    def rows(self) -> QuerySet[Delivery]:
        filters = Filters(self.request)
        wanted: dict[str, Any] = {f"{name}_id": filters.id(name) for name in ("channel", "profile", "partner", "lead")}
        wanted |= {"created_at__gte": filters.moment("from"), "created_at__lt": filters.moment("to")}
        states = filters.choices("state", DeliveryState.values)
        filters.check()
        rows = Delivery.objects.select_related("channel", "profile", "partner").filter(
            **{name: value for name, value in wanted.items() if value is not None}
        )
        return rows.filter(state__in=states) if states else rows

    @extend_schema(parameters=_FILTERS)
    def get(self, request: Request, **_: str) -> Response:
        return self.list(request)


class DeliveryDetail(Reads[Delivery]):
    """One delivery with every try: the request as sent, the answer, the reason in words."""

    serializer_class = DeliveryDetailAnswer

    def rows(self) -> QuerySet[Delivery]:
        return Delivery.objects.select_related("lead", "channel", "profile", "partner")

    def get(self, request: Request, **_: str) -> Response:
        delivery = self.found()
        attempts = Attempt.objects.filter(delivery=delivery).order_by("started_at", "id")
        shown = DeliveryAnswer(delivery).data
        return Response({**shown, "attempts": show_attempts(access_of(request), delivery, attempts)})


class AttemptList(Lists[Attempt]):
    """Every try, newest first, without the bodies: those are with their delivery."""

    serializer_class = AttemptAnswer

    def rows(self) -> QuerySet[Attempt]:
        filters = Filters(self.request)
        wanted: dict[str, Any] = {
            "delivery_id": filters.id("delivery"),
            "channel_id": filters.id("channel"),
            "started_at__gte": filters.moment("from"),
            "started_at__lt": filters.moment("to"),
        }
        filters.check()
        return Attempt.objects.filter(**{name: value for name, value in wanted.items() if value is not None})

    @extend_schema(parameters=[id_filter("delivery"), id_filter("channel"), *FROM_TO])
    def get(self, request: Request, **_: str) -> Response:
        page = self.paginate_queryset(self.rows())
        assert page is not None
        return self.get_paginated_response([_line(attempt) for attempt in page])


def _line(attempt: Attempt) -> dict[str, Any]:
    names = (
        "number",
        "trigger",
        "started_at",
        "outcome",
        "code",
        "reason",
        "http_status",
        "duration_ms",
        "address",
        "is_late",
        "next_attempt_at",
    )
    line = {name: getattr(attempt, name) for name in names}
    return {
        "id": str(attempt.id),
        "delivery": str(attempt.delivery_id),
        "channel": str(attempt.channel_id),
        **line,
        "method": attempt.method,
        "url": attempt.target,
    }
