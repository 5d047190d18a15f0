"""Values as people read them, and the name of a lead."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from distribution.fields.faults import cut
from distribution.fields.number import number_text
from distribution.fields.spec import ADDRESS_PARTS, FieldSpec

UNNAMED = "Unnamed lead"
MAX_NAME = 200


def lead_name(specs: Iterable[FieldSpec], values: Mapping[str, Any], display_field: str | None) -> str:
    """Return one line of at most 200 characters: the display field, else the first text field, else the first email,
    each if it has a value.

    An encrypted field is never used, also not as the display field: the name stands in subjects and lists.
    """
    plain = sorted((spec for spec in specs if not spec.is_encrypted), key=lambda spec: spec.position)
    candidates = [spec for spec in plain if spec.key == display_field]
    candidates += [spec for spec in plain if spec.type == "text"]
    candidates += [spec for spec in plain if spec.type == "email"]
    for spec in candidates:
        name = " ".join(display_text(spec, values.get(spec.key)).split())
        if name:
            return cut(name, MAX_NAME)
    return UNNAMED


def lead_contact(specs: Iterable[FieldSpec], values: Mapping[str, Any]) -> str:
    """Return what tells two leads of one name apart: the first plain email address, else the first plain telephone number, else nothing."""
    plain = sorted((spec for spec in specs if not spec.is_encrypted), key=lambda spec: spec.position)
    for wanted in ("email", "phone"):
        for spec in plain:
            if spec.type == wanted and values.get(spec.key):
                return str(values[spec.key])
    return ""


def display_text(spec: FieldSpec, value: Any) -> str:
    """Return a normalised value as text: options by label, Yes or No, an address in one line; "" for a missing one."""
    match value:
        case None:
            return ""
        case bool():
            return "Yes" if value else "No"
        case int() | Decimal():
            return number_text(value)
        case list():
            return ", ".join(_option_label(spec, item) for item in value)
        case dict():
            return ", ".join(str(value[part]) for part in ADDRESS_PARTS if part in value)
        case str() if spec.type == "select":
            return _option_label(spec, value)
        case _:
            return str(value)


def _option_label(spec: FieldSpec, value: Any) -> str:
    labels = (choice["label"] for choice in spec.options.get("choices", ()) if choice["value"] == value)
    return str(next(labels, value))
