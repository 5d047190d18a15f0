"""Routing: a lead, a profile and what is left of caps and turns give a Decision, with a reason for every assignment. Pure.

`match` runs the rules; `cap_keys`, `turn_profiles` and `once_per_person` name what choosing needs to know; `choose` applies strategy, caps and
budgets. In a transaction: match all profiles, lock the turns, then the counters, choose lead by lead and profile by profile, write both back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from distribution.caps import CapKey, Usage
from distribution.decisions import AssignmentDecision, Decision
from distribution.places import Candidate, Places
from distribution.profile_specs import AssignmentSpec, ChannelState, ProfileSpec
from distribution.reasons import decision_of, repeated
from distribution.rules import Finding, LeadView, first_failure
from distribution.strategies import TURN_STRATEGIES, Turns, apply

__all__ = [
    "AssignmentDecision",
    "AssignmentSpec",
    "Candidate",
    "ChannelState",
    "Decision",
    "Match",
    "ProfileSpec",
    "Turns",
    "cap_keys",
    "choose",
    "decide",
    "match",
    "once_per_person",
    "turn_profiles",
]


@dataclass(frozen=True, slots=True)
class Match:
    """What the rules said. candidates: the highest priority first, of equals the oldest. refused: position of an assignment → its decision,
    for those that are no candidates."""

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
    for position, assignment in profile.ranked:
        refusal = _refusal(assignment, lead, now)
        if refusal:
            refused[position] = refusal
        else:
            candidates.append(Candidate(position, assignment, assignment.plan.present(now)))
    return Match(profile, now, None, tuple(candidates), refused)


def cap_keys(matches: Iterable[Match]) -> set[CapKey]:
    """Return every counter that choosing among these matches may read or raise, save those of later periods, which `Usage.load` gets when a
    lead is held for them. Lock them in one order: sort them."""
    return {seat.key for found in matches for candidate in found.candidates for seat in candidate.seats}


def turn_profiles(matches: Iterable[Match]) -> set[UUID]:
    """Return the profiles among whose assignments it matters who had the last lead. Lock their turns before the counters."""
    return {found.profile.id for found in matches if found.candidates and found.profile.strategy in TURN_STRATEGIES}


def once_per_person(found: Match) -> list[AssignmentSpec]:
    """Return the candidates that are not sent the same person again for some days: when they were last is to be found out."""
    return [candidate.assignment for candidate in found.candidates if candidate.assignment.repeat_days]


def choose(found: Match, usage: Usage, turns: Turns | None = None, repeats: Mapping[UUID, datetime] | None = None) -> Decision:
    """Apply strategy, caps and budgets. Takes the seats of the chosen in `usage` and moves `turns`, so that the next lead or profile sees them.

    turns: as `turns.lock_turns` gives them; without, nobody had a lead yet. repeats: by assignment, when it was last sent this person.
    """
    profile, now = found.profile, found.now
    if found.failure:
        return Decision(profile.id, profile.name, profile.strategy, found.failure, profile.refused_by_profile)
    decisions = dict(found.refused)
    candidates = found.candidates
    if repeats:
        duplicates = {
            one.position: repeated(one.assignment, repeats[one.assignment.id]) for one in candidates if _is_repeat(one, repeats, now)
        }
        decisions |= duplicates
        candidates = tuple(one for one in candidates if one.position not in duplicates)
    verdicts = apply(profile, candidates, Places(candidates, usage, now), turns or Turns())
    for candidate in candidates:
        decisions[candidate.position] = decision_of(candidate, verdicts[candidate.position], now)
    ordered = tuple(decisions[position] for position in range(len(profile.assignments)))
    return Decision(profile.id, profile.name, profile.strategy, None, ordered)


def _is_repeat(candidate: Candidate, repeats: Mapping[UUID, datetime], now: datetime) -> bool:
    days, sent_at = candidate.assignment.repeat_days, repeats.get(candidate.assignment.id)
    return days is not None and sent_at is not None and now - sent_at < timedelta(days=days)


def _refusal(assignment: AssignmentSpec, lead: LeadView, now: datetime) -> AssignmentDecision | None:
    if not assignment.is_enabled:
        return assignment.decided("disabled", "The assignment is disabled.")
    if not assignment.is_partner_active:
        return assignment.decided("partner_inactive", f"{assignment.partner_name} is not active.")
    failure = first_failure(assignment.rule, lead, now)
    if failure:
        return assignment.decided("rule", f"{failure.words}.", failure.as_json())
    # After the rules: whoever reads this lost a lead for want of a channel.
    if assignment.channel == "none":
        return assignment.decided("no_channel", "The assignment has no Delivery Channel.")
    return None
