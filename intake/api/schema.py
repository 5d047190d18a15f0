"""What the OpenAPI document says of intake."""

from typing import Any

from rest_framework import serializers

INTAKE_BODY: dict[str, Any] = {
    "type": "object",
    "required": ["entity"],
    "properties": {
        "entity": {"type": "string", "description": "Slug or id of the Entity. `lead_object` is an older name for it."},
        "status": {"type": "string", "maxLength": 50, "default": "new"},
        "note": {"type": "string", "description": "Kept with the lead. `notes` works too."},
    },
    "additionalProperties": {"description": "The value of the field whose key or label this is."},
}


class IntakeDelivery(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    partner = serializers.UUIDField()
    partner_name = serializers.CharField()
    state = serializers.CharField(help_text="`queued`, or `held` while the partner's channel is paused.")


class IntakeAnswer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="Always `success`; a refused lead answers 400.")
    lead_id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    deliveries = IntakeDelivery(many=True)
    warnings = serializers.ListField(child=serializers.CharField())
