"""Routing: a lead, a profile and the seats that are left give a Decision, with a reason for every assignment. Pure.

`match` runs the rules, `cap_keys` names the counters to lock, `choose` applies strategy and caps. In a transaction:
match all profiles, lock and load the counters into one Usage, choose profile by profile, write `usage.taken` back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from distribution.caps import PERIODS, CapKey, Seat, Usage, period_start, resets_at, zone
from distribution.rules import CompiledRule, Finding, LeadView, first_failure
from distribution.strategies import CapFull, Chosen, LostTo, Verdict, apply

ChannelState = Literal["none", "ready", "paused"]
# The cap that stands in the way for the longest is the one to name.
_LONGEST_FIRST = tuple(reversed(PERIODS))


@dataclass(frozen=True)
class AssignmentSpec:
    """A partner in a profile. caps, partner_caps: period → most leads; time_zone: the partner's, an IANA name.
    priority: the highest number comes first. channel: the primary one's state; a paused one holds its deliveries."""

    id: UUID
    partner_id: UUID
    partner_name: str
    priority: int
    rule: CompiledRule
    is_partner_active: bool = True
    is_enabled: bool = True
    channel: ChannelState = "ready"
    caps: Mapping[str, int] = field(default_factory=dict)
    partner_caps: Mapping[str, int] = field(default_factory=dict)
    time_zone: str = "UTC"
    price: Decimal | None = None


@dataclass(frozen=True)
class ProfileSpec:
    """An enabled profile. assignments: in the order of their creation, which decides between equals."""

    id: UUID
    name: str
    strategy: str
    rule: CompiledRule
    assignments: tuple[AssignmentSpec, ...]

    @cached_property
    def refused_by_profile(self) -> tuple["AssignmentDecision", ...]:
        """The same for every lead that the profile's rules refuse."""
        reason = f"The rules of the profile {self.name} do not match."
        return tuple(_decision(assignment, "profile_rule", reason) for assignment in self.assignments)


@dataclass(frozen=True, slots=True)
class AssignmentDecision:
    """code: chosen, profile_rule, disabled, partner_inactive, rule, no_channel, cap or lost_to: the first that applies.

    details, JSON: chosen {"is_held"}; rule: the failing condition, as Finding.as_json; cap {"subject", "period",
    "limit", "resets_at"} (ISO 8601, null for never); lost_to {"assignment", "partner", "partner_name"}; else empty.
    """

    assignment_id: UUID
    partner_id: UUID
    partner_name: str
    code: str
    reason: str
    details: Mapping[str, Any]

    @property
    def is_chosen(self) -> bool:
        return self.code == "chosen"

    def as_json(self) -> dict[str, Any]:
        return {
            "assignment": str(self.assignment_id),
            "partner": str(self.partner_id),
            "partner_name": self.partner_name,
            "is_chosen": self.is_chosen,
            "code": self.code,
            "reason": self.reason,
            "details": dict(self.details),
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What routing decided for one lead in one profile. failure: the condition on which the profile's rules failed,
    None if they match. assignments: every one, in the order of the profile."""

    profile_id: UUID
    profile_name: str
    strategy: str
    failure: Finding | None
    assignments: tuple[AssignmentDecision, ...]

    @property
    def is_matched(self) -> bool:
        """Whether the profile's rules match, whoever was chosen."""
        return self.failure is None

    @property
    def chosen(self) -> tuple[AssignmentDecision, ...]:
        return tuple(assignment for assignment in self.assignments if assignment.is_chosen)

    @property
    def reason(self) -> str:
        if self.failure:
            return f"{self.failure.words}."
        return f"{len(self.chosen)} of {len(self.assignments)} assignments chosen."

    def as_json(self) -> dict[str, Any]:
        return {
            "profile": str(self.profile_id),
            "profile_name": self.profile_name,
            "strategy": self.strategy,
            "is_matched": self.is_matched,
            "reason": self.reason,
            "details": self.failure.as_json() if self.failure else {},
            "assignments": [assignment.as_json() for assignment in self.assignments],
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """An assignment that may get the lead if it has a seat. index: its place in the profile."""

    index: int
    assignment: AssignmentSpec
    seats: tuple[Seat, ...]

    @property
    def priority(self) -> int:
        return self.assignment.priority


@dataclass(frozen=True, slots=True)
class Match:
    """What the rules said. refused: index of an assignment → its decision, for those that are no candidates."""

    profile: ProfileSpec
    now: datetime
    failure: Finding | None
    candidates: tuple[Candidate, ...]
    refused: Mapping[int, AssignmentDecision]


def decide(profile: ProfileSpec, lead: LeadView, usage: Usage, now: datetime) -> Decision:
    """Match and choose at once, for callers that hold every counter already. Takes seats in `usage`."""
    return choose(match(profile, lead, now), usage)


def match(profile: ProfileSpec, lead: LeadView, now: datetime) -> Match:
    """Run every rule once. now: aware; caps count in the periods it lies in."""
    failure = first_failure(profile.rule, lead, now)
    if failure:
        return Match(profile, now, failure, (), {})
    candidates: list[Candidate] = []
    refused: dict[int, AssignmentDecision] = {}
    starts: dict[tuple[str, str], datetime] = {}
    for index, assignment in enumerate(profile.assignments):
        refusal = _refusal(assignment, lead, now)
        if refusal:
            refused[index] = refusal
        else:
            candidates.append(Candidate(index, assignment, _seats(assignment, now, starts)))
    return Match(profile, now, None, tuple(candidates), refused)


def cap_keys(matches: Iterable[Match]) -> set[CapKey]:
    """Return every counter that choosing among these matches may read or raise. Lock them in one order: sort them."""
    return {seat.key for found in matches for candidate in found.candidates for seat in candidate.seats}


def choose(found: Match, usage: Usage) -> Decision:
    """Apply strategy and caps. Takes the seats of the chosen in `usage`, so that the next lead or profile sees them."""
    profile = found.profile
    if found.failure:
        return Decision(profile.id, profile.name, profile.strategy, found.failure, profile.refused_by_profile)

    def take_seats(candidate: Candidate) -> Seat | None:
        full = usage.first_full(candidate.seats)
        if full is None:
            usage.take(candidate.seats)
        return full

    verdicts = apply(profile.strategy, found.candidates, take_seats)
    decisions = dict(found.refused)
    for candidate, verdict in zip(found.candidates, verdicts, strict=True):
        decisions[candidate.index] = _verdict_decision(candidate.assignment, verdict, found.now)
    ordered = tuple(decisions[index] for index in range(len(profile.assignments)))
    return Decision(profile.id, profile.name, profile.strategy, None, ordered)


def _refusal(assignment: AssignmentSpec, lead: LeadView, now: datetime) -> AssignmentDecision | None:
    if not assignment.is_enabled:
        return _decision(assignment, "disabled", "The assignment is disabled.")
    if not assignment.is_partner_active:
        return _decision(assignment, "partner_inactive", f"{assignment.partner_name} is not active.")
    failure = first_failure(assignment.rule, lead, now)
    if failure:
        return _decision(assignment, "rule", f"{failure.words}.", failure.as_json())
    # After the rules: whoever reads this lost a lead for want of a channel.
    if assignment.channel == "none":
        return _decision(assignment, "no_channel", "The assignment has no Delivery Channel.")
    return None


def _seats(assignment: AssignmentSpec, now: datetime, starts: dict[tuple[str, str], datetime]) -> tuple[Seat, ...]:
    """starts: what this routing has worked out already, by period and zone; partners share most of it."""
    if not assignment.caps and not assignment.partner_caps:
        return ()
    seats = []
    for period in _LONGEST_FIRST:
        for subject, subject_id, caps in (
            ("partner", assignment.partner_id, assignment.partner_caps),
            ("assignment", assignment.id, assignment.caps),
        ):
            if (limit := caps.get(period)) is not None:
                name = (period, assignment.time_zone)
                start = starts.get(name) or starts.setdefault(name, period_start(period, now, zone(name[1])))
                seats.append(Seat(CapKey(subject, subject_id, period, start), limit))
    return tuple(seats)


def _verdict_decision(assignment: AssignmentSpec, verdict: Verdict[Candidate], now: datetime) -> AssignmentDecision:
    match verdict:
        case Chosen():
            return _chosen(assignment)
        case CapFull(seat):
            return _capped(assignment, seat, now)
        case LostTo(winner):
            return _lost(assignment, winner.assignment)


def _chosen(assignment: AssignmentSpec) -> AssignmentDecision:
    is_held = assignment.channel == "paused"
    reason = "Chosen; held until its channel is resumed." if is_held else "Chosen."
    return _decision(assignment, "chosen", reason, {"is_held": is_held})


def _capped(assignment: AssignmentSpec, seat: Seat, now: datetime) -> AssignmentDecision:
    key = seat.key
    end = resets_at(key.period, now, zone(assignment.time_zone))
    owner = assignment.partner_name if key.subject == "partner" else "the assignment"
    span = "in total" if key.period == "total" else f"per {key.period}"
    reset = end.isoformat().replace("+00:00", "Z") if end else None
    until = f" until {reset}" if reset else ""
    reason = f"The cap of {owner}, {seat.limit:,} leads {span}, is full{until}."
    details = {
        "subject": key.subject,
        "period": key.period,
        "limit": seat.limit,
        "resets_at": reset,
    }
    return _decision(assignment, "cap", reason, details)


def _lost(assignment: AssignmentSpec, winner: AssignmentSpec) -> AssignmentDecision:
    details = {
        "assignment": str(winner.id),
        "partner": str(winner.partner_id),
        "partner_name": winner.partner_name,
    }
    return _decision(assignment, "lost_to", f"Lost to {winner.partner_name}, which comes first.", details)


def _decision(assignment: AssignmentSpec, code: str, reason: str, details: Mapping[str, Any] | None = None) -> AssignmentDecision:
    return AssignmentDecision(assignment.id, assignment.partner_id, assignment.partner_name, code, reason, details or {})
