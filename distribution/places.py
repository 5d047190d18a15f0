"""Places: where a lead goes that one candidate is to get. Into its present seats; where they are full, by its `at_cap`. Pure.

`skip`: nowhere. `hold`: into its seats of the first later periods in which all have room. `overflow`: to the assignment named for it, if
that one is a candidate too, has a seat and does not get the lead already; if that one is full and overflows, to the next.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from distribution.caps import Seat, Usage
from distribution.profile_specs import AssignmentSpec

# Of hours this is four days, of days three months: nobody wants a lead that waited longer.
MAX_PERIODS_AHEAD = 100


class Candidate(NamedTuple):
    """An assignment that may get the lead if it has a seat. position: its place in the profile, from 0."""

    position: int
    assignment: AssignmentSpec
    seats: tuple[Seat, ...]


class Place(NamedTuple):
    """picked: who was to get the lead; receiver: who gets it, another one after an overflow. seats: what it takes.

    full: the seat for want of which it goes to another, or waits until due_at.
    """

    picked: Candidate
    receiver: Candidate
    seats: tuple[Seat, ...]
    full: Seat | None = None
    due_at: datetime | None = None

    @property
    def is_overflow(self) -> bool:
        return self.receiver is not self.picked


class Places:
    """The places of one lead among the candidates of one profile. taken: by the position of who gets the lead."""

    def __init__(self, candidates: Sequence[Candidate], usage: Usage, now: datetime) -> None:
        self.taken: dict[int, Place] = {}
        self._candidates = candidates
        self._usage = usage
        self._now = now

    def find(self, candidate: Candidate) -> Place | Seat:
        """The place that it would take, or the full seat that stands in the way for the longest."""
        if already := self.taken.get(candidate.position):
            return already
        full = self._usage.first_full(candidate.seats)
        if full is None:
            return Place(candidate, candidate, candidate.seats)
        match candidate.assignment.at_cap:
            case "hold":
                return self._later(candidate) or full
            case "overflow":
                return self._elsewhere(candidate, full) or full
            case _:
                return full

    def take(self, place: Place) -> None:
        self._usage.take(place.seats)
        self.taken[place.receiver.position] = place

    def offer(self, candidate: Candidate) -> Place | Seat:
        """Find its place and take it, if it has one that is not taken already."""
        found = self.find(candidate)
        if isinstance(found, Place) and found.receiver.position not in self.taken:
            self.take(found)
        return found

    def _later(self, candidate: Candidate) -> Place | None:
        plan, seats, moment = candidate.assignment.plan, candidate.seats, self._now
        last: Seat | None = None
        for _ in range(MAX_PERIODS_AHEAD):
            full = self._usage.all_full(seats)
            if not full:
                return Place(candidate, candidate, seats, last, moment)
            ends = [(plan.reset(seat, moment), seat) for seat in full if seat.amount <= seat.limit]
            resets = [(end, seat) for end, seat in ends if end is not None]
            if len(resets) < len(full):  # a total, or a limit that no empty period meets
                return None
            moment, last = max(resets, key=lambda reset: reset[0])
            seats = plan.at(moment)
        return None

    def _elsewhere(self, candidate: Candidate, full: Seat) -> Place | None:
        passed = {candidate.position}
        target = self._after(candidate)
        while target and target.position not in passed | self.taken.keys():
            if self._usage.first_full(target.seats) is None:
                return Place(candidate, target, target.seats, full)
            passed.add(target.position)
            target = self._after(target)
        return None

    def _after(self, candidate: Candidate) -> Candidate | None:
        spec = candidate.assignment
        return self._by_id.get(spec.overflow_to) if spec.at_cap == "overflow" and spec.overflow_to else None

    @cached_property
    def _by_id(self) -> dict[UUID, Candidate]:
        return {candidate.assignment.id: candidate for candidate in self._candidates}
