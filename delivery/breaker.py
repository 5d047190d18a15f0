"""When a channel is given a rest, and how it comes back. Pure: time is passed in.

A channel that fails again and again is left alone for a while: its breaker is open. After the rest one delivery is tried, the probe. If it
fails, the next rest is twice as long; if it succeeds, the breaker closes, and what has waited goes out at a growing pace: each success lets one
more be on its way, so 1, 2, 4 … from one answer to the next, up to the channel's own limit.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

FAILURES_IN_A_ROW = 5
WINDOW = timedelta(seconds=60)
LEAST_TRIES = 10
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=10)
STILL_FAILING_AFTER = timedelta(days=1)
PAUSED_AFTER = timedelta(days=5)
# A channel that fails again so soon after it recovered is in the same trouble as before: nobody is told twice, and its rests go on growing.
SAME_INCIDENT_FOR = timedelta(hours=1)

_SLICE_SECONDS = 5


class Word(StrEnum):
    """What people are told of a channel."""

    UNHEALTHY = "channel_unhealthy"
    STILL_FAILING = "channel_still_failing"
    PAUSED = "channel_paused"
    RECOVERED = "channel_recovered"


class Try(NamedTuple):
    started_at: datetime
    is_success: bool


@dataclass(frozen=True, slots=True)
class Breaker:
    """open_until: when the next probe may go, None while closed; in the past, while the probe's answer is awaited. openings: of this incident.
    allowed_in_flight: while it comes back; None: as many as the channel's own limit. incident_at: when the latest trouble began; recovered_at:
    when it was over."""

    failing_since: datetime | None = None
    failures_in_a_row: int = 0
    opened_at: datetime | None = None
    open_until: datetime | None = None
    openings: int = 0
    allowed_in_flight: int | None = None
    incident_at: datetime | None = None
    recovered_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.open_until is not None

    def is_probe(self, one: Try) -> bool:
        """False for a try that was under way when the breaker opened: it tells nothing new.

        Nothing is sent during a rest, so half of it is left for the clocks of database and engines to differ.
        """
        if self.opened_at is None or self.open_until is None:
            return False
        return one.started_at >= self.opened_at + (self.open_until - self.opened_at) / 2


def after(breaker: Breaker, tries: Iterable[Try], *, now: datetime, is_half_failing: bool, max_in_flight: int) -> Breaker:
    """What becomes of it by these tries, in their order. is_half_failing: from `Recent`, these tries included."""
    for one in tries:
        if one.is_success:
            breaker = _after_success(breaker, one, now=now, max_in_flight=max_in_flight)
        else:
            breaker = _after_failure(breaker, one, now=now, is_half_failing=is_half_failing)
    return breaker


def words(before: Breaker, now_is: Breaker, *, now: datetime) -> list[Word]:
    """What people are to be told. Each is told once per incident, however often it is asked for: the database holds that."""
    found = []
    if now_is.is_open and (now_is.incident_at != before.incident_at or before.recovered_at):
        found.append(Word.UNHEALTHY)
    if now_is.recovered_at and not before.recovered_at:
        found.append(Word.RECOVERED)
    failing_for = now - now_is.failing_since if now_is.is_open and now_is.failing_since else timedelta()
    if failing_for >= PAUSED_AFTER:
        found.append(Word.PAUSED)
    elif failing_for >= STILL_FAILING_AFTER:
        found.append(Word.STILL_FAILING)
    return found


def rest(openings: int) -> timedelta:
    """How long the breaker stays open the first, second, … time of an incident: 30 s, 1 min, 2 min, … 10 min."""
    doublings: int = 2 ** min(openings - 1, 10)
    return min(FIRST_REST * doublings, LONGEST_REST)


def _after_success(breaker: Breaker, one: Try, *, now: datetime, max_in_flight: int) -> Breaker:
    well = replace(breaker, failing_since=None, failures_in_a_row=0)
    if breaker.is_open:
        if not breaker.is_probe(one):
            return well
        well = replace(well, open_until=None, allowed_in_flight=1)
    if well.allowed_in_flight is None:
        return well
    allowed = well.allowed_in_flight + 1
    if allowed < max_in_flight:
        return replace(well, allowed_in_flight=allowed)
    return replace(well, allowed_in_flight=None, recovered_at=now)


def _after_failure(breaker: Breaker, one: Try, *, now: datetime, is_half_failing: bool) -> Breaker:
    failing = replace(breaker, failing_since=breaker.failing_since or now, failures_in_a_row=breaker.failures_in_a_row + 1)
    if failing.is_open:
        return _open(failing, now) if failing.is_probe(one) else failing
    if is_half_failing or failing.failures_in_a_row >= FAILURES_IN_A_ROW:
        return _open(failing, now)
    if failing.allowed_in_flight is not None:
        return replace(failing, allowed_in_flight=max(1, failing.allowed_in_flight // 2))
    return failing


def _open(breaker: Breaker, now: datetime) -> Breaker:
    is_over = breaker.recovered_at is not None and now - breaker.recovered_at >= SAME_INCIDENT_FOR
    is_new = breaker.incident_at is None or is_over
    openings = 1 if is_new else breaker.openings + 1
    return replace(
        breaker,
        opened_at=now,
        open_until=now + rest(openings),
        openings=openings,
        allowed_in_flight=1,
        incident_at=now if is_new else breaker.incident_at,
        recovered_at=None,
    )


@dataclass(slots=True)
class Recent:
    """The tries of the last minute through one channel, as one engine saw them, in slices of five seconds."""

    _slices: deque[list[float]] = field(default_factory=deque)  # [when it began, tries, failures]

    def add(self, *, tries: int, failures: int, now: datetime) -> None:
        began = now.timestamp() // _SLICE_SECONDS * _SLICE_SECONDS
        if not self._slices or self._slices[-1][0] != began:
            self._slices.append([began, 0, 0])
            self._forget(now)
        self._slices[-1][1] += tries
        self._slices[-1][2] += failures

    def is_half_failing(self, *, now: datetime, since: datetime | None) -> bool:
        """since: when the breaker opened last; what led to that does not count again."""
        self._forget(now)
        counted = [one for one in self._slices if since is None or one[0] > since.timestamp()]
        tries, failures = sum(one[1] for one in counted), sum(one[2] for one in counted)
        return tries >= LEAST_TRIES and failures * 2 >= tries

    def _forget(self, now: datetime) -> None:
        oldest = (now - WINDOW).timestamp()
        while self._slices and self._slices[0][0] < oldest:
            self._slices.popleft()
