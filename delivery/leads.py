"""A lead's values as they may be shown."""

from dataclasses import dataclass
from typing import Any

from accounts.access import READ_ENCRYPTED, Access
from accounts.vault import SealError
from distribution.entity_table import specs_of
from distribution.lead_values import arrange, read_values
from distribution.models import Lead


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
    try:
        plain, secret = read_values(access.vault, lead, specs)
    except SealError:
        # Tampered with, or its key is not here: of what is sealed there is nothing to show.
        plain, secret = arrange(specs, lead.values, {})
    known = {**plain, **(secret if READ_ENCRYPTED in access.scopes else {})}
    order = [spec.key for spec in specs]
    keys = [*(key for key in order if key in known or key in encrypted_keys), *(key for key in known if key not in order)]
    return ShownValues({key: known.get(key) for key in keys}, encrypted_keys)
