"""When a digest is due. Pure: the time is passed in."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

OFF: Mapping[str, Any] = {"mode": "off"}
# A day of the week comes again after seven; one more, since a clock may be set back over midnight.
_DAYS_AHEAD = 9


def next_due(batching: Mapping[str, Any], *, now: datetime, time_zone: str) -> datetime:
    """The first moment after `now` (aware) at which the leads that wait are sent; `now` itself where batching is off.

    every: at whole multiples of `minutes` since the partner's midnight, in minutes that really pass; the count begins anew with each day, so 60
    is every full hour, and a day of 23 or 25 hours has as many digests.
    daily: at the time `at` of the partner's clock on the chosen days (1 is Monday). A time that the clock skips is taken as if it had not been
    set forward yet: 02:30 is then 03:30. Of a time that comes twice, the first is meant.
    """
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    match batching["mode"]:
        case "every":
            return _next_multiple(timedelta(minutes=batching["minutes"]), now, today, zone)
        case "daily":
            at = time.fromisoformat(batching["at"])
            days = (today + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD))
            moments = (_moment(day, at, zone) for day in days if day.isoweekday() in batching["weekdays"])
            return next(moment for moment in moments if moment > now)
    return now


def _next_multiple(step: timedelta, now: datetime, today: date, zone: ZoneInfo) -> datetime:
    midnight, next_midnight = (_moment(day, time.min, zone) for day in (today, today + timedelta(days=1)))
    passed = (now - midnight) // step
    return min(midnight + (passed + 1) * step, next_midnight)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
