"""Caps in the database: counters locked in one order, read, and raised, all in the lead's transaction."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from distribution.caps import CapKey, Usage

_KEYS = "unnest(%s::text[], %s::uuid[], %s::text[], %s::timestamptz[]) AS k(subject, subject_id, period, starts_at)"

# Both statements go through the keys in one order, so that two leads wait for each other and never lock each other out.
_CREATE = f"""
INSERT INTO distribution_capcounter (account_id, subject, subject_id, period, starts_at, used)
SELECT %s, k.subject, k.subject_id, k.period, k.starts_at, 0 FROM {_KEYS} ORDER BY k.subject_id, k.period, k.starts_at
ON CONFLICT DO NOTHING
"""
_LOCK = f"""
SELECT c.subject, c.subject_id, c.period, c.starts_at, c.used FROM distribution_capcounter c
JOIN {_KEYS} ON c.subject_id = k.subject_id AND c.period = k.period AND c.starts_at = k.starts_at
ORDER BY c.subject_id, c.period, c.starts_at FOR UPDATE OF c
"""
_RAISE = """
UPDATE distribution_capcounter c SET used = c.used + k.taken
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::int[]) AS k(subject_id, period, starts_at, taken)
WHERE c.subject_id = k.subject_id AND c.period = k.period AND c.starts_at = k.starts_at
"""


def lock_usage(account_id: UUID, keys: Iterable[CapKey]) -> Usage:
    """Return the counters, held until the transaction ends: nobody else chooses by them meanwhile."""
    ordered = sorted(keys, key=lambda key: (key.subject_id, key.period, key.starts_at))
    usage = Usage()
    if not ordered:
        return usage
    columns = [list(column) for column in zip(*ordered, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_CREATE, [account_id, *columns])
        cursor.execute(_LOCK, columns)
        for subject, subject_id, period, starts_at, used in cursor.fetchall():
            usage.used[CapKey(subject, subject_id, period, starts_at)] = used
    return usage


def write_taken(usage: Usage) -> None:
    """Raise the counters by what was taken."""
    if not usage.taken:
        return
    rows = [(key.subject_id, key.period, key.starts_at, taken) for key, taken in usage.taken.items()]
    with connection.cursor() as cursor:
        cursor.execute(_RAISE, [list(column) for column in zip(*rows, strict=True)])
