"""What requests and answers about channels hold."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from accounts.api.body import Answer, Body
from delivery.channel_config import without_secrets
from delivery.models import ChannelKindName, DeliveryChannel
from distribution.api.parts import Anything

WEBHOOK = {
    "kind": "webhook",
    "fields": {"mode": "all", "include_encrypted": False},
    "config": {
        "url": "https://partner.example.com/webhooks/leads",
        "payload_format": "json",
        "timeout_seconds": 20,
        "headers": [{"name": "X-Api-Key", "value": "s3cret", "secret": True}],
        "retry": {"policy": "standard"},
    },
}
EMAIL = {
    "kind": "email",
    "fields": {"mode": "selected", "selected": [{"key": "first_name", "as": "Name"}, {"key": "email"}]},
    "config": {
        "recipients": ["leads@helios.test"],
        "subject": "New Lead: {{lead_name}}",
        "format": "html",
        "attach_csv": True,
        "batching": {"mode": "off"},
    },
}
EXAMPLES = [OpenApiExample("A webhook", value=WEBHOOK, request_only=True), OpenApiExample("An email", value=EMAIL, request_only=True)]
_ID = {"assignment": "01990000-0000-7000-8000-000000000000"}


@extend_schema_field(
    {
        "type": "object",
        "description": 'Which fields the partner gets: `{"mode": "all", "include_encrypted": false}`, or '
        '`{"mode": "selected", "selected": [{"key", "as"}, …]}`, in that order and under those names.',
        "example": WEBHOOK["fields"],
    }
)
class Selection(Anything):
    pass


@extend_schema_field(
    {
        "type": "object",
        "description": "The settings of the kind. webhook: `url`, `payload_format` (`json`, the envelope; `json_flat` or `form`, field keys and "
        "values only), `timeout_seconds` (1 to 30), `headers` (`name`, `value`, `secret`), `retry`. email: `recipients` (else the partner's own "
        "address), `cc`, `reply_to`, `subject`, `body_template`, `format` (`html`, `text`, `none`), `attach_csv`, `csv`, `batching`, `retry`. "
        'Both: `retry` is `{"policy": "standard" | "fast" | "none"}` or `{"policy": "custom", "delays_seconds": [5, 60, 600]}`; '
        "`max_in_flight` (1 to 50), how many leads may be on their way at once.",
    }
)
class Config(Anything):
    def to_representation(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return without_secrets(value)


class PrimaryChannelFields(Body):
    kind = serializers.ChoiceField(ChannelKindName.choices)
    fields_ = Selection(default=None, allow_null=True)
    config = Config()


@extend_schema_serializer(examples=EXAMPLES)
class PrimaryChannelBody(PrimaryChannelFields):
    pass


@extend_schema_serializer(
    examples=[
        OpenApiExample("A webhook", value={**_ID, **WEBHOOK}, request_only=True),
        OpenApiExample("An email", value={**_ID, **EMAIL}, request_only=True),
    ]
)
class ChannelBody(PrimaryChannelFields):
    assignment = serializers.UUIDField()


@extend_schema_serializer(examples=[OpenApiExample("Longer timeout", value={"config": {"timeout_seconds": 30}}, request_only=True)])
class ChannelChange(PrimaryChannelFields):
    """Settings of `config` that are not named stay as they are."""

    kind = serializers.ChoiceField(ChannelKindName.choices, required=False, help_text="It stays what it is.")
    fields_ = Selection(required=False, allow_null=True)
    config = Config(required=False)


class PauseBody(Body):
    reason = serializers.CharField(max_length=300, default="", allow_blank=True)


class HealthAnswer(Answer):
    last_success_at = serializers.DateTimeField(allow_null=True)
    last_failure_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True)
    failures_in_a_row = serializers.IntegerField()
    last_reason = serializers.CharField()


class ChannelAnswer(Answer):
    id = serializers.UUIDField()
    assignment = serializers.UUIDField(source="assignment_id")
    profile = serializers.UUIDField(source="assignment.profile_id")
    profile_name = serializers.CharField(source="assignment.profile.name")
    partner = serializers.UUIDField(source="assignment.partner_id")
    partner_name = serializers.CharField(source="assignment.partner.name")
    kind = serializers.ChoiceField(ChannelKindName.choices)
    is_primary = serializers.BooleanField()
    fields_ = Selection()
    config = Config()
    is_paused = serializers.SerializerMethodField()
    paused_at = serializers.DateTimeField(allow_null=True)
    pause_reason = serializers.CharField()
    health = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_is_paused(self, channel: DeliveryChannel) -> bool:
        return channel.paused_at is not None

    @extend_schema_field(HealthAnswer(allow_null=True))
    def get_health(self, channel: DeliveryChannel) -> Any:
        health = getattr(channel, "health", None)
        return HealthAnswer(health).data if health else None


class ChannelFirstAnswer(ChannelAnswer):
    signing_secret = serializers.CharField(
        required=False, help_text="Of a webhook, `whsec_…` (Standard Webhooks 1.0). Shown when it was made just now, and never again."
    )
