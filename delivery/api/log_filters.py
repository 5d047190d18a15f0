"""The log's filters, out of a query string or a body."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from accounts.api.body import Body
from accounts.api.filters import FROM_TO, Filters, id_filter
from accounts.faults import Fault, RefusedChangeError
from delivery.log_filter import LogFilter
from delivery.models import DeliveryState

MAX_IDS = 1_000
_TRUTHS = ("true", "false")

STATE = OpenApiParameter("state", OpenApiTypes.STR, enum=DeliveryState.values, description="One or several, separated by commas.")
SHARED = [
    *map(id_filter, ("channel", "profile", "partner", "lead", "entity")),
    OpenApiParameter("is_test", OpenApiTypes.STR, enum=_TRUTHS, description="Only tests, or none."),
    *FROM_TO,
]
PARAMETERS = [STATE, *SHARED]


def read_filter(request: Request, *, others: Filters | None = None) -> LogFilter:
    """From the query string. others: what the view has read by itself, so that all faults are told at once. Raises RefusedChangeError."""
    filters = others or Filters(request)
    truths = set(filters.choices("is_test", _TRUTHS))
    wanted = LogFilter(
        states=tuple(filters.choices("state", DeliveryState.values)),
        is_test="true" in truths if len(truths) == 1 else None,
        since=filters.moment("from"),
        until=filters.moment("to"),
        channel=filters.id("channel"),
        profile=filters.id("profile"),
        partner=filters.id("partner"),
        lead=filters.id("lead"),
        entity=filters.id("entity"),
    )
    filters.check()
    return wanted


class SelectionBody(Body):
    """The filters of the list, as JSON; at least one of them."""

    ids = serializers.ListField(child=serializers.UUIDField(), max_length=MAX_IDS, default=list, help_text="Of deliveries.")
    state = serializers.ListField(child=serializers.ChoiceField(DeliveryState.choices), default=list, help_text="Any of these.")
    channel = serializers.UUIDField(default=None, allow_null=True)
    profile = serializers.UUIDField(default=None, allow_null=True)
    partner = serializers.UUIDField(default=None, allow_null=True)
    lead = serializers.UUIDField(default=None, allow_null=True)
    entity = serializers.UUIDField(default=None, allow_null=True)
    from_ = serializers.DateTimeField(default=None, allow_null=True, help_text="Made at this moment or later.")
    to = serializers.DateTimeField(default=None, allow_null=True, help_text="Made before this moment.")
    dry_run = serializers.BooleanField(default=False, help_text="Only count what would be taken: the answer is 200 with `count`.")


def filter_of(body: dict[str, Any]) -> LogFilter:
    """From the values of a SelectionBody. Raises RefusedChangeError when it excludes nothing."""
    wanted = LogFilter(
        ids=tuple(body["ids"]),
        states=tuple(body["state"]),
        since=body["from"],
        until=body["to"],
        channel=body["channel"],
        profile=body["profile"],
        partner=body["partner"],
        lead=body["lead"],
        entity=body["entity"],
    )
    if wanted == LogFilter():
        detail = "No filter is given, which would mean every delivery there is; wanted at least one of ids, state, channel, profile, partner, lead, entity, from, to."
        raise RefusedChangeError([Fault("", "required", detail)])
    return wanted
