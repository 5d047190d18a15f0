"""How much was received and delivered, hour by hour.

The hours that are over stand counted in HourlyVolume; the present one is counted when somebody looks. A delivery may still change days after it
began (its retries last up to four days), so a chore counts the last hours anew, every hour.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from operator import add
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.ids import first_id_of
from accounts.isolation import account_scope

# Upper ends of the classes that the times from a lead to its delivery are counted in: each a quarter wider than the one before, so that
# a percentile read from them is at most 12 % off. Milliseconds: 10 ms to a little over four days.
WAIT_LIMITS_MS: tuple[float, ...] = tuple(10 * 1.25**step for step in range(79))

_STILL_CHANGING = timedelta(hours=100)

# The hours of [since, until) that anything came in. Ids begin with their time, so that the log's own index finds the span; `slack` is how much
# later than the lead an id may have been made.
_COUNT = """
WITH lead AS (
    SELECT date_trunc('hour', created_at) AS hour, count(*) AS number FROM distribution_lead
    WHERE account_id = %(account)s AND id >= %(first)s AND id < %(last)s AND created_at >= %(since)s AND created_at < %(until)s GROUP BY 1
), sent AS (
    SELECT date_trunc('hour', created_at) AS hour, state,
           width_bucket(EXTRACT(EPOCH FROM finished_at - created_at)::float8 * 1000, %(limits)s::float8[]) AS class
    FROM delivery_delivery
    WHERE account_id = %(account)s AND id >= %(first)s AND id < %(last)s AND created_at >= %(since)s AND created_at < %(until)s
      AND NOT is_test AND NOT is_digest AND state IN ('delivered', 'failed', 'rejected')
), state AS (
    SELECT hour, count(*) FILTER (WHERE state = 'delivered') AS delivered, count(*) FILTER (WHERE state = 'failed') AS failed,
           count(*) FILTER (WHERE state = 'rejected') AS rejected FROM sent GROUP BY 1
), class AS (
    SELECT hour, class, count(*) AS number FROM sent WHERE state = 'delivered' AND class IS NOT NULL GROUP BY 1, 2
), wait AS (
    SELECT h.hour, array_agg(COALESCE(class.number, 0) ORDER BY n) AS waits
    FROM (SELECT DISTINCT hour FROM class) h CROSS JOIN generate_series(0, %(classes)s) n
    LEFT JOIN class ON class.hour = h.hour AND class.class = n GROUP BY 1
)
SELECT hour, COALESCE(lead.number, 0), COALESCE(delivered, 0), COALESCE(failed, 0), COALESCE(rejected, 0), COALESCE(wait.waits, '{}')
FROM lead FULL JOIN state USING (hour) LEFT JOIN wait USING (hour)
"""

_KEEP = f"""
INSERT INTO delivery_hourlyvolume (account_id, hour, leads, delivered, failed, rejected, waits)
SELECT %(account)s, counted.* FROM ({_COUNT}) AS counted(hour, leads, delivered, failed, rejected, waits)
ON CONFLICT (account_id, hour) DO UPDATE SET leads = EXCLUDED.leads, delivered = EXCLUDED.delivered, failed = EXCLUDED.failed,
    rejected = EXCLUDED.rejected, waits = EXCLUDED.waits
"""  # noqa: S608 - put together from constants of this module

_SLACK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Hour:
    """waits: numbers per class of WAIT_LIMITS_MS, or empty."""

    begins: datetime
    leads: int
    delivered: int
    failed: int
    rejected: int
    waits: Sequence[int]


@dataclass(frozen=True, slots=True)
class Volume:
    """Sums over a span. success: the part of finished deliveries that arrived, 0 to 1; None where nothing finished. p50, p95: milliseconds."""

    leads: int
    delivered: int
    failed: int
    rejected: int
    success: float | None
    p50_ms: float | None
    p95_ms: float | None


def hours_of(account_id: UUID, *, since: datetime, now: datetime) -> list[Hour]:
    """The hours since then in which anything came in, in order. Counted ones are read; those after the last counted are counted now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT hour, leads, delivered, failed, rejected, waits FROM delivery_hourlyvolume WHERE account_id = %s AND hour >= %s ORDER BY hour",
            [account_id, since],
        )
        hours = [Hour(*row) for row in cursor.fetchall()]
        rest_since = max(since, hours[-1].begins + timedelta(hours=1)) if hours else since
        # Postgres takes an account and a time to be independent: of an account that has half of all rows it expects half of what others got just
        # now, and would rather read the whole table than look them up.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{_COUNT} ORDER BY hour", _span(account_id, since=rest_since, until=now + timedelta(minutes=1)))
        rest = [Hour(*row) for row in cursor.fetchall()]
        cursor.execute("SET LOCAL enable_seqscan TO DEFAULT")
        return hours + rest


def sum_up(hours: Iterable[Hour]) -> Volume:
    leads = delivered = failed = rejected = 0
    waits = [0] * (len(WAIT_LIMITS_MS) + 1)
    for hour in hours:
        leads, delivered, failed, rejected = leads + hour.leads, delivered + hour.delivered, failed + hour.failed, rejected + hour.rejected
        if hour.waits:
            waits = list(map(add, waits, hour.waits))
    finished = delivered + failed + rejected
    return Volume(
        leads, delivered, failed, rejected, delivered / finished if finished else None, percentile(waits, 0.5), percentile(waits, 0.95)
    )


def percentile(waits: Sequence[int], part: float) -> float | None:
    """Milliseconds below which this part of them lies: the middle of its class."""
    total = sum(waits)
    if not total:
        return None
    number = next(number for number, reached in enumerate(accumulate(waits)) if reached >= part * total)
    low = WAIT_LIMITS_MS[number - 1] if number else 0.0
    high = WAIT_LIMITS_MS[min(number, len(WAIT_LIMITS_MS) - 1)]
    return (low + high) / 2


def count_hours() -> int:
    """Count the hours that are over, of every account that got anything lately. For the hourly chore. Returns how many accounts."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT leadflip_accounts_with_leads_since(%s)", [first_id_of(now - _STILL_CHANGING)])
        accounts: list[UUID] = [row[0] for row in cursor.fetchall()]
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    for account_id in accounts:
        count_hours_of(account_id, since=this_hour - _STILL_CHANGING, until=this_hour)
    return len(accounts)


def count_hours_of(account_id: UUID, *, since: datetime, until: datetime) -> None:
    """Count an account's hours from `since` to `until`, both full hours, anew."""
    with account_scope(account_id), connection.cursor() as cursor:
        cursor.execute(_KEEP, _span(account_id, since=since, until=until))


def _span(account_id: UUID, *, since: datetime, until: datetime) -> dict[str, Any]:
    return {
        "account": account_id, "since": since, "until": until, "first": first_id_of(since), "last": first_id_of(until + _SLACK),
        "limits": list(WAIT_LIMITS_MS), "classes": len(WAIT_LIMITS_MS),
    }  # fmt: skip
