"""What one lead takes of an assignment's caps and budgets and of its partner's: the seats of one moment. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from distribution.caps import PERIODS, CapKey, Seat, hundredths, period_start, resets_at

# The limit that stands in the way for the longest is the one to name.
_LONGEST_FIRST = {period: place for place, period in enumerate(reversed(PERIODS))}
_NEVER = datetime.max.replace(tzinfo=UTC)


class Limit(NamedTuple):
    """A cap or a budget, whatever the period is at present. most: leads, or hundredths of the currency."""

    subject: str
    subject_id: UUID
    measure: str
    period: str
    most: int

    def key(self, moment: datetime, tz: ZoneInfo) -> CapKey:
        return CapKey(self.subject, self.subject_id, self.period, period_start(self.period, moment, tz), self.measure)


def limits_of(subject: str, subject_id: UUID, caps: Mapping[str, int], budgets: Mapping[str, str]) -> Iterator[Limit]:
    """subject: 'partner' or 'assignment'. caps: period → leads; budgets: period → money in texts."""
    for period, leads in caps.items():
        yield Limit(subject, subject_id, "leads", period, leads)
    for period, money in budgets.items():
        yield Limit(subject, subject_id, "money", period, hundredths(money))


class SeatPlan:
    """The seats of an assignment at any moment. price: what its lead takes of budgets, in hundredths; 0 takes nothing."""

    __slots__ = ("_limits", "_present", "_price", "_zone")

    def __init__(self, limits: Sequence[Limit], *, price: int, tz: ZoneInfo) -> None:
        counted = [limit for limit in limits if limit.measure == "leads" or price]
        self._limits = sorted(counted, key=lambda limit: _LONGEST_FIRST[limit.period])
        self._price = price
        self._zone = tz
        self._present: tuple[datetime, datetime, tuple[Seat, ...]] = (_NEVER, _NEVER, ())

    def present(self, now: datetime) -> tuple[Seat, ...]:
        """The same as `at`, kept until the first of the periods ends: most leads come in the periods of the one before."""
        if not self._limits:
            return ()
        since, until, seats = self._present
        if since <= now < until:
            return seats
        seats = self.at(now)
        since = max(seat.key.starts_at for seat in seats)
        until = min(self.reset(seat, now) or _NEVER for seat in seats)
        # Threads share it: put in place as one.
        self._present = (since, until, seats)
        return seats

    def at(self, moment: datetime) -> tuple[Seat, ...]:
        """The seats in the periods that hold the moment, of the longest period first."""
        return tuple(
            Seat(limit.key(moment, self._zone), limit.most, 1 if limit.measure == "leads" else self._price) for limit in self._limits
        )

    def reset(self, seat: Seat, moment: datetime) -> datetime | None:
        """When the seat's period that holds the moment ends; None for never."""
        return resets_at(seat.key.period, moment, self._zone)
