"""Caps: most leads per period, in a partner's time zone. The pure part: periods, seats and their tally, no database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from distribution.fields.faults import Fault, cut, echo

PERIODS = ("hour", "day", "week", "month", "total")
MAX_CAP = 2_147_483_647
_HOUR = timedelta(hours=1)
# The beginning of the one period of `total`.
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class CapKey(NamedTuple):
    """One counter. subject: 'partner' or 'assignment'; starts_at: from `period_start`."""

    subject: str
    subject_id: UUID
    period: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Seat:
    """What a lead takes of one cap."""

    key: CapKey
    limit: int


@dataclass(slots=True)
class Usage:
    """How many seats are taken: what the caller loaded under lock, and what choosing took since, to be written back."""

    used: dict[CapKey, int] = field(default_factory=dict)
    taken: dict[CapKey, int] = field(default_factory=dict)

    def first_full(self, seats: tuple[Seat, ...]) -> Seat | None:
        return next((seat for seat in seats if self.used.get(seat.key, 0) >= seat.limit), None)

    def take(self, seats: tuple[Seat, ...]) -> None:
        for seat in seats:
            self.used[seat.key] = self.used.get(seat.key, 0) + 1
            self.taken[seat.key] = self.taken.get(seat.key, 0) + 1


@lru_cache(maxsize=1_000)
def zone(name: str) -> ZoneInfo:
    """Return the IANA zone, UTC for a name that is none: a zone that the system's tables lost must not stop leads."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return ZoneInfo("UTC")


def period_start(period: str, now: datetime, tz: ZoneInfo) -> datetime:
    """Return the instant, in UTC, at which the period that holds `now` (aware) began in the zone.

    Weeks begin on Monday. A day lasts 23 or 25 hours where clocks change; one whose midnight is skipped begins when the
    clocks have moved.
    """
    if period == "total":
        return _BEGINNING
    if period == "hour":
        return _hour_start(now, tz)
    return _midnight(_FIRST_DAYS[period](now.astimezone(tz).date()), tz)


def resets_at(period: str, now: datetime, tz: ZoneInfo) -> datetime | None:
    """Return the instant, in UTC, at which the next period begins; None for total, which has no next."""
    if period == "total":
        return None
    if period == "hour":
        return _hour_start(now, tz) + _HOUR
    first_day = _FIRST_DAYS[period](now.astimezone(tz).date())
    # Longer than any period of its kind and shorter than two.
    return _midnight(_FIRST_DAYS[period](first_day + _PAST_THE_END[period]), tz)


def clean_caps(raw: Any, *, attr: str = "caps") -> tuple[dict[str, int], list[Fault]]:
    """Check {"day": 500, ...}: period → most leads, 0 or more; null for no cap."""
    if raw is None:
        return {}, []
    if not isinstance(raw, Mapping):
        return {}, [Fault(attr, "invalid", f"The caps are {echo(raw)}; wanted an object such as {{'day': 500}}.")]
    caps: dict[str, int] = {}
    faults = []
    for period, limit in raw.items():
        if period not in PERIODS:
            detail = f"{echo(period)} is no period of a cap; wanted any of {', '.join(PERIODS)}."
            faults.append(Fault(f"{attr}.{cut(period)}", "unknown", detail))
        elif type(limit) is int and 0 <= limit <= MAX_CAP:
            caps[period] = limit
        elif limit is not None:
            detail = f"The cap per {period} is {echo(limit)}; wanted a whole number of leads, 0 or more."
            faults.append(Fault(f"{attr}.{period}", "invalid", detail))
    return caps, faults


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    # fold=0: of a midnight that comes twice the first; a skipped one falls on the change itself.
    return datetime.combine(day, time.min, tzinfo=tz).astimezone(UTC)


def _hour_start(now: datetime, tz: ZoneInfo) -> datetime:
    # By the offset in force, since a local clock can show one hour twice.
    local = now.astimezone(tz)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return now.astimezone(UTC) - past


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


_FIRST_DAYS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": _monday,
    "month": lambda day: day.replace(day=1),
}
_PAST_THE_END = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=31)}
