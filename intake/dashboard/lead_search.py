"""Leads found by a text: an id, a word in what is plain, or a value by which the Entity knows people again, which may be encrypted.

What is encrypted by now is searched in no clear text, also where the lead's values were not sealed anew yet.
"""

import json
from collections.abc import Sequence
from uuid import UUID

from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from accounts.access import Access
from distribution.entity_table import EntityTable, specs_of
from distribution.models import Entity, Lead, LeadMatch
from intake.people import digests_of_lead
from intake.routing_cache import account_table

_MAX_FOUND = 500
# Takes the pattern as it would be in JSON, {entity id: [key, …]} of the plain fields, and the pattern twice. The first look, at all of the values
# at once, spares the second nearly every lead.
_HOLDS_WORD = """
"distribution_lead"."values"::text ILIKE %s AND EXISTS (
    SELECT FROM jsonb_each("distribution_lead"."values") v
    WHERE jsonb_exists(%s::jsonb -> "distribution_lead"."entity_id"::text, v.key) AND CASE jsonb_typeof(v.value)
        WHEN 'object' THEN EXISTS (SELECT FROM jsonb_each_text(v.value) part WHERE part.value ILIKE %s)
        ELSE v.value #>> '{}' ILIKE %s END
)
"""


def find_by_text(access: Access, text: str, *, entities: Sequence[Entity], newest: QuerySet[Lead]) -> list[UUID]:
    """The newest at most so many leads. entities: with their fields loaded. newest: in which words are looked for."""
    if (lead_id := as_id(text)) is not None:
        return [lead_id]
    pattern, pattern_of_json = (f"%{_escaped(one)}%" for one in (text, json.dumps(text, ensure_ascii=False)[1:-1]))
    plain = {str(entity.id): [spec.key for spec in specs_of(entity) if not spec.is_encrypted] for entity in entities}
    holds_word = RawSQL(_HOLDS_WORD, [pattern_of_json, json.dumps(plain), pattern, pattern], output_field=BooleanField())  # noqa: S611 - parameters are bound
    words = Lead.objects.filter(holds_word, id__in=newest.values("id"))
    found = {*words.order_by("-id").values_list("id", flat=True)[:_MAX_FOUND], *_by_match_keys(access, text, entities)}
    return sorted(found, reverse=True)[:_MAX_FOUND]


def as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _by_match_keys(access: Access, text: str, entities: Sequence[Entity]) -> list[UUID]:
    """Of any age: the index of people finds them."""
    tables = account_table(access).entities
    asked = {entity.id: digests for entity in entities if (digests := _digests(access, tables[str(entity.id)], text))}
    every = [digest for digests in asked.values() for digest in digests]
    if not every:
        return []
    rows = LeadMatch.objects.filter(entity_id__in=asked, digest__in=every).order_by("-created_at")
    return list(rows.values_list("lead_id", flat=True)[:_MAX_FOUND])


def _digests(access: Access, table: EntityTable, text: str) -> list[bytes]:
    """Of a person who has this value in a field that is a match key by itself."""
    found: list[bytes] = []
    for key in table.duplicates.keys:
        if len(key) == 1:
            cleaned = table.cleaner.clean({key[0]: text})
            found += digests_of_lead(table.duplicates, {**cleaned.values, **cleaned.sealed}, access.vault.blind, table.id)
    return found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
