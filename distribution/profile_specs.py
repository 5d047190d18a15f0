"""Profiles and assignments as routing uses them: their rules compiled, their limits laid out. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from distribution.caps import Seat, hundredths, zone
from distribution.decisions import AssignmentDecision
from distribution.rules import CompiledRule
from distribution.seats import SeatPlan, limits_of

_NO_DETAILS: Mapping[str, object] = MappingProxyType({})

ChannelState = Literal["none", "ready", "paused"]


@dataclass(frozen=True)
class AssignmentSpec:
    """A partner in a profile. priority: the highest number comes first. channel: the primary one's state; a paused one holds its deliveries.

    caps, partner_caps: period → most leads; budgets, partner_budgets: period → most money, in texts; time_zone: the partner's, an IANA name.
    at_cap: `skip`, `hold` or `overflow`, what becomes of a lead that finds it full; overflow_to: the assignment of the same profile that gets it instead.
    repeat_days: the same person is not sent twice within so many days. weight: its share, where the strategy is `weighted`.
    """

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
    budgets: Mapping[str, str] = field(default_factory=dict)
    partner_budgets: Mapping[str, str] = field(default_factory=dict)
    at_cap: str = "skip"
    overflow_to: UUID | None = None
    repeat_days: int | None = None
    weight: int = 1

    @cached_property
    def plan(self) -> SeatPlan:
        limits = [
            *limits_of("partner", self.partner_id, self.partner_caps, self.partner_budgets),
            *limits_of("assignment", self.id, self.caps, self.budgets),
        ]
        return SeatPlan(limits, price=hundredths(self.price or "0"), tz=zone(self.time_zone))

    def decided(
        self,
        code: str,
        reason: str,
        details: Mapping[str, object] = _NO_DETAILS,
        *,
        seats: tuple[Seat, ...] = (),
        due_at: datetime | None = None,
    ) -> AssignmentDecision:
        return AssignmentDecision(self.id, self.partner_id, self.partner_name, code, reason, details, seats, due_at)


@dataclass(frozen=True)
class ProfileSpec:
    """An enabled profile. assignments: in the order of their creation. max_partners: the most that `send_to_all` sends one lead to."""

    id: UUID
    name: str
    strategy: str
    rule: CompiledRule
    assignments: tuple[AssignmentSpec, ...]
    max_partners: int | None = None

    @cached_property
    def ranked(self) -> tuple[tuple[int, AssignmentSpec], ...]:
        """The assignments with their places, the highest priority first, of equals the oldest."""
        return tuple(sorted(enumerate(self.assignments), key=lambda placed: -placed[1].priority))

    @cached_property
    def refused_by_profile(self) -> tuple[AssignmentDecision, ...]:
        """The same for every lead that the profile's rules refuse."""
        reason = f"The rules of the profile {self.name} do not match."
        return tuple(assignment.decided("profile_rule", reason) for assignment in self.assignments)
