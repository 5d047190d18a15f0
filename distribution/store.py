"""Leads and decisions into the database: one statement for a whole batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.ids import new_id
from distribution.fields.exact_json import dump
from distribution.routing import Decision

_STORE = """
WITH leads AS (
    INSERT INTO distribution_lead (id, account_id, entity_id, source, status, "values", sealed, wrapped_key, note, duplicate_of_id,
        request_id, created_at, updated_at)
    SELECT l.id, %(account)s, %(entity)s, %(source)s, l.status, l.content::jsonb, l.sealed, l.wrapped_key, l.note, l.duplicate_of, %(request)s,
        %(now)s, %(now)s
    FROM unnest(%(ids)s::uuid[], %(statuses)s::text[], %(contents)s::text[], %(sealed)s::bytea[], %(keys)s::bytea[], %(notes)s::text[],
        %(duplicates)s::uuid[]) AS l(id, status, content, sealed, wrapped_key, note, duplicate_of)
)
INSERT INTO distribution_decision (id, account_id, lead_id, profile_id, profile_name, is_matched, detail, created_at)
SELECT d.id, %(account)s, d.lead_id, d.profile_id, d.profile_name, d.is_matched, d.detail::jsonb, %(now)s
FROM unnest(%(decision_ids)s::uuid[], %(lead_ids)s::uuid[], %(profile_ids)s::uuid[], %(profile_names)s::text[], %(matched)s::bool[], %(details)s::text[])
  AS d(id, lead_id, profile_id, profile_name, is_matched, detail)
"""


@dataclass(frozen=True, slots=True)
class LeadRow:
    id: UUID
    status: str
    values: dict[str, Any]
    sealed: bytes | None
    wrapped_key: bytes
    note: str
    decisions: tuple[Decision, ...]
    duplicate_of: UUID | None = None


def store_leads(rows: Sequence[LeadRow], *, account_id: UUID, entity_id: UUID, source: str, request_id: str, now: datetime) -> None:
    decisions = [(row.id, decision) for row in rows for decision in row.decisions]
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            {
                "account": account_id,
                "entity": entity_id,
                "source": source,
                "request": request_id,
                "now": now,
                "ids": [row.id for row in rows],
                "statuses": [row.status for row in rows],
                "contents": [dump(row.values).decode() for row in rows],
                "sealed": [row.sealed for row in rows],
                "keys": [row.wrapped_key for row in rows],
                "notes": [row.note for row in rows],
                "duplicates": [row.duplicate_of for row in rows],
                "decision_ids": [new_id() for _ in decisions],
                "lead_ids": [lead_id for lead_id, _ in decisions],
                "profile_ids": [decision.profile_id for _, decision in decisions],
                "profile_names": [decision.profile_name for _, decision in decisions],
                "matched": [decision.is_matched for _, decision in decisions],
                "details": [dump(decision.as_json()).decode() for _, decision in decisions],
            },
        )
