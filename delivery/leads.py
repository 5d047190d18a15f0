"""A lead's values as they may be shown."""

from dataclasses import dataclass
from typing import Any

from accounts.access import Access
from accounts.vault import SealError
from delivery.log import READ_ENCRYPTED
from distribution.entity_table import specs_of
from distribution.fields.exact_json import load
from distribution.lead_values import arrange
from distribution.models import Lead
from distribution.store import SEALED_VALUES


@dataclass(frozen=True, slots=True)
class ShownValues:
    """values: by key, in the Entity's order. encrypted_keys: those of encrypted fields, which are null without the scope read:encrypted."""

    values: dict[str, Any]
    encrypted_keys: list[str]


def show_values(access: Access, lead: Lead) -> ShownValues:
    """Wants the lead's Entity with its fields loaded."""
    specs = specs_of(lead.entity)
    encrypted_keys = [spec.key for spec in specs if spec.is_encrypted]
    if lead.erased_at is not None:
        return ShownValues({}, encrypted_keys)
    plain, secret = arrange(specs, lead.values, _sealed_values(access, lead))
    known = {**plain, **(secret if READ_ENCRYPTED in access.scopes else {})}
    order = [spec.key for spec in specs]
    keys = [*(key for key in order if key in known or key in encrypted_keys), *(key for key in known if key not in order)]
    return ShownValues({key: known.get(key) for key in keys}, encrypted_keys)


def _sealed_values(access: Access, lead: Lead) -> dict[str, Any]:
    if lead.sealed is None:
        return {}
    try:
        vault = access.vault.lead(lead.id, bytes(lead.wrapped_key))
        values: dict[str, Any] = load(vault.open(lead.sealed, purpose=SEALED_VALUES, record_id=lead.id))
    except SealError:
        # Tampered with, or its key is not here: there is nothing to show.
        return {}
    return values
