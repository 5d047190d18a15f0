"""Which fields of a lead a partner gets, in which order, under which names. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from delivery.channels.base import EnvelopeField, Fault, FieldInfo
from distribution.fields import FieldSpec

MAX_SELECTED = 1_000
MAX_NAME = 100

DEFAULT_SELECTION: Mapping[str, Any] = {"mode": "all", "include_encrypted": False}
# Label and type of what every lead has besides its Entity's fields.
_SYSTEM_FIELDS = {
    "id": ("Lead ID", "text"),
    "status": ("Status", "text"),
    "source": ("Source", "text"),
    "created_at": ("Created at", "datetime"),
    "updated_at": ("Updated at", "datetime"),
}


def select_fields(
    selection: Mapping[str, Any], fields: Sequence[FieldSpec], values: Mapping[str, Any], sealed_values: Mapping[str, Any]
) -> tuple[EnvelopeField, ...]:
    """The fields that go out, a missing value as None.

    selection: {"mode": "all", "include_encrypted": bool}: the Entity's fields in `fields`' order; encrypted ones are left out
    altogether unless included. Or {"mode": "selected", "selected": [{"key", "as"}, …]}: those alone, in this order; an
    encrypted one among them goes out, naming it is the tick. A field that the Entity no longer has stays, without a value,
    so that the partner's columns do not move.
    values: with the system fields (id, status, source, created_at, updated_at) among them.
    """
    if selection["mode"] == "all":
        includes_encrypted = selection.get("include_encrypted", False)
        return tuple(
            _field(spec, spec.key, spec.label, sealed_values if spec.is_encrypted else values)
            for spec in fields
            if includes_encrypted or not spec.is_encrypted
        )
    by_key = {spec.key: spec for spec in fields}
    return tuple(_selected_field(item, by_key, values, sealed_values) for item in selection["selected"])


def _field(spec: FieldSpec, name: str, label: str, values: Mapping[str, Any]) -> EnvelopeField:
    return EnvelopeField(spec.key, name, label, spec.type, values.get(spec.key), spec.is_encrypted, spec.options)


def _selected_field(
    item: Mapping[str, str], by_key: Mapping[str, FieldSpec], values: Mapping[str, Any], sealed_values: Mapping[str, Any]
) -> EnvelopeField:
    key = item["key"]
    rename = item.get("as")
    if (spec := by_key.get(key)) is not None:
        return _field(spec, rename or key, rename or spec.label, sealed_values if spec.is_encrypted else values)
    label, field_type = _SYSTEM_FIELDS.get(key, (key, "text"))
    return EnvelopeField(key, rename or key, rename or label, field_type, values.get(key) if key in _SYSTEM_FIELDS else None)


def chosen_fields(selection: Mapping[str, Any], fields: Sequence[FieldSpec]) -> tuple[FieldInfo, ...]:
    """What templates of this channel may name: the fields that `select_fields` would send."""
    return tuple(FieldInfo(field.key, field.name, field.label, field.type) for field in select_fields(selection, fields, {}, {}))


def clean_selection(raw: Any, fields: Sequence[FieldSpec], *, attr: str = "fields") -> tuple[dict[str, Any], list[Fault]]:
    """Check what a user chose; return (selection to store, faults). None means all fields but the encrypted.

    Never raises on JSON. The selection is of use only if there are no faults.
    """
    if raw is None:
        return dict(DEFAULT_SELECTION), []
    if not isinstance(raw, Mapping):
        return {}, [
            Fault(attr, "invalid", 'The fields are not an object; wanted {"mode": "all"} or {"mode": "selected", "selected": […]}.')
        ]
    match raw.get("mode"):
        case "all":
            return _clean_all(raw, attr)
        case "selected":
            return _clean_selected(raw, fields, attr)
    return {}, [Fault(f"{attr}.mode", "invalid", "There is no such mode; wanted all or selected.")]


def _clean_all(raw: Mapping[str, Any], attr: str) -> tuple[dict[str, Any], list[Fault]]:
    faults = _unknown_keys(raw, {"mode", "include_encrypted"}, attr)
    include = raw.get("include_encrypted", False)
    if not isinstance(include, bool):
        faults.append(Fault(f"{attr}.include_encrypted", "invalid", "Wanted true or false."))
    return {"mode": "all", "include_encrypted": include}, faults


def _clean_selected(raw: Mapping[str, Any], fields: Sequence[FieldSpec], attr: str) -> tuple[dict[str, Any], list[Fault]]:
    # A form that toggles between the modes may still carry the other mode's tick; here each field is ticked by itself.
    faults = _unknown_keys(raw, {"mode", "selected", "include_encrypted"}, attr)
    items = raw.get("selected")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_SELECTED:
        faults.append(Fault(f"{attr}.selected", "invalid", f"Wanted a list of 1 to {MAX_SELECTED:,} fields."))
        return {}, faults
    known = {spec.key for spec in fields} | _SYSTEM_FIELDS.keys()
    selected: list[dict[str, str]] = []
    keys: set[str] = set()
    names: set[str] = set()
    for place, item in enumerate(items):
        chosen, own_faults = _clean_item(item, known, f"{attr}.selected.{place}")
        faults += own_faults
        if own_faults:
            continue
        name = chosen.get("as", chosen["key"])
        if chosen["key"] in keys:
            faults.append(Fault(f"{attr}.selected.{place}.key", "duplicate", f"The field {chosen['key']} is chosen twice."))
        elif name in names:
            faults.append(Fault(f"{attr}.selected.{place}.as", "duplicate", f"Two fields would be sent as {name}."))
        keys.add(chosen["key"])
        names.add(name)
        selected.append(chosen)
    return {"mode": "selected", "selected": selected}, faults


def _clean_item(item: Any, known: set[str], attr: str) -> tuple[dict[str, str], list[Fault]]:
    if not isinstance(item, Mapping):
        return {}, [Fault(attr, "invalid", 'Wanted an object such as {"key": "email", "as": "Email address"}.')]
    faults = _unknown_keys(item, {"key", "as"}, attr)
    key, rename = item.get("key"), item.get("as")
    if not isinstance(key, str) or key not in known:
        faults.append(Fault(f"{attr}.key", "unknown_field", f"The Entity has no field {str(key)[:50]!r}."))
    if rename is None:
        return {"key": str(key)}, faults
    if not isinstance(rename, str) or not 1 <= len(rename.strip()) <= MAX_NAME or not rename.strip().isprintable():
        faults.append(Fault(f"{attr}.as", "invalid", f"A name is 1 to {MAX_NAME} characters in one line, without control characters."))
        return {}, faults
    return {"key": str(key), "as": rename.strip()}, faults


def _unknown_keys(raw: Mapping[str, Any], known: set[str], attr: str) -> list[Fault]:
    return [
        Fault(f"{attr}.{str(key)[:50]}", "unknown", f"This says nothing about fields; wanted {', '.join(sorted(known))}.")
        for key in raw
        if key not in known
    ]
