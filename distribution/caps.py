"""Caps and budgets: most leads, or most money, per period in a partner's time zone. Pure: periods, seats and their tally, no database."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from distribution.fields.faults import Fault, cut, echo

PERIODS = ("hour", "day", "week", "month", "total")
MAX_CAP = 2_147_483_647
MEASURES = ("leads", "money")
# 12 digits, two of them behind the point. ASCII, since \d takes the digits of every script.
_MONEY = re.compile(r"\d{1,10}(\.\d{1,2})?", re.ASCII)
_HOUR, _SECOND = timedelta(hours=1), timedelta(seconds=1)
# The beginning of the one period of `total`.
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class CapKey(NamedTuple):
    """One counter. subject: 'partner' or 'assignment'; starts_at: from `period_start`; measure: one of MEASURES."""

    subject: str
    subject_id: UUID
    period: str
    starts_at: datetime
    measure: str = "leads"


class Seat(NamedTuple):
    """What a lead takes of one cap or budget. limit, amount: leads, or hundredths of the currency."""

    key: CapKey
    limit: int
    amount: int = 1


class Crossing(NamedTuple):
    """A seat that used up a cap or budget (is_full), or brought it to four fifths. used: after it, as `Seat.limit`."""

    key: CapKey
    limit: int
    used: int
    is_full: bool


type LoadCounters = Callable[[Collection[CapKey]], Mapping[CapKey, int]]


@dataclass(slots=True)
class Usage:
    """How much is taken: what the caller loaded under lock, and what choosing took since, to be written back.

    crossings: caps and budgets that what was taken brought near their end, or to it.
    load: asked for counters that are not in `used`, which are those of later periods; without it they count 0.
    """

    used: dict[CapKey, int] = field(default_factory=dict)
    taken: dict[CapKey, int] = field(default_factory=dict)
    crossings: list[Crossing] = field(default_factory=list)
    load: LoadCounters | None = None

    def first_full(self, seats: tuple[Seat, ...]) -> Seat | None:
        return next(self._full(seats), None) if seats else None

    def all_full(self, seats: tuple[Seat, ...]) -> list[Seat]:
        return list(self._full(seats))

    def take(self, seats: tuple[Seat, ...]) -> None:
        for seat in seats:
            before = self.used.get(seat.key, 0)
            self.used[seat.key] = before + seat.amount
            self.taken[seat.key] = self.taken.get(seat.key, 0) + seat.amount
            if (crossing := crossing_of(seat, before)) is not None:
                self.crossings.append(crossing)

    def _full(self, seats: tuple[Seat, ...]) -> Iterator[Seat]:
        if self.load and (unknown := [seat.key for seat in seats if seat.key not in self.used]):
            self.used.update(self.load(unknown))
        return (seat for seat in seats if self.used.get(seat.key, 0) + seat.amount > seat.limit)


def crossing_of(seat: Seat, before: int) -> Crossing | None:
    """What this seat, taken when `before` was used, brought about; a budget is full when the same price would not fit again."""
    used = before + seat.amount
    if used + seat.amount > seat.limit >= used:
        return Crossing(seat.key, seat.limit, used, is_full=True)
    return Crossing(seat.key, seat.limit, used, is_full=False) if 5 * before < 4 * seat.limit <= 5 * used else None


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
        return _hour(now, tz)[0]
    return _midnight(_FIRST_DAYS[period](now.astimezone(tz).date()), tz)


def resets_at(period: str, now: datetime, tz: ZoneInfo) -> datetime | None:
    """Return the instant, in UTC, at which the next period begins; None for total, which has no next."""
    if period == "total":
        return None
    if period == "hour":
        return _hour(now, tz)[1]
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


def clean_budgets(raw: Any, *, attr: str = "budgets") -> tuple[dict[str, str], list[Fault]]:
    """Check {"month": "2500.00", ...}: period → most money, as a text with two decimals; null for no budget."""
    if raw is None:
        return {}, []
    if not isinstance(raw, Mapping):
        return {}, [Fault(attr, "invalid", f"The budgets are {echo(raw)}; wanted an object such as {{'month': '2500.00'}}.")]
    budgets: dict[str, str] = {}
    faults = []
    for period, limit in raw.items():
        if period not in PERIODS:
            detail = f"{echo(period)} is no period of a budget; wanted any of {', '.join(PERIODS)}."
            faults.append(Fault(f"{attr}.{cut(period)}", "unknown", detail))
        elif (money := _money(limit)) is not None:
            budgets[period] = money
        elif limit is not None:
            wanted = "an amount of 0 or more with at most two decimals and 12 digits, such as '2500.00'"
            faults.append(Fault(f"{attr}.{period}", "invalid", f"The budget per {period} is {echo(limit)}; wanted {wanted}."))
    return budgets, faults


def _money(raw: Any) -> str | None:
    if type(raw) is int and 0 <= raw < 10**10:
        raw = str(raw)
    elif type(raw) is Decimal and raw.is_finite() and -3 <= raw.adjusted() < 10:  # others are long to write out
        raw = format(raw, "f")
    if type(raw) is str and _MONEY.fullmatch(raw):
        return format(Decimal(raw), ".2f")
    return None


def hundredths(money: str | Decimal) -> int:
    """Return an amount with at most two decimals as a whole number."""
    return int(Decimal(money) * 100)


def from_hundredths(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


def amount_shown(amount: int, measure: str) -> int | str:
    """Return leads as they are, and money as a text such as "2500.00"."""
    return f"{from_hundredths(amount):.2f}" if measure == "money" else amount


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    # fold=0: of a midnight that comes twice the first; a skipped one falls on the change itself.
    return datetime.combine(day, time.min, tzinfo=tz).astimezone(UTC)


def _hour(now: datetime, tz: ZoneInfo) -> tuple[datetime, datetime]:
    """The beginning and the end of the hour, by the offset in force, since a local clock can show one hour twice.

    Where clocks change within an hour (by half an hour, on Lord Howe Island), that ends there, and a shorter one begins.
    """
    now = now.astimezone(UTC)
    local = now.astimezone(tz)
    start = now - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    end = start + _HOUR
    if start.astimezone(tz).utcoffset() != local.utcoffset():
        start = _change_of_clocks(start, now, tz)
    if (end - _SECOND).astimezone(tz).utcoffset() != local.utcoffset():
        end = _change_of_clocks(now, end, tz)
    return start, end


def _change_of_clocks(before: datetime, after: datetime, tz: ZoneInfo) -> datetime:
    """Clocks change at whole seconds."""
    low, high = int(before.timestamp()), int(after.timestamp())
    offset = datetime.fromtimestamp(low, tz).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, tz).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


_FIRST_DAYS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": _monday,
    "month": lambda day: day.replace(day=1),
}
_PAST_THE_END = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=31)}
