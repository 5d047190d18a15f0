"""A lead is erased: its key and its values go, that it came and what was decided stays.

Everything that was made from the lead, on its way to partners and in the log, is sealed by its key: without it nobody reads it again.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from distribution.fields.exact_json import dump
from distribution.lead_matches import forget_matches
from distribution.models import Decision, Lead
from distribution.redacting import without_values

_REWRITE = """
UPDATE distribution_decision d SET detail = r.detail::jsonb FROM unnest(%s::uuid[], %s::text[]) AS r(id, detail) WHERE d.id = r.id
"""


def erase_leads(lead_ids: Collection[UUID], *, now: datetime) -> list[UUID]:
    """Empty these leads. Returns the ids of those that were not erased already."""
    # Weaker than FOR UPDATE: whoever adds a delivery to a lead looks at its key, and need not wait.
    waiting = Lead.objects.select_for_update(no_key=True).filter(id__in=lead_ids, erased_at=None).order_by("id")
    erased = list(waiting.values_list("id", flat=True))
    Lead.objects.filter(id__in=erased).update(values={}, sealed=None, wrapped_key=b"", note="", erased_at=now, updated_at=now)
    forget_matches(erased)
    rewrite_decisions(erased, without_values)
    return erased


def rewrite_decisions(lead_ids: Collection[UUID], redact: Callable[[Any], Any]) -> None:
    """Store what `redact` makes of the details of these leads' decisions."""
    known = Decision.objects.filter(lead_id__in=lead_ids).values_list("id", "detail")
    changed = [(decision_id, after) for decision_id, before in known if (after := redact(before)) != before]
    if changed:
        with connection.cursor() as cursor:
            cursor.execute(_REWRITE, [[decision_id for decision_id, _ in changed], [dump(detail).decode() for _, detail in changed]])
