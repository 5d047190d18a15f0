"""A lead's values as they may be shown."""

from dataclasses import dataclass
from typing import Any

from accounts.access import Access
from accounts.vault import SealError
from delivery.log import READ_ENCRYPTED
from distribution.fields.exact_json import load
from distribution.models import Lead
from distribution.store import SEALED_VALUES


@dataclass(frozen=True, slots=True)
class ShownValues:
    """values: by key, in the Entity's order. encrypted_keys: those of encrypted fields, which are null without the scope read:encrypted."""

    values: dict[str, Any]
    encrypted_keys: list[str]


def show_values(access: Access, lead: Lead) -> ShownValues:
    """Wants the lead's Entity with its fields loaded."""
    fields = list(lead.entity.fields.all())
    encrypted_keys = [field.key for field in fields if field.is_encrypted]
    sealed = _sealed_values(access, lead)
    # A field that is encrypted by now may not have been when the lead came; its value is as secret as the others.
    masked = {} if READ_ENCRYPTED in access.scopes else dict.fromkeys(encrypted_keys)
    known = {**lead.values, **sealed, **masked}
    order = [field.key for field in fields]
    keys = [*(key for key in order if key in known or key in encrypted_keys), *(key for key in known if key not in order)]
    return ShownValues({key: known.get(key) for key in keys}, encrypted_keys)


def _sealed_values(access: Access, lead: Lead) -> dict[str, Any]:
    if lead.sealed is None or READ_ENCRYPTED not in access.scopes:
        return {}
    try:
        vault = access.vault.lead(lead.id, bytes(lead.wrapped_key))
        values: dict[str, Any] = load(vault.open(lead.sealed, purpose=SEALED_VALUES, record_id=lead.id))
    except SealError:
        # Erased: there is nothing left to show.
        return {}
    return values
