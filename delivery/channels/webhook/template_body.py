"""A webhook's body by a template of the partner's own shape: filled so that no value changes the shape, and checked before it goes out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from delivery.channels.base import Envelope, EnvelopeField, Fault, FieldInfo, RenderError
from delivery.channels.filling import filled, template_values
from delivery.channels.reading import Reading
from delivery.channels.webhook.body import unwritable
from delivery.channels.webhook.well_formed import json_fault, xml_fault
from delivery.sample_values import sample_value
from delivery.templating import Escaping, check
from distribution.fields import FieldSpec

MAX_TEMPLATE = 50_000
_MISSING = 'The template is missing: the body of the request, such as {"name": {{ lead_name }}}.'


@dataclass(frozen=True, slots=True)
class ContentType:
    """header: as sent. escaping: what is done to values. name: for people. fault_of: what is wrong with a body; None: nothing can be."""

    header: str
    escaping: Escaping
    name: str
    fault_of: Callable[[bytes], str | None] | None = None


CONTENT_TYPES: Mapping[str, ContentType] = {
    "application/json": ContentType("application/json", "json", "JSON", json_fault),
    "application/x-www-form-urlencoded": ContentType("application/x-www-form-urlencoded", "form", "form"),
    "text/xml": ContentType("text/xml; charset=utf-8", "xml", "XML", xml_fault),
    "text/plain": ContentType("text/plain; charset=utf-8", "none", "text"),
}
DEFAULT_CONTENT_TYPE = "application/json"

_SAMPLE = Envelope(
    delivery_id=UUID("01990000-0000-7000-8000-000000000001"),
    lead_id=UUID("01990000-0000-7000-8000-000000000002"),
    created_at=datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
    source="api",
    status="new",
    lead_name="Jane Doe",
    entity="Leads",
    profile="Profile",
    partner="Partner",
    fields=(),
    is_test=True,
)


def template_body(envelope: Envelope, *, template: str, content_type: str) -> bytes:
    """UTF-8. Raises RenderError when this lead does not fit, or what it makes is not what the content type says."""
    kind = CONTENT_TYPES[content_type]
    text = filled(template, template_values(envelope), setting="template", escaping=kind.escaping)
    try:
        body = text.encode()
    except UnicodeEncodeError as error:
        raise unwritable() from error
    if kind.fault_of is not None and (fault := kind.fault_of(body)):
        raise RenderError(f"With this lead the channel's template makes no valid {kind.name}: {fault}")
    return body


def clean_template(reading: Reading, fields: Sequence[FieldInfo], *, is_used: bool) -> dict[str, str]:
    """{"template", "content_type"}. A template that the channel does not use is kept as it is, so that a format can be tried and left again."""
    content_type = reading.choice("content_type", list(CONTENT_TYPES), default=DEFAULT_CONTENT_TYPE)
    if not is_used:
        return {"template": reading.text("template", default="", most=MAX_TEMPLATE), "content_type": content_type}
    template = reading.needed_text("template", most=MAX_TEMPLATE, missing=_MISSING)
    faults = _template_faults(template, content_type, fields) if template else []
    reading.faults += [Fault(f"{reading.path}.template", code, detail) for code, detail in faults]
    return {"template": template, "content_type": content_type}


def _template_faults(template: str, content_type: str, fields: Sequence[FieldInfo]) -> list[tuple[str, str]]:
    if faults := check(template, fields, escaping=CONTENT_TYPES[content_type].escaping):
        return [(fault.code, str(fault)) for fault in faults]
    try:
        template_body(_sample(fields), template=template, content_type=content_type)
    except RenderError as error:
        return [("malformed", f"Tried with a sample lead: {error}")]
    return []


def _sample(fields: Sequence[FieldInfo]) -> Envelope:
    values = [
        EnvelopeField(info.key, info.name, info.label, info.type, sample_value(FieldSpec(info.key, info.label, info.type)))
        for info in fields
    ]
    return replace(_SAMPLE, fields=tuple(values))
