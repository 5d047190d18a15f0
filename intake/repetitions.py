"""What a repetition leaves on the lead that it repeats."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.access import Access
from distribution.fields import Cleaned
from distribution.fields.exact_json import dump
from distribution.lead_matches import store_matches
from distribution.models import Lead, LeadMatch
from distribution.store import SEALED_VALUES, all_values
from intake.drafts import given_values
from intake.people import Digests

_COUNT = """
UPDATE distribution_lead l SET repeats = l.repeats + r.number, last_repeat_at = %s
FROM unnest(%s::uuid[], %s::int[]) AS r(lead_id, number) WHERE l.id = r.lead_id
"""


def count_repeats(repeats: Mapping[UUID, int], *, now: datetime) -> None:
    """The leads came again, so often each, and were not stored anew."""
    if not repeats:
        return
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [now, list(repeats), list(repeats.values())])


def merge_into(access: Access, lead_id: UUID, cleaned: Cleaned, digests: Digests, *, encrypted: frozenset[str], now: datetime) -> None:
    """Overwrite the stored lead's values by those that came now; what did not come stays. encrypted: the keys of encrypted fields."""
    lead = Lead.objects.select_for_update().get(id=lead_id)
    plain, sealed = given_values(cleaned)
    values = {**all_values(access.vault, lead), **plain, **sealed}
    kept: dict[str, Any] = {key: value for key, value in values.items() if key in encrypted}
    lead.values = {key: value for key, value in values.items() if key not in encrypted}
    vault = access.vault.lead(lead.id, bytes(lead.wrapped_key))
    lead.sealed = vault.seal(dump(kept), purpose=SEALED_VALUES, record_id=lead.id) if kept else None
    lead.updated_at = now
    lead.save(update_fields=["values", "sealed", "updated_at"])
    known = {bytes(digest) for digest in LeadMatch.objects.filter(lead=lead).values_list("digest", flat=True)}
    fresh = [(lead.id, digest, lead.created_at) for digest in digests if digest not in known]
    store_matches(fresh, account_id=access.account_id, entity_id=lead.entity_id)


def tally(lead_ids: list[UUID]) -> dict[UUID, int]:
    return dict(sorted(Counter(lead_ids).items()))
