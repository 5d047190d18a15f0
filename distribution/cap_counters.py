"""Caps and budgets in the database: counters locked in one order, read, raised, and lowered again, all in the caller's transaction."""

from collections import Counter
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection

from distribution.cap_alerts import alert_of_caps
from distribution.caps import CapKey, Usage

_KEYS = "unnest(%s::text[], %s::uuid[], %s::text[], %s::timestamptz[], %s::text[]) AS k(subject, subject_id, period, starts_at, measure)"
_SAME = "c.subject_id = k.subject_id AND c.measure = k.measure AND c.period = k.period AND c.starts_at = k.starts_at"

# Every statement goes through the keys in one order, so that two leads wait for each other and never lock each other out.
_CREATE = f"""
INSERT INTO distribution_capcounter (account_id, subject, subject_id, measure, period, starts_at, used)
SELECT %s, k.subject, k.subject_id, k.measure, k.period, k.starts_at, 0
FROM {_KEYS} ORDER BY k.subject_id, k.measure, k.period, k.starts_at
ON CONFLICT DO NOTHING
"""
_LOCK = f"""
SELECT c.subject, c.subject_id, c.period, c.starts_at, c.measure, c.used FROM distribution_capcounter c
JOIN {_KEYS} ON {_SAME}
ORDER BY c.subject_id, c.measure, c.period, c.starts_at FOR UPDATE OF c
"""
_TAKEN = "unnest(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::bigint[]) AS k(subject_id, measure, period, starts_at, amount)"
_RAISE = f"UPDATE distribution_capcounter c SET used = c.used + k.amount FROM {_TAKEN} WHERE {_SAME}"
# A counter that is lower than what comes back had its seats from before a change of the price: it ends at 0. The present counter of a later one
# is locked before it, as `lock_usage` has it.
_RETURN = f"""
WITH k AS MATERIALIZED (SELECT * FROM {_TAKEN}), wanted AS (
    SELECT c.id FROM k JOIN distribution_capcounter c ON {_SAME}
    UNION
    SELECT present.id FROM k CROSS JOIN LATERAL (
        SELECT c.id FROM distribution_capcounter c
        WHERE c.subject_id = k.subject_id AND c.measure = k.measure AND c.period = k.period AND c.starts_at <= now()
        ORDER BY c.starts_at DESC LIMIT 1
    ) present
), locked AS (
    SELECT c.id FROM distribution_capcounter c WHERE c.id IN (SELECT id FROM wanted)
    ORDER BY c.subject_id, c.measure, c.period, c.starts_at FOR UPDATE
)
UPDATE distribution_capcounter c SET used = greatest(c.used - k.amount, 0) FROM k, locked WHERE c.id = locked.id AND {_SAME}
"""


def lock_usage(account_id: UUID, keys: Collection[CapKey]) -> Usage:
    """Return the counters, held until the transaction ends: nobody else chooses by them meanwhile.

    The usage locks the counters of later periods as leads are held for them, out of the one order. That locks nobody out: whoever wants a
    later counter holds the present one of the same partner or assignment, and so waits there for all others who want it. Only a lead that
    comes when the later period has begun does not, and asks for the later counter first: in the moment of a change of periods two such may
    meet, of which Postgres ends one, whose request then fails as a whole.
    """
    return Usage(used=_lock(account_id, keys), load=partial(_lock, account_id))


def _lock(account_id: UUID, keys: Collection[CapKey]) -> dict[CapKey, int]:
    if not keys:
        return {}
    ordered = sorted(keys, key=lambda key: (key.subject_id, key.measure, key.period, key.starts_at))
    columns = [list(column) for column in zip(*ordered, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_CREATE, [account_id, *columns])
        cursor.execute(_LOCK, columns)
        return {CapKey(*key): used for *key, used in cursor.fetchall()}


def write_taken(usage: Usage) -> None:
    """Raise the counters by what was taken, and tell the account's people of caps that it brought near their end, or to it."""
    rows = [(key.subject_id, key.measure, key.period, key.starts_at, amount) for key, amount in usage.taken.items()]
    _write(_RAISE, rows)
    alert_of_caps(usage.crossings)


def return_seats(seats: Sequence[Sequence[Any]]) -> None:
    """Lower the counters by what a lead took that is not delivered after all, never below 0.

    seats: as AssignmentDecision.seats_taken, of one delivery or of many together.
    """
    returned: Counter[tuple[str, ...]] = Counter()
    for _, subject_id, measure, period, starts_at, amount in seats:
        returned[subject_id, measure, period, starts_at] += amount
    _write(_RETURN, [(*key, amount) for key, amount in returned.items()])


def _write(statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])
