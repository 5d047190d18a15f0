"""A stored lead's values: sealed and opened under its key, and each where it belongs, among the plain ones or among the secret ones."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from accounts.vault import AccountVault, LeadVault
from distribution.fields import FieldSpec
from distribution.fields.exact_json import dump, load
from distribution.models import Lead

SEALED_VALUES = "lead-values"


def seal_values(vault: LeadVault, values: Mapping[str, Any], *, lead_id: UUID) -> bytes | None:
    """What `Lead.sealed` holds; None for no values."""
    return vault.seal(dump(values), purpose=SEALED_VALUES, record_id=lead_id) if values else None


def open_values(vault: LeadVault, sealed: bytes | memoryview | None, *, lead_id: UUID) -> dict[str, Any]:
    """The inverse of `seal_values`. Raises SealError."""
    values: dict[str, Any] = {} if sealed is None else load(vault.open(sealed, purpose=SEALED_VALUES, record_id=lead_id))
    return values


def read_values(vault: AccountVault, lead: Lead, specs: Iterable[FieldSpec]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """(plain, secret), both in clear, as `arrange` puts them. Raises SealError."""
    return arrange(specs, lead.values, _sealed(vault, lead))


def all_values(vault: AccountVault, lead: Lead) -> dict[str, Any]:
    """The lead's values, plain and secret together. Raises SealError."""
    return {**lead.values, **_sealed(vault, lead)}


def _sealed(vault: AccountVault, lead: Lead) -> dict[str, Any]:
    # Most leads hold nothing sealed: their keys need not be unwrapped.
    if lead.sealed is None:
        return {}
    return open_values(vault.lead(lead.id, bytes(lead.wrapped_key)), lead.sealed, lead_id=lead.id)


def arrange(
    specs: Iterable[FieldSpec], values: Mapping[str, Any], sealed: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return (plain, secret): the stored values, each where its field's present `is_encrypted` puts it.

    A field may have been switched since the lead was stored, and `distribution.resealing` may not have come to it yet: every reader goes through
    here, so that such a value is as secret, or as plain, as its field says now. Values of fields that the Entity no longer has stay where they are.
    """
    is_encrypted = {spec.key: spec.is_encrypted for spec in specs}
    to_hide = [key for key in values if is_encrypted.get(key, False)]
    to_show = [key for key in sealed if not is_encrypted.get(key, True)]
    if not to_hide and not to_show:
        return values, sealed
    # Of a key that is in both places, the one that is in its right place is the later.
    plain = {**{key: sealed[key] for key in to_show}, **{key: value for key, value in values.items() if key not in to_hide}}
    secret = {**{key: values[key] for key in to_hide}, **{key: value for key, value in sealed.items() if key not in to_show}}
    return plain, secret
