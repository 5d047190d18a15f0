"""What intake reads itself from a flat body; every other key names a field of the lead."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from distribution.fields import Fault

_ENTITY_KEYS = ("entity", "lead_object")
_NOTE_KEYS = ("note", "notes")
# Accepted from clients of the published API, for which they mean something; here they do nothing, and the answer says so.
_IGNORED_KEYS = ("assignee", "viewers")
_STATUS_PREFIX = "status:"
MAX_STATUS = 50
MAX_NOTE = 10_000


@dataclass(frozen=True, slots=True)
class FlatBody:
    """entity is empty and `faults` says so when the body names none."""

    entity: str
    status: str
    note: str
    raw: dict[str, Any]
    warnings: tuple[str, ...]
    faults: tuple[Fault, ...]


def read_flat_body(body: Mapping[str, Any]) -> FlatBody:
    raw: dict[str, Any] = {}
    faults: list[Fault] = []
    warnings: list[str] = []
    entity, status, notes = "", "new", []
    for key, value in body.items():
        if key in _ENTITY_KEYS:
            entity = _text(key, value, 63, faults) or entity
        elif key == "status" or key.startswith(_STATUS_PREFIX):
            name = value if key == "status" else key.removeprefix(_STATUS_PREFIX).strip() or value
            status = _text("status", name, MAX_STATUS, faults) or status
        elif key in _NOTE_KEYS:
            notes += [_text(key, note, MAX_NOTE, faults) for note in (value if isinstance(value, list) else [value])]
        elif key in _IGNORED_KEYS:
            warnings.append(f"{key} is accepted and ignored.")
        else:
            raw[key] = value
    if not entity and not faults:
        faults.append(Fault("entity", "required", "entity is missing; wanted the slug or id of one of your entities."))
    return FlatBody(entity, status, "\n".join(filter(None, notes))[:MAX_NOTE], raw, tuple(warnings), tuple(faults))


def _text(key: str, value: Any, limit: int, faults: list[Fault]) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and len(value) <= limit and is_storable(value):
        return value.strip()
    faults.append(Fault(key, "invalid", f"{key} must be a text of at most {limit} characters, without NUL."))
    return ""


def is_storable(text: str) -> bool:
    """A form can hold what the JSON parser refuses: NUL, and through surrogates what is not Unicode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
