"""An API description of a field, checked before it becomes a FieldSpec."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from distribution.fields.faults import Fault, RefusedError, cut, echo
from distribution.fields.kinds import value_cleaner
from distribution.fields.names import fold
from distribution.fields.options import clean_options
from distribution.fields.spec import FIELD_TYPES, RESERVED_KEYS, FieldSpec
from distribution.fields.text import plain_text

MAX_FIELDS = 500
_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_MAX_LABEL = 200
_KNOWN = ("key", "label", "type", "required", "default", "options", "is_encrypted", "position")


def clean_field_specs(
    raw: Any,
    *,
    attr: str = "fields",
    default_region: str | None = None,
) -> tuple[list[FieldSpec], list[Fault]]:
    """Check an Entity's list of fields: each by itself, and that no two answer to one name. Positions follow the list
    where they are not given. The specs are of use only if there are no faults."""
    if not isinstance(raw, list) or len(raw) > MAX_FIELDS:
        return [], [Fault(attr, "invalid", f"The fields are {_size(raw)}; wanted a list of at most {MAX_FIELDS} fields.")]
    specs: list[FieldSpec] = []
    faults: list[Fault] = []
    owners: dict[str, int] = {}
    for index, item in enumerate(raw):
        spec, own_faults = clean_field_spec(item, attr=f"{attr}.{index}", position=index, default_region=default_region)
        faults += own_faults
        if spec:
            specs.append(spec)
            for name, part in ((spec.key, "key"), (spec.label, "label")):
                if owners.setdefault(fold(name), index) != index:
                    detail = f"The {part} {echo(name)} also names another field (case, spaces, _ and - do not count)."
                    faults.append(Fault(f"{attr}.{index}.{part}", "duplicate", detail))
    return specs, faults


def clean_field_spec(
    raw: Any,
    *,
    attr: str = "",
    position: int = 0,
    default_region: str | None = None,
) -> tuple[FieldSpec | None, list[Fault]]:
    """Check {"key", "label", "type", "required", "default", "options", "is_encrypted", "position"}.

    Key and type are needed. Returns the spec (None if there are faults) and every fault, its path begun with `attr`.
    Never raises on JSON.
    """
    if not isinstance(raw, Mapping):
        return None, [Fault(attr, "invalid", f"A field is {echo(raw)}; wanted an object with key, label and type.")]
    reading = _Reading(raw, attr)
    spec = reading.spec(position, default_region)
    return (None if reading.faults else spec), reading.faults


class _Reading:
    """One pass over one description, collecting faults."""

    def __init__(self, raw: Mapping[str, Any], attr: str) -> None:
        self._raw = raw
        self._prefix = f"{attr}." if attr else ""
        self.faults: list[Fault] = []

    def report(self, path: str, code: str, detail: str) -> None:
        self.faults.append(Fault(f"{self._prefix}{path}", code, detail))

    def spec(self, position: int, default_region: str | None) -> FieldSpec | None:
        # `id` comes back from whoever edits what the API answered.
        for name in self._raw:
            if name not in _KNOWN and name != "id":
                self.report(cut(name), "unknown", f"{echo(name)} says nothing about a field; wanted {', '.join(_KNOWN)}.")
        key, field_type = self._key(), self._type()
        if key is None or field_type is None:
            return None
        spec = FieldSpec(
            key=key,
            label=self._label(key),
            type=field_type,
            is_required=self._flag("required"),
            options=clean_options(field_type, self._raw.get("options"), self._report_option),
            is_encrypted=self._flag("is_encrypted"),
            position=self._position(position),
        )
        return self._with_default(spec, default_region)

    def _report_option(self, path: str, code: str, detail: str) -> None:
        self.report(f"options.{path}" if path else "options", code, detail)

    def _key(self) -> str | None:
        key = self._raw.get("key")
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            wanted = "a small letter, then at most 62 small letters, digits and _"
            code = "required" if key is None else "invalid"
            self.report("key", code, f"The key is {echo(key)}; wanted {wanted}.")
            return None
        if key in RESERVED_KEYS:
            self.report("key", "reserved", f"The key {echo(key)} is the system's own; wanted another.")
            return None
        return key

    def _type(self) -> str | None:
        field_type = self._raw.get("type")
        if isinstance(field_type, str) and field_type in FIELD_TYPES:
            return field_type
        code = "required" if field_type is None else "invalid"
        self.report("type", code, f"The type is {echo(field_type)}; wanted one of {', '.join(FIELD_TYPES)}.")
        return None

    def _label(self, key: str) -> str:
        fallback = key.replace("_", " ").capitalize()
        raw = self._raw.get("label")
        if raw is None:
            return fallback
        try:
            label = plain_text(raw, _MAX_LABEL)
        except RefusedError as error:
            self.report("label", error.code, f"The label {error.fault}; wanted a text of at most {_MAX_LABEL} characters.")
            return fallback
        return " ".join(label.split()) if label else fallback

    def _flag(self, name: str) -> bool:
        value = self._raw.get(name, False)
        if isinstance(value, bool):
            return value
        self.report(name, "invalid", f"{name} is {echo(value)}; wanted true or false.")
        return False

    def _position(self, fallback: int) -> int:
        position = self._raw.get("position")
        if position is None:
            return fallback
        if type(position) is int and 0 <= position <= 32_767:
            return position
        self.report("position", "invalid", f"The position is {echo(position)}; wanted a whole number from 0 to 32,767.")
        return fallback

    def _with_default(self, spec: FieldSpec, default_region: str | None) -> FieldSpec:
        raw = self._raw.get("default")
        # A cleaner of faulty options would only repeat their fault.
        if raw is None or self.faults:
            return spec
        clean = value_cleaner(spec, default_region=default_region)
        try:
            default = clean(raw)
        except RefusedError as error:
            shown = "the value" if spec.is_encrypted else echo(raw)
            self.report("default", error.code, f"The default of {spec.label}: {shown} {error.fault}; wanted {clean.wanted}.")
            return spec
        return replace(spec, default=default)


def _size(raw: Any) -> str:
    return f"{len(raw):,} in number" if isinstance(raw, list) else echo(raw)
