"""An Entity with a field of every type, and leads of it, for the tests of rules."""

from datetime import UTC, datetime
from typing import Any

from distribution.fields import FieldSpec
from distribution.rules import LeadView, blind_values, compile_rule, encrypted_keys, parse, view_lead

NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)
STATES = {"choices": [{"value": "CA", "label": "California"}, {"value": "NY", "label": "New York"}]}
TAGS = {"choices": [{"value": value, "label": value.upper()} for value in ("solar", "roof", "heat")]}
SPECS = [
    FieldSpec("zip", "ZIP", "text"),
    FieldSpec("budget", "Budget", "number", options={"min": 100}),
    FieldSpec("email", "Email", "email"),
    FieldSpec("phone", "Phone", "phone"),
    FieldSpec("born", "Born", "date"),
    FieldSpec("seen", "Seen", "datetime"),
    FieldSpec("state", "State", "select", options=STATES),
    FieldSpec("tags", "Tags", "multi_select", options=TAGS),
    FieldSpec("owner", "Owner", "checkbox"),
    FieldSpec("home", "Home", "address"),
    FieldSpec("ssn", "SSN", "text", is_encrypted=True),
    FieldSpec("safe", "Safe", "address", is_encrypted=True),
]


def blind(key: str, value: str) -> str:
    return f"{key}#{value[::-1]}"


def lead(values: dict[str, Any] | None = None, sealed: dict[str, Any] | None = None) -> LeadView:
    every_key = frozenset({"ssn", "safe.postcode"})
    return view_lead(
        values or {},
        lead_id="0198c0de",
        status="new",
        source="api",
        created_at=NOW,
        updated_at=NOW,
        blind=blind_values(SPECS, sealed or {}, blind, only=every_key),
    )


def condition(field: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


def holds(raw: dict[str, Any], values: dict[str, Any] | None = None, sealed: dict[str, Any] | None = None) -> bool:
    rule = parse(raw, SPECS, default_region="US")
    assert encrypted_keys([rule]) <= {"ssn", "safe.postcode"}
    return compile_rule(rule, blind=blind).matches(lead(values, sealed), NOW)
