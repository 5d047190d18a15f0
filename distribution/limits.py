"""How much of a partner's caps and budgets is used in their present periods, its own and those of its assignments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from distribution.caps import PERIODS, CapKey, resets_at, zone
from distribution.models import Assignment, CapCounter, Partner
from distribution.seats import Limit, limits_of


@dataclass(frozen=True, slots=True)
class LimitState:
    """assignment: None for the partner's own. used and limit.most: leads, or hundredths of the currency. resets_at: None for never."""

    limit: Limit
    assignment: Assignment | None
    used: int
    starts_at: datetime
    resets_at: datetime | None


def states_of_limits(partner: Partner, now: datetime) -> list[LimitState]:
    """The partner's own first, then those of its assignments, the oldest first; each from the hour to the total."""
    assignments = Assignment.objects.filter(partner=partner).select_related("profile").order_by("id")
    limits = [*_own(partner), *(limit for assignment in assignments for limit in _its(assignment))]
    return _states([(limit, assignment, partner) for limit, assignment in limits], now)


def states_of_assignments(assignments: Sequence[Assignment], now: datetime) -> dict[UUID, list[LimitState]]:
    """By assignment, its own and then those of its partner, in one query."""
    limits = {one.id: [(limit, owner, one.partner) for limit, owner in (*_its(one), *_own(one.partner))] for one in assignments}
    states = iter(_states([limit for its in limits.values() for limit in its], now))
    return {assignment_id: list(islice(states, len(its))) for assignment_id, its in limits.items()}


def _states(limits: Sequence[tuple[Limit, Assignment | None, Partner]], now: datetime) -> list[LimitState]:
    zones = [zone(partner.time_zone) for _, _, partner in limits]
    keys = [limit.key(now, tz) for (limit, _, _), tz in zip(limits, zones, strict=True)]
    counters = CapCounter.objects.filter(subject_id__in={key.subject_id for key in keys}, starts_at__in={key.starts_at for key in keys})
    used = {CapKey(one.subject, one.subject_id, one.period, one.starts_at, one.measure): one.used for one in counters}
    return [
        LimitState(limit, assignment, used.get(key, 0), key.starts_at, resets_at(key.period, now, tz))
        for (limit, assignment, _), key, tz in zip(limits, keys, zones, strict=True)
    ]


def _own(partner: Partner) -> Iterator[tuple[Limit, None]]:
    return ((limit, None) for limit in _shortest_first(limits_of("partner", partner.id, partner.caps, partner.budgets)))


def _its(assignment: Assignment) -> Iterator[tuple[Limit, Assignment]]:
    its = limits_of("assignment", assignment.id, assignment.caps, assignment.budgets)
    return ((limit, assignment) for limit in _shortest_first(its))


def _shortest_first(limits: Iterator[Limit]) -> list[Limit]:
    return sorted(limits, key=lambda limit: PERIODS.index(limit.period))
