"""Turns in the database: where the assignments of a profile stand, locked, read and written in the lead's transaction."""

from collections.abc import Collection
from uuid import UUID

from django.db import connection

from distribution.strategies import Turns

# Both statements go through the turns in one order, so that two leads wait for each other and never lock each other out.
_CREATE = """
INSERT INTO distribution_turn (assignment_id, account_id, profile_id, last_turn, credit)
SELECT a.id, a.account_id, a.profile_id, 0, 0 FROM distribution_assignment a
WHERE a.account_id = %s AND a.profile_id = ANY(%s) AND NOT EXISTS (SELECT FROM distribution_turn t WHERE t.assignment_id = a.id)
ORDER BY a.profile_id, a.id
ON CONFLICT DO NOTHING
"""
# All of a profile's: the number of its latest lead is the highest of them.
_LOCK = """
SELECT t.assignment_id, t.profile_id, t.last_turn, t.credit FROM distribution_turn t
WHERE t.account_id = %s AND t.profile_id = ANY(%s)
ORDER BY t.profile_id, t.assignment_id FOR UPDATE
"""
_WRITE = """
UPDATE distribution_turn t SET last_turn = k.last_turn, credit = k.credit
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[]) AS k(assignment_id, last_turn, credit) WHERE t.assignment_id = k.assignment_id
"""


def lock_turns(account_id: UUID, profiles: Collection[UUID]) -> Turns:
    """Return where the assignments of these profiles stand, held until the transaction ends. Call it before `cap_counters.lock_usage`:
    whoever holds a counter never waits for a turn.

    profiles: from `routing.turn_profiles`.
    """
    turns = Turns()
    if not profiles:
        return turns
    with connection.cursor() as cursor:
        cursor.execute(_CREATE, [account_id, list(profiles)])
        cursor.execute(_LOCK, [account_id, list(profiles)])
        for assignment_id, profile_id, last_turn, credit in cursor.fetchall():
            turns.last[assignment_id] = last_turn
            turns.credits[assignment_id] = credit
            turns.latest[profile_id] = max(last_turn, turns.latest.get(profile_id, 0))
    return turns


def write_turns(turns: Turns) -> None:
    """Write down the standings that choosing moved."""
    rows = [(assignment_id, turns.last.get(assignment_id, 0), turns.credits.get(assignment_id, 0)) for assignment_id in turns.taken]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [list(column) for column in zip(*rows, strict=True)])
