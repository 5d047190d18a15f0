"""What requests and answers about channels hold."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from accounts.api.body import Answer, Body
from delivery.channel_config import without_secrets
from delivery.models import BreakerState, ChannelKindName, DeliveryChannel
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
OWN_SHAPE = {
    "kind": "webhook",
    "fields": {"mode": "all", "include_encrypted": False},
    "config": {
        "url": "https://crm.example.com/v2/leads",
        "payload_format": "template",
        "content_type": "application/json",
        "template": '{"contact": {"name": {{ lead_name }}, "note": "From {{ profile }}, ZIP {{ zip }}"}, "budget": {{ budget | number(2) }}}',
        "auth": {
            "kind": "oauth2",
            "token_url": "https://login.example.com/oauth/token",
            "client_id": "acme",
            "client_secret": "s3cret",
            "scope": "leads:write",
        },
        "answers": [
            {"when": {"status": "2xx", "json": {"path": "$.result", "equals": "duplicate"}}, "then": "duplicate"},
            {"when": {"status": 200, "text": "sold out"}, "then": "rejected", "reason": "The partner has no room left today."},
        ],
        "take": {"partner_id": "$.lead.id", "price": "$.lead.price"},
    },
}
_WAYS = {"A webhook": WEBHOOK, "A webhook in the partner's own shape": OWN_SHAPE, "An email": EMAIL}
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


_SETTINGS = """The settings of the kind.

**webhook**
- `url`: https, or http where the account allows it.
- `payload_format`: `json`, the envelope; `json_flat` or `form`, field keys and values only; `template`, a body of the partner's own shape.
- `template`: Jinja2. `{{ first_name }}` or `{{ lead.first_name }}`, `lead_name`, `profile`, `partner`, `delivery_id`, `created_at`, `test`. In JSON a value outside of
  quotation marks is written as JSON, one inside is escaped for its text. Filters: `date('%d.%m.%Y')`, `default`, `digits`, `format_number`, `join`, `json`, `lower`,
  `map({'CA': 'California'})`, `number`, `replace`, `title`, `trim`, `truncate`, `upper`.
- `content_type` of a template: `application/json`, `application/x-www-form-urlencoded`, `text/xml` or `text/plain`.
- `timeout_seconds`: 1 to 30.
- `headers`: a list of `{"name", "value", "secret"}`.
- `auth`: `{"kind": "none"}`, `{"kind": "basic", "username", "password"}`, `{"kind": "bearer", "token"}`,
  `{"kind": "api_key", "name", "value", "in": "header" | "query"}` or
  `{"kind": "oauth2", "token_url", "client_id", "client_secret", "scope", "audience", "credentials_in": "body" | "header"}`.
- `answers`: a list of `{"when", "then", "reason"}`, the first that is met wins; without one the status decides. `when` has one or more of `status` (`200`, `"2xx"` or a
  list), `text`, `regex` and `json` (`{"path", "equals"}` or `{"path", "in"}`); `then` is `accepted`, `rejected`, `duplicate`, `retry` or `failed`.
- `take`: `{"partner_id": path, "price": path}`, the partner's own id and price out of its JSON answer.

**email**: `recipients` (else the partner's own address), `cc`, `reply_to`, `subject`, `body_template`, `format` (`html`, `text`, `none`), `attach_csv`, `csv`,
`batching`: `{"mode": "off"}`, `{"mode": "every", "minutes": 60}` or `{"mode": "daily", "at": "08:00", "weekdays": [1, 2, 3, 4, 5]}`, the latter two with an optional
`max_leads`: the leads are collected and sent together (`GET /api/digests`).

**Both**: `retry`, `{"policy": "standard" | "fast" | "none"}` or `{"policy": "custom", "delays_seconds": [5, 60, 600]}`; `max_in_flight` (1 to 50), how many leads may
be on their way at once; `rate_per_minute` (1 to 60,000, or null for none), the most tries in any 60 seconds.

Secrets (values of secret headers, passwords, tokens, keys, client secrets) are taken and never come back: a header has `"value": null`, an `auth` has
`"is_set": true`. One that is left out stays as it is, unless the scheme, host or port that it is sent to changes: then it must be given again."""


@extend_schema_field(
    {
        "type": "object",
        "description": _SETTINGS,
    }
)
class Config(Anything):
    def to_representation(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return without_secrets(value)


class HealthAnswer(Answer):
    breaker = serializers.ChoiceField(
        BreakerState.choices,
        help_text="`open`: the channel rests, since its tries fail, and what is due waits as `held`; one is tried after each rest. `recovering`: tries "
        "succeed again, and more and more go at once.",
    )
    open_until = serializers.DateTimeField(allow_null=True, help_text="When the next one is tried; in the past, while it is on its way.")
    allowed_in_flight = serializers.IntegerField(allow_null=True, help_text="While not `closed`; null: as many as `max_in_flight` says.")
    incident_at = serializers.DateTimeField(allow_null=True, help_text="When its latest trouble began.")
    recovered_at = serializers.DateTimeField(allow_null=True, help_text="When that was over; null while it is not.")
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


class PrimaryChannelFields(Body):
    may_come_back = frozenset(ChannelAnswer().fields)

    kind = serializers.ChoiceField(ChannelKindName.choices)
    fields_ = Selection(default=None, allow_null=True)
    config = Config()


@extend_schema_serializer(examples=[OpenApiExample(name, value=way, request_only=True) for name, way in _WAYS.items()])
class PrimaryChannelBody(PrimaryChannelFields):
    pass


@extend_schema_serializer(examples=[OpenApiExample(name, value={**_ID, **way}, request_only=True) for name, way in _WAYS.items()])
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


class ChannelFirstAnswer(ChannelAnswer):
    signing_secret = serializers.CharField(
        required=False, help_text="Of a webhook, `whsec_…` (Standard Webhooks 1.0). Shown when it was made just now, and never again."
    )
