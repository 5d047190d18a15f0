"""Leads under their match keys, in the database: locked, looked up and written in the lead's transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

# Above it, a batch locks the whole Entity: the server's lock table is shared by all.
_MAX_LOCKS = 50

_LOCK_ENTITY = "SELECT pg_advisory_xact_lock(%s)"
# The Entity is locked shared first, against batches that take all of it; then people, in one order.
_LOCK_PEOPLE = """
SELECT pg_advisory_xact_lock_shared(%s) UNION ALL
SELECT pg_advisory_xact_lock(person) FROM (SELECT person FROM unnest(%s::bigint[]) AS t(person) ORDER BY person) ordered
"""
_LATEST = """
SELECT DISTINCT ON (digest) digest, lead_id, created_at FROM distribution_leadmatch
WHERE entity_id = %s AND digest = ANY(%s) AND created_at >= %s ORDER BY digest, created_at DESC, id DESC
"""
_STORE = """
INSERT INTO distribution_leadmatch (account_id, entity_id, lead_id, digest, created_at)
SELECT %s, %s, m.lead_id, m.digest, m.created_at FROM unnest(%s::uuid[], %s::bytea[], %s::timestamptz[]) AS m(lead_id, digest, created_at)
"""


@dataclass(frozen=True, slots=True)
class EarlierLead:
    lead_id: UUID
    created_at: datetime


def lock_people(entity_id: UUID, digests: Collection[bytes]) -> None:
    """Hold these people until the transaction ends: of two equal leads at one instant the second sees the first."""
    if not digests:
        return
    entity = int.from_bytes(entity_id.bytes[:8], signed=True)
    with connection.cursor() as cursor:
        if len(digests) > _MAX_LOCKS:
            cursor.execute(_LOCK_ENTITY, [entity])
        else:
            cursor.execute(_LOCK_PEOPLE, [entity, [int.from_bytes(digest[:8], signed=True) for digest in digests]])


def latest_leads(entity_id: UUID, digests: Collection[bytes], *, now: datetime, window: timedelta | None) -> dict[bytes, EarlierLead]:
    """The latest lead within the window under each digest. Lock the people first, in a statement of its own: this one then sees what they left."""
    if not digests:
        return {}
    since = now - window if window else datetime.min.replace(tzinfo=now.tzinfo)
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [entity_id, list(digests), since])
        return {bytes(digest): EarlierLead(lead_id, created_at) for digest, lead_id, created_at in cursor.fetchall()}


def store_matches(rows: Sequence[tuple[UUID, bytes, datetime]], *, account_id: UUID, entity_id: UUID) -> None:
    """rows: lead, digest, and when that lead came."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [account_id, entity_id, *(list(column) for column in zip(*rows, strict=True))])


def forget_matches(lead_ids: Collection[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM distribution_leadmatch WHERE lead_id = ANY(%s)", [list(lead_ids)])
