"""Decisions: what routing decided for one lead in one profile, with a reason for every assignment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from distribution.caps import Seat
from distribution.rules import Finding


class AssignmentDecision(NamedTuple):
    """code: chosen, profile_rule, disabled, partner_inactive, rule, no_channel, tried, duplicate, cap, overflow or lost_to: the first that applies.
    tried: where a lead moves on, those who had it already in this profile.

    details, JSON:
    chosen {"is_held"}, and {"until"} where it waits for a cap to begin anew, {"overflow_of"} where another's lead came to it;
    rule: the failing condition, as Finding.as_json; duplicate {"sent_at", "repeat_days"};
    cap {"subject", "measure", "period", "limit", "resets_at"} (limit: leads, or money as a text; null for never);
    lost_to and overflow {"assignment", "partner", "partner_name"} of who got it, overflow with those of cap too; else empty.

    seats: what the lead took of caps and budgets. due_at: the delivery's first moment, where the lead waits for it.
    """

    assignment_id: UUID
    partner_id: UUID
    partner_name: str
    code: str
    reason: str
    details: Mapping[str, Any]
    seats: tuple[Seat, ...] = ()
    due_at: datetime | None = None

    @property
    def is_chosen(self) -> bool:
        return self.code == "chosen"

    @property
    def seats_taken(self) -> list[list[Any]] | None:
        """JSON, as `cap_counters.return_seats` takes it: [[subject, subject_id, measure, period, starts_at, amount], …]; None for none."""
        taken = [
            [key.subject, str(key.subject_id), key.measure, key.period, key.starts_at.isoformat(), amount] for key, _, amount in self.seats
        ]
        return taken or None

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
