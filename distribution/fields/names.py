"""Names that senders give to fields, matched loosely."""

from collections.abc import Iterable

from distribution.fields.spec import ADDRESS_PARTS, FieldSpec

_IGNORED = {ord(character): None for character in " _-"}


def fold(name: str) -> str:
    """Return what is left of a name when case, spaces, `_` and `-` do not count."""
    return name.casefold().translate(_IGNORED)


def names_of(specs: Iterable[FieldSpec]) -> dict[str, str]:
    """Return every name that stands for a field, exact and folded, with the field's key (or `key.part` of an address).

    Keys go before labels and exact names before folded ones; what is still ambiguous goes to the field named first.
    """
    keys = [pair for spec in specs for pair in _slots(spec)]
    names = {slot: slot for slot, _ in keys}
    for slot, _ in keys:
        names.setdefault(fold(slot), slot)
    for slot, label in keys:
        names.setdefault(label, slot)
    for slot, label in keys:
        names.setdefault(fold(label), slot)
    return names


def _slots(spec: FieldSpec) -> list[tuple[str, str]]:
    slots = [(spec.key, spec.label)]
    if spec.type == "address":
        slots += [(f"{spec.key}.{part}", f"{spec.label}.{part}") for part in ADDRESS_PARTS]
    return slots
