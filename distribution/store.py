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

# One JSON document each: arrays of every column cost a good deal more to write out here.
_STORE = """
WITH leads AS (
    INSERT INTO distribution_lead (id, account_id, entity_id, source, status, "values", sealed, wrapped_key, note, duplicate_of_id,
        request_id, created_at, updated_at)
    SELECT l.id, %(account)s, %(entity)s, %(source)s, l.status, l.content, l.sealed, l.wrapped_key, l.note, l.duplicate_of, %(request)s,
        %(now)s, %(now)s
    FROM json_to_recordset(%(leads)s) AS l(id uuid, status text, content jsonb, sealed bytea, wrapped_key bytea, note text, duplicate_of uuid)
)
INSERT INTO distribution_decision (id, account_id, lead_id, profile_id, profile_name, is_matched, detail, created_at)
SELECT d.id, %(account)s, d.lead_id, d.profile_id, d.profile_name, d.is_matched, d.detail, %(now)s
FROM json_to_recordset(%(decisions)s)
  AS d(id uuid, lead_id uuid, profile_id uuid, profile_name text, is_matched bool, detail jsonb)
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
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            {
                "account": account_id,
                "entity": entity_id,
                "source": source,
                "request": request_id,
                "now": now,
                "leads": dump([_lead(row) for row in rows]).decode(),
                "decisions": dump([_decision(row, decision) for row in rows for decision in row.decisions]).decode(),
            },
        )


def _lead(row: LeadRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "status": row.status,
        "content": row.values,
        "sealed": None if row.sealed is None else _hex(row.sealed),
        "wrapped_key": _hex(row.wrapped_key),
        "note": row.note,
        "duplicate_of": row.duplicate_of,
    }


def _decision(row: LeadRow, decision: Decision) -> dict[str, Any]:
    return {
        "id": new_id(),
        "lead_id": row.id,
        "profile_id": decision.profile_id,
        "profile_name": decision.profile_name,
        "is_matched": decision.is_matched,
        "detail": decision.as_json(),
    }


def _hex(content: bytes) -> str:
    """As Postgres reads bytea."""
    return f"\\x{content.hex()}"
