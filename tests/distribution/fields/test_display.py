"""The name of a lead, and values as people read them."""

from decimal import Decimal
from typing import Any

import pytest

from distribution.fields import FieldSpec, display_text, lead_name

COLOURS = {"choices": [{"value": "r", "label": "Red"}, {"value": "b", "label": "Blue"}]}
SPECS = [
    FieldSpec("email", "Email", "email"),
    FieldSpec("secret", "Secret", "text", is_encrypted=True, position=1),
    FieldSpec("first_name", "First name", "text", position=2),
    FieldSpec("last_name", "Last name", "text", position=3),
]


@pytest.mark.parametrize(
    ("values", "display_field", "name"),
    [
        ({"first_name": "Jane", "last_name": "Doe"}, "last_name", "Doe"),
        ({"first_name": "Jane", "last_name": "Doe"}, None, "Jane"),
        ({"first_name": "Jane"}, "last_name", "Jane"),
        ({"last_name": "Doe", "email": "j@example.com"}, None, "Doe"),
        ({"email": "j@example.com"}, None, "j@example.com"),
        ({"secret": "x"}, "secret", "Unnamed lead"),
        ({"first_name": "Jane\r\nBcc: all"}, None, "Jane Bcc: all"),
        ({"first_name": "x" * 300}, None, "x" * 199 + "…"),
    ],
)
def test_a_lead_has_a_name(values: dict[str, Any], display_field: str | None, name: str) -> None:
    assert lead_name(SPECS, values, display_field) == name


@pytest.mark.parametrize(
    ("field_type", "value", "text"),
    [
        ("number", Decimal("1E-7"), "0.0000001"),
        ("number", 12, "12"),
        ("checkbox", False, "No"),
        ("select", "r", "Red"),
        ("select", "gone", "gone"),
        ("multi_select", ["r", "b"], "Red, Blue"),
        ("address", {"city": "Berlin", "street": "Invalidenstraße"}, "Invalidenstraße, Berlin"),
        ("text", None, ""),
    ],
)
def test_a_value_reads_as_text(field_type: str, value: Any, text: str) -> None:
    assert display_text(FieldSpec("f", "F", field_type, options=COLOURS), value) == text
