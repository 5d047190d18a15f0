"""What the OpenAPI document says of deliveries and attempts."""

from typing import Any

from rest_framework import serializers

from delivery.models import DeliveryState


class Header(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.CharField(help_text="Secrets are masked.")


class RequestShown(serializers.Serializer[Any]):
    method = serializers.CharField()
    url = serializers.CharField(help_text="For mails: the recipients.")
    headers = Header(many=True)
    body = serializers.CharField(allow_null=True, help_text="Byte for byte what was sent; for mails the whole message.")
    is_masked = serializers.BooleanField(help_text="The body holds an encrypted field, and the key lacks `read:encrypted`.")
    is_gone = serializers.BooleanField(help_text="The lead was erased, and with it what was made of it.")


class ResponseShown(serializers.Serializer[Any]):
    status = serializers.IntegerField(allow_null=True)
    headers = Header(many=True)
    body = serializers.CharField(allow_null=True, help_text="The first 16 KiB.")
    is_truncated = serializers.BooleanField()


class Timings(serializers.Serializer[Any]):
    dns_ms = serializers.FloatField(allow_null=True)
    connect_ms = serializers.FloatField(allow_null=True)
    tls_ms = serializers.FloatField(allow_null=True)
    first_byte_ms = serializers.FloatField(allow_null=True)
    total_ms = serializers.FloatField()


class AttemptAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    delivery = serializers.UUIDField()
    number = serializers.IntegerField()
    trigger = serializers.CharField(help_text="`automatic`, `retry`, `resend` or `test`.")
    started_at = serializers.DateTimeField()
    outcome = serializers.CharField(help_text="`delivered`, `rejected`, `retry` or `failed`.")
    code = serializers.CharField()
    reason = serializers.CharField()
    http_status = serializers.IntegerField(allow_null=True)
    duration_ms = serializers.FloatField()
    timings = Timings()
    address = serializers.CharField()
    is_late = serializers.BooleanField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    request = RequestShown()
    response = ResponseShown()


class DeliveryAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    lead = serializers.UUIDField(source="lead_id", allow_null=True)
    channel = serializers.UUIDField(source="channel_id")
    channel_kind = serializers.CharField(source="channel.kind")
    profile = serializers.UUIDField(source="profile_id")
    profile_name = serializers.CharField(source="profile.name")
    partner = serializers.UUIDField(source="partner_id")
    partner_name = serializers.CharField(source="partner.name")
    state = serializers.ChoiceField(DeliveryState.choices)
    reason = serializers.CharField()
    is_test = serializers.BooleanField()
    attempts_made = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class DeliveryDetailAnswer(DeliveryAnswer):
    attempts = AttemptAnswer(many=True)
