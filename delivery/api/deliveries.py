"""/api/deliveries"""

from dataclasses import asdict

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.body import Answer
from accounts.api.resources import Lists, Resource
from accounts.api.views import AccountView, access_of
from delivery.api.attempts import AttemptAnswer
from delivery.api.log_filters import PARAMETERS, read_filter
from delivery.log import show_attempts
from delivery.log_counts import count_states
from delivery.log_export import export_csv
from delivery.log_filter import find_deliveries
from delivery.models import ChannelKindName, Delivery, DeliveryState

COUNTED = {
    "queued": {"count": 12, "is_exact": True},
    "delivered": {"count": 10_000, "is_exact": False},
    "failed": {"count": 3, "is_exact": True},
}
EXPORTED = (
    "id,created_at,finished_at,lead,lead_name,profile,partner,channel,kind,state,attempts_made,reason,partner_reference,partner_price,"
    "last_duration_ms,is_test\r\n"
    "01a20dba-cb3e-77e1-99fd-6b20b3da9584,2026-11-24T13:24:35.258064+00:00,2026-11-24T13:24:35.337313+00:00,"
    "01a20dba-cb3a-7195-a8b7-90cb243f3de7,Jane,Solar West,Helios Direct,01a20dba-caca-7fb2-a05d-82f68ae587a8,webhook,delivered,1,,P-4711,25.00,49.1,false\r\n"
)


class DeliveryRow(Answer):
    id = serializers.UUIDField(help_text="What the partner sees as `webhook-id`, on every try.")
    lead = serializers.UUIDField(source="lead_id", allow_null=True, help_text="null: a test with a sample lead.")
    channel = serializers.UUIDField(source="channel_id")
    channel_kind = serializers.ChoiceField(ChannelKindName.choices, source="channel.kind")
    profile = serializers.UUIDField(source="profile_id")
    profile_name = serializers.CharField(source="profile.name")
    partner = serializers.UUIDField(source="partner_id")
    partner_name = serializers.CharField(source="partner.name")
    state = serializers.ChoiceField(DeliveryState.choices, source="shown_state")
    reason = serializers.CharField(source="shown_reason", help_text="Why it is held, failed, rejected or cancelled.")
    is_test = serializers.BooleanField()
    attempts_made = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    digest = serializers.UUIDField(source="digest_id", allow_null=True, help_text="The digest that it was put into.")
    resent_at = serializers.DateTimeField(allow_null=True, help_text="When somebody last asked for it to be sent again.")
    partner_reference = serializers.CharField(help_text="The partner's own id for the lead, out of its answer.")
    partner_price = serializers.DecimalField(
        max_digits=12, decimal_places=2, allow_null=True, help_text="What the partner pays, out of its answer."
    )


class DeliveryAnswer(DeliveryRow):
    attempts = AttemptAnswer(many=True)


class DeliveryList(Lists[Delivery]):
    """One lead on its way through one channel, each. `queued` waits for its turn, `sending` is on its way; `delivered`, `rejected`, `failed`
    and `cancelled` are final; `held` waits for something that is missing, told in `reason`. `from` and `to` are of `created_at`."""

    serializer_class = DeliveryRow

    def rows(self) -> QuerySet[Delivery]:
        return with_names(find_deliveries(read_filter(self.request)))

    @extend_schema(parameters=PARAMETERS)
    def get(self, request: Request, **_: str) -> Response:
        return self.list(request)


def with_names(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """With all that a DeliveryRow shows. Read apart: joined, a page would be looked for among all rows of the join."""
    return rows.prefetch_related("channel__health", "profile", "partner")


class CountAnswer(Answer):
    count = serializers.IntegerField(help_text="At most 10,000.")
    is_exact = serializers.BooleanField(help_text="False: there are more.")


StateCounts = inline_serializer(
    "StateCounts",
    {
        state: CountAnswer(required=False, help_text="Left out unless the filter names it, or names no state.")
        for state in DeliveryState.values
    },
)


class DeliveryCounts(AccountView):
    """How many deliveries of a filter stand in each state: exact up to 10,000 each."""

    @extend_schema(
        parameters=PARAMETERS,
        responses={200: StateCounts},
        examples=[OpenApiExample("Of a day", value=COUNTED, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        return Response({state: asdict(count) for state, count in count_states(read_filter(request)).items()})


class DeliveryExport(AccountView):
    @extend_schema(
        summary="Export deliveries",
        description=(
            "The deliveries of a filter as a CSV file, newest first, streamed however many there are. `reason` is why it is not delivered, "
            "`last_duration_ms` of the last try that is still in the log. Encrypted values are not in it. Cells that a spreadsheet would run as a formula "
            "begin with an apostrophe."
        ),
        parameters=PARAMETERS,
        responses={(200, "text/csv"): OpenApiTypes.STR},
        examples=[OpenApiExample("One delivery", value=EXPORTED, response_only=True, media_type="text/csv")],
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        pieces = export_csv(access_of(request), read_filter(request))
        headers = {"Content-Disposition": 'attachment; filename="deliveries.csv"', "Cache-Control": "no-store"}
        return StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8", headers=headers)


class DeliveryDetail(Resource[Delivery]):
    """One delivery with its attempts: what was sent, what came back, how long it took. Those of its digest are among them, with the digest's id as
    their delivery. A body made with an encrypted field is null without the
    scope `read:encrypted`."""

    serializer_class = DeliveryAnswer

    def rows(self) -> QuerySet[Delivery]:
        return with_names(Delivery.objects.filter(is_digest=False).select_related("lead"))

    def get(self, request: Request, **_: str) -> Response:
        delivery = self.found()
        attempts = AttemptAnswer(show_attempts(access_of(request), delivery), many=True)
        return Response({**DeliveryRow(delivery).data, "attempts": attempts.data})
