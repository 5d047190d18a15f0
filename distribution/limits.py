"""How much of a partner's caps and budgets is used in their present periods, its own and those of its assignments."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

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
    limits = list(_limits(partner))
    tz = zone(partner.time_zone)
    keys = [limit.key(now, tz) for limit, _ in limits]
    counters = CapCounter.objects.filter(subject_id__in={key.subject_id for key in keys}, starts_at__in={key.starts_at for key in keys})
    used = {CapKey(one.subject, one.subject_id, one.period, one.starts_at, one.measure): one.used for one in counters}
    return [
        LimitState(limit, assignment, used.get(key, 0), key.starts_at, resets_at(key.period, now, tz))
        for (limit, assignment), key in zip(limits, keys, strict=True)
    ]


def _limits(partner: Partner) -> Iterator[tuple[Limit, Assignment | None]]:
    own = limits_of("partner", partner.id, partner.caps, partner.budgets)
    yield from ((limit, None) for limit in _shortest_first(own))
    for assignment in Assignment.objects.filter(partner=partner).select_related("profile").order_by("id"):
        its = limits_of("assignment", assignment.id, assignment.caps, assignment.budgets)
        yield from ((limit, assignment) for limit in _shortest_first(its))


def _shortest_first(limits: Iterator[Limit]) -> list[Limit]:
    return sorted(limits, key=lambda limit: PERIODS.index(limit.period))
