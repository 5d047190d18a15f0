"""/api/attempts, and how one attempt is answered"""

from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.body import Answer
from accounts.api.filters import Filters, id_filter
from accounts.api.resources import Lists
from accounts.faults import Fault, RefusedChangeError
from delivery.api.log_filters import SHARED, read_filter
from delivery.log import ShownAttempt, ShownBody, as_object
from delivery.log_filter import find_attempts
from delivery.models import Attempt, Trigger
from delivery.outcome import Verdict


class Timings(Answer):
    """Milliseconds; null where the phase did not happen."""

    dns_ms = serializers.FloatField(allow_null=True)
    connect_ms = serializers.FloatField(allow_null=True)
    tls_ms = serializers.FloatField(allow_null=True)
    first_byte_ms = serializers.FloatField(allow_null=True)


class AttemptRow(Answer):
    """One try, without headers and bodies."""

    id = serializers.UUIDField()
    delivery = serializers.UUIDField(source="delivery_id")
    channel = serializers.UUIDField(source="channel_id")
    number = serializers.IntegerField(help_text="Which try of the delivery.")
    trigger = serializers.ChoiceField(Trigger.choices)
    started_at = serializers.DateTimeField()
    outcome = serializers.ChoiceField([verdict.value for verdict in Verdict])
    code = serializers.CharField(help_text="Short and stable: `ok`, `http_503`, `timeout`, `dns`, `connect`, `tls`, …")
    reason = serializers.CharField(help_text="In words.")
    http_status = serializers.IntegerField(allow_null=True)
    duration_ms = serializers.FloatField()
    timings = Timings(source="*")
    method = serializers.CharField()
    url = serializers.CharField(source="target", help_text="Of a mail: its recipients.")
    address = serializers.CharField(help_text="The network address that was connected to.")
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    is_late = serializers.BooleanField(help_text="It came back after another worker had taken over, and changed nothing.")


class AttemptOfDelivery(AttemptRow):
    delivery_state = serializers.CharField(source="delivery.state")
    lead = serializers.UUIDField(source="delivery.lead_id", allow_null=True)
    profile = serializers.UUIDField(source="delivery.profile_id")
    partner = serializers.UUIDField(source="delivery.partner_id")
    partner_name = serializers.CharField(source="delivery.partner.name")


class SentRequest(Answer):
    method = serializers.CharField()
    url = serializers.CharField()
    headers = serializers.DictField(child=serializers.CharField(), help_text="Secrets masked.")
    body = serializers.CharField(allow_null=True, help_text="The bytes as they went out, read as UTF-8; of a mail, the raw message.")
    note = serializers.CharField(help_text="Why the body is null.")
    is_masked = serializers.BooleanField()
    is_truncated = serializers.BooleanField()


class ReceivedResponse(Answer):
    status = serializers.IntegerField(allow_null=True)
    headers = serializers.DictField(child=serializers.CharField())
    body = serializers.CharField(allow_null=True, help_text="Its first 16 KiB.")
    note = serializers.CharField(help_text="Why the body is null.")
    is_masked = serializers.BooleanField()
    is_truncated = serializers.BooleanField()


class AttemptAnswer(AttemptRow):
    """One try with what was sent and what came back. Made from a ShownAttempt."""

    request = SentRequest()
    response = ReceivedResponse()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        assert isinstance(instance, ShownAttempt)
        attempt = instance.attempt
        return {
            **AttemptRow(attempt).data,
            "request": {
                "method": attempt.method,
                "url": attempt.target,
                "headers": as_object(attempt.request_headers),
                **_body(instance.request_body),
            },
            "response": {"status": attempt.http_status, "headers": instance.response_headers, **_body(instance.response_body)},
        }


def _body(shown: ShownBody) -> dict[str, Any]:
    return {"body": shown.text, "note": shown.note, "is_masked": shown.is_masked, "is_truncated": shown.is_truncated}


class AttemptList(Lists[Attempt]):
    """Every try of every delivery. What was sent and what came back stands in `GET /api/deliveries/{id}`. `from` and `to` are of `started_at`."""

    serializer_class = AttemptOfDelivery

    def rows(self) -> QuerySet[Attempt]:
        filters = Filters(self.request)
        delivery = filters.id("delivery")
        outcomes = filters.choices("outcome", [verdict.value for verdict in Verdict])
        wanted = read_filter(self.request, others=filters)
        if wanted.states:
            raise RefusedChangeError([Fault("state", "unknown", "state is of a delivery, and a try has none; wanted outcome.")])
        rows = find_attempts(replace(wanted, ids=(delivery,) if delivery else ()))
        if outcomes:
            rows = rows.filter(outcome__in=outcomes)
        # Read apart: joined, a page would be looked for among all rows of the join.
        return rows.prefetch_related("delivery__partner").defer("sealed_response", "request_headers")

    @extend_schema(
        parameters=[
            id_filter("delivery"),
            OpenApiParameter("outcome", OpenApiTypes.STR, description="One or several, separated by commas."),
            *SHARED,
        ]
    )
    def get(self, request: Request, **_: str) -> Response:
        return self.list(request)
