"""/api/alerts"""

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.alerts import read_alert
from accounts.api.body import Answer
from accounts.api.filters import Filters
from accounts.api.resources import Lists, Resource
from accounts.models import Alert, AlertKind

_EXAMPLE = {
    "id": "019ab6d2-4f00-7000-8000-000000000000",
    "kind": "channel_unhealthy",
    "subject_type": "deliverychannel",
    "subject": "019ab6d2-0000-7000-8000-000000000000",
    "subject_label": "Webhook to Helios Direct (Solar West)",
    "title": "Helios Direct does not take leads at present",
    "text": "The latest deliveries by webhook to Helios Direct (profile Solar West) failed: it answered with the status 503. …",
    "created_at": "2026-11-24T14:00:00Z",
    "read_at": None,
    "resolved_at": None,
}


@extend_schema_serializer(examples=[OpenApiExample("A partner's server is down", value=_EXAMPLE, response_only=True)])
class AlertAnswer(Answer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(AlertKind.choices)
    subject_type = serializers.CharField(help_text="`deliverychannel`, `partner` or `assignment`.")
    subject = serializers.UUIDField(source="subject_id")
    subject_label = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True, help_text="When somebody of the account saw it first.")
    resolved_at = serializers.DateTimeField(
        allow_null=True, help_text="When its cause was gone; in the future for a cap, which begins anew then."
    )


class AlertList(Lists[Alert]):
    """What needs the account's people, and what no longer does, newest first: partners that do not take leads, channels that were paused, caps
    that are nearly or wholly used. One per incident and kind. Owners and admins get them by mail too."""

    serializer_class = AlertAnswer

    def rows(self) -> QuerySet[Alert]:
        filters = Filters(self.request)
        is_open = filters.choices("open", ["1"])
        filters.check()
        return Alert.objects.open() if is_open else Alert.objects.all()

    @extend_schema(
        summary="List alerts",
        parameters=[OpenApiParameter("open", OpenApiTypes.STR, enum=["1"], description="Only those whose cause still stands.")],
    )
    def get(self, request: Request, **_: str) -> Response:
        return self.list(request)


class AlertRead(Resource[Alert]):
    serializer_class = AlertAnswer

    def rows(self) -> QuerySet[Alert]:
        return Alert.objects.all()

    @extend_schema(
        summary="Mark an alert as read",
        description="`read_at` is set, for all of the account. A second time changes nothing.",
        request=None,
    )
    def post(self, request: Request, **_: str) -> Response:
        alert = self.found()
        read_alert(alert)
        return self.answer(alert)
