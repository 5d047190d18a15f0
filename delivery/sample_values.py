"""What a field of each type may hold, for leads that nobody sent. Pure."""

from collections.abc import Callable
from typing import Any

from distribution.fields import FieldSpec


def sample_value(spec: FieldSpec) -> Any:
    """A value as a lead would bring it, within the field's own limits."""
    return _SAMPLES[spec.type](spec)


def _first_choice(spec: FieldSpec) -> Any:
    choices = spec.options.get("choices") or [{"value": "sample"}]
    return choices[0]["value"]


def _number(spec: FieldSpec) -> Any:
    low, high = spec.options.get("min"), spec.options.get("max")
    return low if low is not None else high if high is not None and high < 42 else 42


_SAMPLES: dict[str, Callable[[FieldSpec], Any]] = {
    "text": lambda spec: f"Sample {spec.label}"[: spec.options.get("max_length") or 100],
    "textarea": lambda spec: f"A longer text for {spec.label}."[: spec.options.get("max_length") or 200],
    "number": _number,
    "email": lambda _: "jane.doe@example.com",
    "phone": lambda _: "+12025550123",
    "date": lambda _: "2026-01-31",
    "datetime": lambda _: "2026-01-31T09:30:00Z",
    "select": _first_choice,
    "multi_select": lambda spec: [_first_choice(spec)],
    "checkbox": lambda _: True,
    "url": lambda _: "https://example.com/",
    "address": lambda _: {
        "street": "Main Street", "house_number": "1", "postcode": "90210", "city": "Beverly Hills", "state": "CA", "country_code": "US",
    },
}  # fmt: skip
