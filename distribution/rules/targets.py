"""What a condition may name: fields, parts of addresses, system fields."""

from collections.abc import Iterable
from dataclasses import replace

from distribution.fields.spec import ADDRESS_NUMBER_PARTS, ADDRESS_PARTS, SYSTEM_KEYS, FieldSpec

_SYSTEM_MOMENTS = {"created_at": "Created", "updated_at": "Updated"}
_SYSTEM_TEXTS = {"id": "Lead id", "status": "Status", "source": "Source"}
SYSTEM_FIELDS = {
    key: FieldSpec(key, label, field_type)
    for labels, field_type in ((_SYSTEM_TEXTS, "text"), (_SYSTEM_MOMENTS, "datetime"))
    for key, label in labels.items()
}
assert SYSTEM_FIELDS.keys() == set(SYSTEM_KEYS)


def targets_of(specs: Iterable[FieldSpec]) -> dict[str, FieldSpec]:
    """Return what each name in a condition stands for. A part of an address is a field, encrypted as the whole is."""
    targets = dict(SYSTEM_FIELDS)
    for spec in specs:
        targets[spec.key] = spec
        if spec.type == "address":
            targets |= {f"{spec.key}.{part}": _part(spec, part) for part in ADDRESS_PARTS}
    return targets


def _part(spec: FieldSpec, part: str) -> FieldSpec:
    return replace(
        spec,
        key=f"{spec.key}.{part}",
        label=f"{spec.label} {part.replace('_', ' ')}",
        type="number" if part in ADDRESS_NUMBER_PARTS else "text",
        default=None,
        options={},
    )
