"""Fields of bodies that several resources share. What they hold is checked by the domain, which tells every fault at its path."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field(OpenApiTypes.ANY)
class Anything(serializers.Field[Any, Any, Any, Any]):
    """Any JSON, as it came."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(
    {
        "type": "object",
        "description": 'A tree of `all`, `any` and `none` groups over conditions `{"field", "operator", "value"}`. `{}` matches every lead.',
        "example": {"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]},
    }
)
class Rules(Anything):
    pass


@extend_schema_field(
    {
        "type": "object",
        "description": "Most leads per `hour`, `day`, `week`, `month` or `total`, in the partner's time zone.",
        "additionalProperties": {"type": "integer", "minimum": 0},
        "example": {"day": 500},
    }
)
class Caps(Anything):
    pass
