"""Profiles and assignments of three partners, as routing uses them."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from distribution.caps import CapKey, Usage
from distribution.fields import FieldSpec
from distribution.routing import AssignmentSpec, Decision, ProfileSpec, Turns, choose, match
from distribution.rules import MATCHES_ALL, LeadView, compile_rule, parse
from distribution.rules.compile import CompiledRule

SPECS = [FieldSpec("zip", "ZIP", "text")]
NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)
DAY = datetime(2026, 5, 15, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEAD = LeadView({"zip": "90210"})
HELIOS, SUNNY, ROOFS = "Helios", "Sunny", "Roofs"
PARTNERS = {HELIOS: UUID(int=101), SUNNY: UUID(int=102), ROOFS: UUID(int=103)}
IDS = {name: UUID(int=partner.int - 100) for name, partner in PARTNERS.items()}


def starts_with(digits: str) -> CompiledRule:
    raw = {"all": [{"field": "zip", "operator": "starts_with", "value": digits}]}
    return compile_rule(parse(raw, SPECS))


def assignment(name: str, **changes: Any) -> AssignmentSpec:
    """price: as text; overflow_to: as a partner's name."""
    if "price" in changes:
        changes["price"] = Decimal(changes["price"])
    if "overflow_to" in changes:
        changes |= {"at_cap": "overflow", "overflow_to": IDS[changes["overflow_to"]]}
    return replace(AssignmentSpec(IDS[name], PARTNERS[name], name, 0, MATCHES_ALL), **changes)


def profile(*assignments: AssignmentSpec, strategy: str = "send_to_all", rule: CompiledRule = MATCHES_ALL, **more: Any) -> ProfileSpec:
    return ProfileSpec(UUID(int=9), "Solar West", strategy, rule, assignments, **more)


def send(spec: ProfileSpec, usage: Usage | None = None, turns: Turns | None = None, *, now: datetime = NOW) -> Decision:
    return choose(match(spec, LEAD, now), Usage() if usage is None else usage, turns)


def codes(decision: Decision) -> dict[str, str]:
    return {found.partner_name: found.code for found in decision.assignments}


def reasons(decision: Decision) -> dict[str, str]:
    return {found.partner_name: found.reason for found in decision.assignments}


def chosen(decision: Decision) -> list[str]:
    return [found.partner_name for found in decision.chosen]


def only(decision: Decision) -> tuple[str, str, dict[str, Any]]:
    (found,) = decision.assignments
    return found.code, found.reason, dict(found.details)


def partner_day(name: str, start: datetime = DAY) -> CapKey:
    return CapKey("partner", PARTNERS[name], "day", start)


def own_day(name: str, start: datetime = DAY) -> CapKey:
    return CapKey("assignment", IDS[name], "day", start)
