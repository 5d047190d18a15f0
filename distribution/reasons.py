"""What is said of an assignment that the rules let through: its decision, in words and as JSON. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from distribution.caps import Seat, amount_shown, from_hundredths, zone
from distribution.decisions import AssignmentDecision
from distribution.places import Candidate, Place
from distribution.profile_specs import AssignmentSpec
from distribution.strategies import LostTo, Verdict


def decision_of(candidate: Candidate, verdict: Verdict, now: datetime) -> AssignmentDecision:
    match verdict:
        case LostTo(reason, details):
            return candidate.assignment.decided("lost_to", reason, details)
        case Seat():
            return _full(candidate.assignment, verdict, now)
        case Place(receiver=receiver) if receiver is not candidate:
            return _overflown(candidate.assignment, verdict, now)
        case Place():
            return _chosen(candidate.assignment, verdict)


def repeated(assignment: AssignmentSpec, sent_at: datetime) -> AssignmentDecision:
    span = "1 day" if assignment.repeat_days == 1 else f"{assignment.repeat_days} days"
    reason = f"{assignment.partner_name} was sent this person on {_at(sent_at, assignment)}; not again within {span}."
    return assignment.decided("duplicate", reason, {"sent_at": iso(sent_at), "repeat_days": assignment.repeat_days})


def _chosen(assignment: AssignmentSpec, place: Place) -> AssignmentDecision:
    is_paused = assignment.channel == "paused"
    reason = "Chosen."
    details: dict[str, Any] = {"is_held": is_paused or place.due_at is not None}
    if place.due_at and place.full:
        reason = f"Chosen; held until {_at(place.due_at, assignment)}, when the {limit_words(assignment, place.full)}, begins anew."
        details["until"] = iso(place.due_at)
    elif place.is_overflow and place.full:
        picked = place.picked.assignment
        reason = f"Chosen instead of {picked.partner_name}, whose {_kind(place.full)} is {_used_up(place.full)}."
        details["overflow_of"] = str(picked.id)
    if is_paused:
        reason = f"{reason.rstrip('.')}; held until its channel is resumed."
    return assignment.decided("chosen", reason, details, seats=place.seats, due_at=place.due_at)


def _full(assignment: AssignmentSpec, seat: Seat, now: datetime) -> AssignmentDecision:
    end = assignment.plan.reset(seat, now)
    until = f" until {_at(end, assignment)}" if end else ""
    return assignment.decided(
        "cap", f"The {limit_words(assignment, seat)}, is {_used_up(seat)}{until}.", _limit_details(assignment, seat, now)
    )


def _overflown(assignment: AssignmentSpec, place: Place, now: datetime) -> AssignmentDecision:
    assert place.full  # it goes to another for want of it
    other = place.receiver.assignment
    reason = f"The {limit_words(assignment, place.full)}, is {_used_up(place.full)}; sent to {other.partner_name} instead."
    details = {
        **_limit_details(assignment, place.full, now),
        "assignment": str(other.id),
        "partner": str(other.partner_id),
        "partner_name": other.partner_name,
    }
    return assignment.decided("overflow", reason, details)


def limit_words(assignment: AssignmentSpec, seat: Seat) -> str:
    """Such as "cap of Helios, 1,500 leads per day"."""
    owner = assignment.partner_name if seat.key.subject == "partner" else "the assignment"
    span = "in total" if seat.key.period == "total" else f"per {seat.key.period}"
    most = (
        f"{from_hundredths(seat.limit):,.2f}" if seat.key.measure == "money" else f"{seat.limit:,} {'lead' if seat.limit == 1 else 'leads'}"
    )
    return f"{_kind(seat)} of {owner}, {most} {span}"


def _kind(seat: Seat) -> str:
    return "budget" if seat.key.measure == "money" else "cap"


def _used_up(seat: Seat) -> str:
    return "used up" if seat.key.measure == "money" else "full"


def _limit_details(assignment: AssignmentSpec, seat: Seat, now: datetime) -> Mapping[str, Any]:
    end = assignment.plan.reset(seat, now)
    return {
        "subject": seat.key.subject,
        "measure": seat.key.measure,
        "period": seat.key.period,
        "limit": amount_shown(seat.limit, seat.key.measure),
        "resets_at": iso(end) if end else None,
    }


def _at(moment: datetime, assignment: AssignmentSpec) -> str:
    """The moment as the partner's clock shows it, such as "May 16, 2026, 00:00 PDT"."""
    local = moment.astimezone(zone(assignment.time_zone))
    return f"{local:%b} {local.day}, {local:%Y, %H:%M %Z}"


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
