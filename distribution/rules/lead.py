"""A lead as rules see it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from distribution.fields.number import number_text
from distribution.fields.spec import FieldSpec

# Takes a field's key (`address.postcode` for a part) and the text of `blind_text`; gives a keyed hash of both.
Blind = Callable[[str, str], str]

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LeadView:
    """facts: key → normalised value of every plain field, address part and system field. blind: key → blind index of
    encrypted ones. A missing value has no key."""

    facts: Mapping[str, Any]
    blind: Mapping[str, str] = field(default=_NOTHING)


def view_lead(
    values: Mapping[str, Any],
    *,
    lead_id: str,
    status: str,
    source: str,
    created_at: datetime,
    updated_at: datetime,
    blind: Mapping[str, str] = _NOTHING,
) -> LeadView:
    """values: as cleaned, plain fields only. The moments are aware. blind: from `blind_values`."""
    facts = {
        **values,
        "id": lead_id,
        "status": status,
        "source": source,
        "created_at": created_at,
        "updated_at": updated_at,
    }
    for key, value in values.items():
        if type(value) is dict:
            facts |= _parts(key, value)
    return LeadView(facts, blind)


def blind_values(
    specs: Iterable[FieldSpec],
    sealed: Mapping[str, Any],
    blind: Blind,
    *,
    only: frozenset[str],
) -> dict[str, str]:
    """Return the blind indexes of a lead's encrypted values.

    only: the keys that rules ask for, from `encrypted_keys`; hashing the others would be waste.
    """
    found: dict[str, str] = {}
    for spec in specs:
        value = sealed.get(spec.key)
        if value is None:
            continue
        facts = _parts(spec.key, value) if type(value) is dict else {spec.key: value}
        found |= {key: blind(key, blind_text(fact)) for key, fact in facts.items() if key in only}
    return found


def blind_text(value: Any) -> str:
    """Return the text that stands for a normalised value in a blind index: equal for what rules call equal."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return number_text(value)
        case list() | set() | frozenset():
            return "\n".join(sorted(str(item).strip().casefold() for item in value))
        case _:
            return str(value).strip().casefold()


def _parts(key: str, address: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{key}.{part}": value for part, value in address.items()}
