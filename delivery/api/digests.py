"""/api/digests: several leads of one email channel, sent as one mail"""

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.body import Answer
from accounts.api.filters import Filters, id_filter
from accounts.api.resources import Lists, Resource
from accounts.api.views import access_of, find
from delivery.api.attempts import AttemptAnswer
from delivery.api.deliveries import DeliveryRow, with_names
from delivery.digest_changes import resend_digest, send_digest
from delivery.digests import waiting_for
from delivery.log import show_attempts
from delivery.models import Delivery, DeliveryState, Digest

DIGEST: dict[str, Any] = {
    "id": "01a20dba-cb3e-77e1-99fd-6b20b3da9584",
    "channel": "01a20dba-caca-7fb2-a05d-82f68ae587a8",
    "profile": "01a20dba-ca9d-7c0f-8b8e-0a8d6f0c2a11",
    "profile_name": "Solar West",
    "partner": "01a20dba-ca7b-7d22-9a57-5a2f4b1f7e90",
    "partner_name": "Helios Direct",
    "state": "delivered",
    "reason": "",
    "lead_count": 42,
    "due_at": "2026-11-24T16:00:00Z",
    "opened_at": "2026-11-24T15:02:11.204000Z",
    "closed_at": "2026-11-24T16:00:03.118000Z",
    "size": 61_204,
    "recipients": ["leads@helios.test"],
    "attempts_made": 1,
    "next_attempt_at": None,
    "finished_at": "2026-11-24T16:00:03.731000Z",
}


@extend_schema_serializer(examples=[OpenApiExample("Delivered", value=DIGEST, response_only=True)])
class DigestRow(Answer):
    """Made from the delivery that carries it."""

    id = serializers.UUIDField(help_text="Also the name in the mail's Message-ID.")
    channel = serializers.UUIDField(source="channel_id")
    profile = serializers.UUIDField(source="profile_id")
    profile_name = serializers.CharField(source="profile.name")
    partner = serializers.UUIDField(source="partner_id")
    partner_name = serializers.CharField(source="partner.name")
    state = serializers.ChoiceField(DeliveryState.choices, source="shown_state")
    reason = serializers.CharField(source="shown_reason", help_text="Why it is held, failed or cancelled.")
    lead_count = serializers.SerializerMethodField(help_text="While it is open: how many wait for it now.")
    due_at = serializers.DateTimeField(
        source="digest.due_at", help_text="When it is closed; it is sent as soon as its mail is put together."
    )
    opened_at = serializers.DateTimeField(source="created_at")
    closed_at = serializers.DateTimeField(source="digest.closed_at", allow_null=True, help_text="null: it still collects.")
    size = serializers.IntegerField(source="digest.size", help_text="Bytes of its mail.")
    recipients = serializers.ListField(source="digest.recipients", child=serializers.EmailField())
    attempts_made = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_lead_count(self, carrier: Any) -> int:
        return int(carrier.digest.lead_count if carrier.digest.closed_at else carrier.waiting or 0)


class DigestAnswer(DigestRow):
    attempts = AttemptAnswer(many=True)


class OfDigests(Resource[Delivery]):
    serializer_class: type[Answer] = DigestRow

    def rows(self) -> QuerySet[Delivery]:
        """The deliveries that carry digests."""
        collecting = Delivery.objects.filter(channel=OuterRef("channel"), state=DeliveryState.COLLECTING, digest=None, is_digest=False)
        number = collecting.order_by().values("channel").annotate(number=Count("id")).values("number")
        open_ones = Digest.objects.filter(id=OuterRef("digest_id"), closed_at=None).annotate(number=Subquery(number)).values("number")
        rows = with_names(Delivery.objects.filter(is_digest=True)).select_related("digest", "channel__assignment__profile")
        return rows.annotate(waiting=Subquery(open_ones, output_field=IntegerField()))

    def digest(self) -> Digest:
        """Locked, if it is about to be changed."""
        rows = Digest.objects.all()
        return find(rows if self.request.method == "GET" else rows.select_for_update(), self.kwargs["id"])


class DigestList(OfDigests, Lists[Delivery]):
    """Digests, newest first. One that is `collecting` is open until `due_at`, or closed already (`closed_at`) and being put together; from then on its
    state is its mail's, and that of every delivery in it."""

    def rows(self) -> QuerySet[Delivery]:
        filters = Filters(self.request)
        channel, states = filters.id("channel"), filters.choices("state", DeliveryState.values)
        filters.check()
        rows = super().rows()
        if channel:
            rows = rows.filter(channel_id=channel)
        return rows.filter(id__in=Delivery.objects.in_states(states).filter(is_digest=True).values("id")) if states else rows

    @extend_schema(
        parameters=[
            id_filter("channel"),
            OpenApiParameter("state", OpenApiTypes.STR, enum=DeliveryState.values, description="One or several, separated by commas."),
        ]
    )
    def get(self, request: Request, **_: str) -> Response:
        return self.list(request)


class DigestDetail(OfDigests):
    """One digest with its attempts; of the mail, its beginning. A body made with an encrypted field is null without the scope `read:encrypted`."""

    serializer_class = DigestAnswer

    def get(self, request: Request, **_: str) -> Response:
        carrier = self.found()
        attempts = AttemptAnswer(show_attempts(access_of(request), carrier), many=True)
        return Response({**DigestRow(carrier).data, "attempts": attempts.data})


class DigestDeliveries(OfDigests, Lists[Delivery]):
    """The deliveries in a digest; of one that is open, those that wait for it."""

    serializer_class = DeliveryRow

    def rows(self) -> QuerySet[Delivery]:
        digest = self.digest()
        return with_names(waiting_for(digest) if digest.closed_at is None else digest.members)

    @extend_schema(operation_id="digests_deliveries_list")
    def get(self, request: Request, **_: str) -> Response:
        return self.list(request)


class DigestSend(OfDigests):
    @extend_schema(
        summary="Send a digest now",
        description="One that is open is closed and sent with what it has collected; one whose mail waits for its next try is tried at once. "
        "One that is being sent or is over, or whose channel is paused: 409.",
        request=None,
        responses={200: DigestRow},
    )
    def post(self, request: Request, **_: str) -> Response:
        send_digest(access_of(request), self.digest())
        return self.answer(find(self.rows(), self.kwargs["id"]))


class DigestResend(OfDigests):
    @extend_schema(
        summary="Send a digest again",
        description="The same mail goes out once more, to all its recipients, and its retry policy starts afresh. Where a lead of it was erased since, "
        "or its mail is no longer kept, the mail is made anew from the leads that are left. One that was not sent yet, or whose channel is paused: 409.",
        request=None,
        responses={200: DigestRow},
    )
    def post(self, request: Request, **_: str) -> Response:
        resend_digest(access_of(request), self.digest())
        return self.answer(find(self.rows(), self.kwargs["id"]))
