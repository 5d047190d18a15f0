"""What a repetition leaves on the lead that it repeats."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from accounts.access import Access
from distribution.fields import Cleaned, FieldSpec
from distribution.lead_matches import store_matches
from distribution.lead_values import arrange, open_values, seal_values
from distribution.models import Lead, LeadMatch
from intake.drafts import given_values
from intake.people import Digests

_COUNT = """
UPDATE distribution_lead l SET repeats = l.repeats + r.number, last_repeat_at = %s
FROM unnest(%s::uuid[], %s::int[]) AS r(lead_id, number) WHERE l.id = r.lead_id
"""


def count_repeats(lead_ids: Iterable[UUID], *, now: datetime) -> None:
    """The leads came again, once for each time that they are named, and were not stored anew."""
    repeats = Counter(lead_ids)
    if not repeats:
        return
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [now, list(repeats), list(repeats.values())])


def merge_into(access: Access, lead_id: UUID, cleaned: Cleaned, digests: Digests, *, specs: Sequence[FieldSpec], now: datetime) -> bool:
    """Overwrite the stored lead's values by those that came now; what did not come stays. specs: of its Entity, as they are now.

    False: the lead has been erased since it was found, and nothing can be put into it.
    """
    lead = Lead.objects.select_for_update(no_key=True).get(id=lead_id)
    if lead.erased_at:
        return False
    vault = access.vault.lead(lead.id, bytes(lead.wrapped_key))
    plain, secret = arrange(specs, lead.values, open_values(vault, lead.sealed, lead_id=lead.id))
    given_plain, given_secret = given_values(cleaned)
    lead.values = {**plain, **given_plain}
    lead.sealed = seal_values(vault, {**secret, **given_secret}, lead_id=lead.id)
    lead.updated_at = now
    lead.save(update_fields=["values", "sealed", "updated_at"])
    known = {bytes(digest) for digest in LeadMatch.objects.filter(lead=lead).values_list("digest", flat=True)}
    fresh = [(lead.id, digest, lead.created_at) for digest in digests if digest not in known]
    store_matches(fresh, account_id=access.account_id, entity_id=lead.entity_id)
    return True
