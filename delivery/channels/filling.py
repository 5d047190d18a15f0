"""Fills a channel's templates with what a partner may be told about one lead."""

from collections.abc import Mapping
from typing import Any

from delivery.channels.base import Envelope, EnvelopeField, RenderError
from delivery.templating import Escaping, TemplateError, compile_template, short_names
from distribution.fields import ADDRESS_PARTS, FieldSpec, display_text


class _Address(dict[str, Any]):
    """An address in a template: a part that this lead has not is empty and no fault; with no part at all it counts as missing."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        super().__init__({part: parts.get(part) for part in ADDRESS_PARTS})

    def __bool__(self) -> bool:
        return any(part is not None for part in self.values())


def template_values(envelope: Envelope, *, lead_count: int = 1) -> dict[str, Any]:
    """What `{{ … }}` may name (delivery.templating.check). lead_count: of the digest that the lead is in."""
    lead = {field.key: _Address(field.value or {}) if field.type == "address" else field.value for field in envelope.fields}
    system = {
        "id": str(envelope.lead_id),
        "status": envelope.status,
        "source": envelope.source,
        "created_at": envelope.created_at,
    }
    return {
        **{key: lead[key] for key in short_names(lead)},
        "lead_name": envelope.lead_name,
        "lead": system | lead,
        "fields": [
            {"key": f.key, "name": f.name, "label": f.label, "value": f.value, "text": text}
            for f, text in ((field, shown_value(field)) for field in envelope.fields)
        ],
        "profile": envelope.profile,
        "partner": envelope.partner,
        "entity": envelope.entity,
        "created_at": envelope.created_at,
        "lead_count": lead_count,
        "delivery_id": str(envelope.delivery_id),
        "test": envelope.is_test,
    }


def filled(source: str, values: Mapping[str, Any], *, setting: str, escaping: Escaping = "none") -> str:
    """setting: which of the channel's it is, for the reason. Raises RenderError."""
    try:
        return compile_template(source, escaping=escaping).render(values)
    except TemplateError as error:
        raise RenderError(f"The channel's {setting} cannot be filled for this lead: {error}") from error


def shown_value(field: EnvelopeField) -> str:
    """For people: a choice by its label, a number with its digits."""
    return display_text(FieldSpec(field.key, field.label, field.type, options=field.options), field.value)
