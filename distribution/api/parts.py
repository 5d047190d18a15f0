"""Fields of bodies that several resources share. What they hold is checked by the domain, which tells every fault at its path."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field({"type": ["string", "number", "boolean", "array", "object"]})
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


@extend_schema_field(
    {
        "type": "object",
        "description": "Most money per `hour`, `day`, `week`, `month` or `total`, in the partner's time zone, by the prices of the assignments: a lead "
        "that would go beyond it is not sent. Amounts are texts with up to two decimals.",
        "additionalProperties": {"type": "string", "pattern": r"^\d{1,10}(\.\d{1,2})?$"},
        "example": {"month": "2500.00"},
    }
)
class Budgets(Anything):
    pass


@extend_schema_field(
    {
        "type": "object",
        "description": "When a lead repeats an earlier one of the same person, and what happens then: `skip` stores nothing, `update` puts the new "
        "values into the earlier lead, `create_anyway` stores and sends it like any other; `off` does not look. `match`: match keys, tried in order; "
        "the fields of one key must all agree. `window_days`: how far back; null for ever.",
        "properties": {
            "action": {"type": "string", "enum": ["off", "skip", "update", "create_anyway"]},
            "match": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            "window_days": {"type": ["integer", "null"], "minimum": 1, "maximum": 3650},
        },
        "example": {"action": "skip", "match": [["email"], ["phone", "last_name"]], "window_days": 30},
    }
)
class Duplicates(Anything):
    pass
