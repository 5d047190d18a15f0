"""What the OpenAPI document says of intake."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from accounts.api.body import Answer
from distribution.models import LeadSource

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Any text of your own that names this request, such as a UUID. Sent again within 24 hours, the request is answered as before and "
    "nothing is done twice (`Idempotent-Replayed: true`); with another body it is refused (409).",
)

_FIELDS: dict[str, Any] = {
    "status": {"type": "string", "maxLength": 50, "default": "new"},
    "note": {"type": "string", "description": "Kept with the lead. `notes` works too."},
}
_ANY_FIELD: dict[str, Any] = {"description": "The value of the field whose key or label this is."}

INTAKE_BODY: dict[str, Any] = {
    "type": "object",
    "required": ["entity"],
    "properties": {
        "entity": {"type": "string", "description": "Slug or id of the Entity. `lead_object` is an older name for it."},
        **_FIELDS,
    },
    "additionalProperties": _ANY_FIELD,
}

BULK_BODY: dict[str, Any] = {
    "type": "object",
    "required": ["entity", "batch"],
    "properties": {
        "entity": {"type": "string", "description": "Slug or id of the Entity that all of them are of."},
        "batch": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1000,
            "items": {"type": "object", "properties": _FIELDS, "additionalProperties": _ANY_FIELD},
        },
        "source": {"type": "string", "enum": LeadSource.values, "default": "api"},
        "note": {"type": "string", "description": "For every lead that has none of its own."},
        "atomic": {"type": "boolean", "default": False, "description": "true: one faulty lead, and none is stored (400)."},
    },
}


class IntakeDelivery(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    partner = serializers.UUIDField()
    partner_name = serializers.CharField()
    state = serializers.CharField(help_text="`queued`, or `held` while the partner's channel is paused.")


class IntakeDuplicate(serializers.Serializer[Any]):
    of = serializers.UUIDField(help_text="The earlier lead.")
    action = serializers.ChoiceField(["skip", "update", "create_anyway"])
    matched_by = serializers.ListField(child=serializers.CharField(), help_text="The fields on which both agree.")


class TakenIn(serializers.Serializer[Any]):
    lead_id = serializers.UUIDField(help_text="Of the earlier lead, where this one repeats it and is not stored anew.")
    created_at = serializers.DateTimeField()
    deliveries = IntakeDelivery(many=True)
    duplicate = IntakeDuplicate(required=False)
    warnings = serializers.ListField(child=serializers.CharField())


class IntakeAnswer(TakenIn):
    status = serializers.CharField(help_text="`success`, or `dry_run`; a refused lead answers 400.")


class BulkCreated(TakenIn):
    index = serializers.IntegerField(help_text="Its place in `batch`, from 0.")


class BulkError(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    field = serializers.CharField(help_text="Key of the field; empty for the lead as a whole.")
    code = serializers.CharField()
    reason = serializers.CharField()


class BulkAnswer(Answer):
    status = serializers.ChoiceField(["success", "partial", "failed"], help_text="`partial`: some are in `errors`; `failed`: all.")
    created = BulkCreated(many=True, help_text="In the order of `batch`.")
    errors_ = BulkError(many=True)
    warnings = serializers.ListField(child=serializers.CharField())
