"""Strategies: which of the assignments whose rules match get the lead. Pure.

Candidates come the highest priority first, of equals the oldest first: that order decides wherever a strategy knows no better. One that is
full is passed over if its `at_cap` is `skip`; with `hold` or `overflow` it is picked as if it had a seat, as long as there is a place to go to.
Whoever is picked has had its turn and its share, also where its lead overflows to another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from distribution.caps import Seat
from distribution.places import Candidate, Place, Places
from distribution.profile_specs import ProfileSpec

STRATEGIES = ("send_to_all", "first_match", "round_robin", "weighted", "highest_price")
TURN_STRATEGIES = frozenset({"round_robin", "weighted"})
_MOST_NAMED = 3


class LostTo(NamedTuple):
    """reason: a sentence. details: as in AssignmentDecision."""

    reason: str
    details: Mapping[str, str]


# Where the lead goes, the full seat for want of which it goes nowhere, or who gets it in its stead.
type Verdict = Place | Seat | LostTo


@dataclass(slots=True)
class Turns:
    """Where the assignments of profiles that take turns stand: as loaded under lock, and moved by choosing since.

    last: the number of the profile's lead that an assignment got last; credits: what it is owed of its share, in weights; both 0 where not
    there. latest: by profile, the number of its latest lead. taken: the assignments whose standing moved, to be written back.
    """

    last: dict[UUID, int] = field(default_factory=dict)
    credits: dict[UUID, int] = field(default_factory=dict)
    latest: dict[UUID, int] = field(default_factory=dict)
    taken: set[UUID] = field(default_factory=set)


def apply(profile: ProfileSpec, candidates: Sequence[Candidate], places: Places, turns: Turns) -> dict[int, Verdict]:
    """Take the places of those who get the lead. Verdicts by the candidates' position. Raises KeyError for a strategy that is none."""
    match profile.strategy:
        case "send_to_all":
            verdicts = _send_to_all(candidates, places, profile.max_partners)
        case "first_match":
            verdicts = _first_match(candidates, places)
        case "round_robin":
            verdicts = _round_robin(candidates, places, turns, profile.id)
        case "weighted":
            verdicts = _weighted(candidates, places, turns)
        case "highest_price":
            verdicts = _highest_price(candidates, places)
        case strategy:
            raise KeyError(strategy)
    return verdicts | places.taken


def _send_to_all(candidates: Sequence[Candidate], places: Places, most: int | None) -> dict[int, Verdict]:
    verdicts: dict[int, Verdict] = {}
    lost = None
    for candidate in candidates:
        if most is None or len(places.taken) < most:
            verdicts[candidate.position] = places.offer(candidate)
        else:
            lost = lost or _lost_to_the_first(most, places)
            verdicts[candidate.position] = lost
    return verdicts


def _lost_to_the_first(most: int, places: Places) -> LostTo:
    first = [place.receiver for place in places.taken.values()]
    names = [candidate.assignment.partner_name for candidate in first]
    if len(names) > _MOST_NAMED:
        names = [*names[: _MOST_NAMED - 1], f"{len(names) - _MOST_NAMED + 1} more"]
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    at_most = f"{most} partners" if most > 1 else "1 partner"
    return LostTo(f"The profile sends to at most {at_most}; {listed} came first.", _details(first[-1]))


def _first_match(candidates: Sequence[Candidate], places: Places) -> dict[int, Verdict]:
    verdicts: dict[int, Verdict] = {}
    winner = _first_placed(candidates, places, verdicts)
    return _with_losers(verdicts, candidates, winner, "which comes first")


def _round_robin(candidates: Sequence[Candidate], places: Places, turns: Turns, profile_id: UUID) -> dict[int, Verdict]:
    """The one that has waited longest: whose last lead has the lowest number."""
    verdicts: dict[int, Verdict] = {}
    waited = sorted(candidates, key=lambda candidate: turns.last.get(candidate.assignment.id, 0))
    winner = _first_placed(waited, places, verdicts)
    if winner:
        number = turns.latest[profile_id] = turns.latest.get(profile_id, 0) + 1
        turns.last[winner.assignment.id] = number
        turns.taken.add(winner.assignment.id)
    return _with_losers(verdicts, candidates, winner, "whose turn it is")


def _weighted(candidates: Sequence[Candidate], places: Places, turns: Turns) -> dict[int, Verdict]:
    """The one that is owed the most, by smooth weighted round robin (as nginx has it): each that has a place is owed its weight more, and
    the one that gets the lead pays the weights of all, so that what is owed adds up to nothing."""
    verdicts: dict[int, Verdict] = {}
    owed: list[tuple[int, Candidate, Place]] = []
    for candidate in candidates:
        found = places.find(candidate)
        if isinstance(found, Place):
            credit = turns.credits.get(candidate.assignment.id, 0) + candidate.assignment.weight
            owed.append((credit, candidate, found))
        else:
            verdicts[candidate.position] = found
    if not owed:
        return verdicts
    _, winner, place = max(owed, key=lambda owing: owing[0])
    for credit, candidate, _ in owed:
        turns.credits[candidate.assignment.id] = credit
        turns.taken.add(candidate.assignment.id)
    turns.credits[winner.assignment.id] -= sum(candidate.assignment.weight for _, candidate, _ in owed)
    places.take(place)
    verdicts[winner.position] = place
    return _with_losers(verdicts, candidates, winner, "which is owed the most of its share")


def _highest_price(candidates: Sequence[Candidate], places: Places) -> dict[int, Verdict]:
    """No price counts as 0."""
    verdicts: dict[int, Verdict] = {}
    winner = _first_placed(sorted(candidates, key=_price, reverse=True), places, verdicts)
    if winner is None:
        return verdicts
    pays = _price(winner)
    equals = [candidate for candidate in candidates if _price(candidate) == pays]
    _with_losers(verdicts, equals, winner, f"which pays {pays:,.2f} too and comes first")
    return _with_losers(verdicts, candidates, winner, f"which pays {pays:,.2f}")


def _price(candidate: Candidate) -> Decimal:
    return candidate.assignment.price or Decimal()


def _first_placed(preferred: Iterable[Candidate], places: Places, verdicts: dict[int, Verdict]) -> Candidate | None:
    for candidate in preferred:
        verdict = verdicts[candidate.position] = places.offer(candidate)
        if isinstance(verdict, Place):
            return candidate
    return None


def _with_losers(verdicts: dict[int, Verdict], candidates: Iterable[Candidate], winner: Candidate | None, why: str) -> dict[int, Verdict]:
    """Those that were not come to lost to the winner, whether their caps are full or not."""
    if winner:
        lost = LostTo(f"Lost to {winner.assignment.partner_name}, {why}.", _details(winner))
        for candidate in candidates:
            verdicts.setdefault(candidate.position, lost)
    return verdicts


def _details(winner: Candidate) -> Mapping[str, str]:
    spec = winner.assignment
    return {"assignment": str(spec.id), "partner": str(spec.partner_id), "partner_name": spec.partner_name}
