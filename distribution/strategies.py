"""Strategies: which of the assignments whose rules match get the lead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from distribution.caps import Seat


class Candidate(Protocol):
    @property
    def priority(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Chosen:
    """The candidate gets the lead; its seats are taken."""


@dataclass(frozen=True, slots=True)
class CapFull:
    """seat: of the cap that stands in the way for the longest."""

    seat: Seat


@dataclass(frozen=True, slots=True)
class LostTo[C]:
    winner: C


type Verdict[C] = Chosen | CapFull | LostTo[C]
# Takes the candidate's seats and returns None, or takes nothing and returns the full cap.
type TakeSeats[C] = Callable[[C], Seat | None]


def send_to_all[C: Candidate](candidates: Sequence[C], take_seats: TakeSeats[C]) -> list[Verdict[C]]:
    """Every candidate with a free seat. Verdicts in the order of the candidates."""
    return [_try(candidate, take_seats) for candidate in candidates]


def first_match[C: Candidate](candidates: Sequence[C], take_seats: TakeSeats[C]) -> list[Verdict[C]]:
    """The one with a free seat and the highest priority number; of equals the one given first: the oldest assignment.

    Those after it lost to it, whether their caps were full or not. Verdicts in the order of the candidates.
    """
    verdicts: dict[int, Verdict[C]] = {}
    winner: C | None = None
    for index in sorted(range(len(candidates)), key=lambda index: -candidates[index].priority):
        if winner is not None:
            verdicts[index] = LostTo(winner)
            continue
        verdicts[index] = _try(candidates[index], take_seats)
        if isinstance(verdicts[index], Chosen):
            winner = candidates[index]
    return [verdicts[index] for index in range(len(candidates))]


def _try[C: Candidate](candidate: C, take_seats: TakeSeats[C]) -> Verdict[C]:
    full = take_seats(candidate)
    return Chosen() if full is None else CapFull(full)


STRATEGIES = ("send_to_all", "first_match")


def apply[C: Candidate](strategy: str, candidates: Sequence[C], take_seats: TakeSeats[C]) -> list[Verdict[C]]:
    """Raises KeyError for a strategy that is none of STRATEGIES."""
    match strategy:
        case "send_to_all":
            return send_to_all(candidates, take_seats)
        case "first_match":
            return first_match(candidates, take_seats)
        case _:
            raise KeyError(strategy)
