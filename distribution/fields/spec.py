"""What an Entity says about one of its fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

FIELD_TYPES = (
    "text",
    "textarea",
    "number",
    "email",
    "phone",
    "date",
    "datetime",
    "select",
    "multi_select",
    "checkbox",
    "url",
    "address",
)
SYSTEM_KEYS = ("id", "status", "source", "created_at", "updated_at")
# Keys that intake reads itself, beside the system fields: a field of that name could never be filled.
RESERVED_KEYS = frozenset(
    {*SYSTEM_KEYS, "lead_name", "entity", "lead_object", "note", "notes", "assignee", "viewers"},
)
ADDRESS_TEXT_PARTS = ("street", "house_number", "postcode", "city", "state", "country", "country_code")
ADDRESS_NUMBER_PARTS = ("latitude", "longitude")
ADDRESS_PARTS = (*ADDRESS_TEXT_PARTS, *ADDRESS_NUMBER_PARTS)

_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of an Entity, already checked by `clean_field_spec`.

    options, by type: text, textarea {"max_length"}; number {"min", "max", "step"}; select, multi_select
    {"choices": [{"value", "label"}, ...]}. `default` is a normalised value; None means there is none.
    """

    key: str
    label: str
    type: str
    is_required: bool = False
    default: Any = None
    options: Mapping[str, Any] = field(default=_NO_OPTIONS)
    is_encrypted: bool = False
    position: int = 0
