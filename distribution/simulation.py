"""One profile routed over past leads by routing's own functions, with caps and turns that begin at nothing. Pure."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from distribution.caps import Usage, period_start, zone
from distribution.decisions import AssignmentDecision
from distribution.profile_specs import ProfileSpec
from distribution.routing import Match, choose, match, once_per_person
from distribution.rules import LeadView
from distribution.strategies import Turns

_FULL = frozenset({"cap", "overflow"})


class FullLimit(NamedTuple):
    """A cap or budget of one period that turned leads away. limit: leads, or money as a text."""

    assignment_id: UUID
    partner_name: str
    subject: str
    measure: str
    period: str
    limit: int | str
    starts_at: datetime


class Simulation:
    """matched: leads that the profile's rules let through. chosen, capped: by assignment, the leads that it got, and those that found it full.
    turned_away: by what was full, how many leads."""

    def __init__(self, profile: ProfileSpec) -> None:
        self.profile = profile
        self.matched = 0
        self.chosen: Counter[UUID] = Counter()
        self.capped: Counter[UUID] = Counter()
        self.turned_away: Counter[FullLimit] = Counter()
        self._zones = {spec.id: zone(spec.time_zone) for spec in profile.assignments}
        self._usage = Usage()
        self._turns = Turns()
        self._sent: dict[tuple[bytes, UUID], datetime] = {}

    def route(self, lead: LeadView, now: datetime, digests: Iterable[bytes] = ()) -> bool:
        """Whether the profile's rules let it through. Leads come in the order of `now`. digests: of its person, for `repeat_days`."""
        people = tuple(digests)
        found = match(self.profile, lead, now)
        decision = choose(found, self._usage, self._turns, self._last_sent(found, people))
        self.matched += decision.is_matched
        for one in decision.assignments:
            if one.is_chosen:
                self.chosen[one.assignment_id] += 1
                self._sent |= dict.fromkeys(((person, one.assignment_id) for person in people), now)
            elif one.code in _FULL:
                self.capped[one.assignment_id] += 1
                self.turned_away[self._full_limit(one, now)] += 1
        return decision.is_matched

    def _last_sent(self, found: Match, people: tuple[bytes, ...]) -> dict[UUID, datetime]:
        if not people:
            return {}
        sent = {
            one.id: [self._sent[person, one.id] for person in people if (person, one.id) in self._sent] for one in once_per_person(found)
        }
        return {assignment_id: max(moments) for assignment_id, moments in sent.items() if moments}

    def _full_limit(self, one: AssignmentDecision, now: datetime) -> FullLimit:
        full: Any = one.details
        starts_at = period_start(full["period"], now, self._zones[one.assignment_id])
        return FullLimit(one.assignment_id, one.partner_name, full["subject"], full["measure"], full["period"], full["limit"], starts_at)
