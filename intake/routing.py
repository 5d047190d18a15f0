"""New leads routed: rules, then turns and caps under lock, then what is to be delivered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.access import Access
from delivery.enqueue import NewDelivery
from distribution.cap_counters import lock_usage, write_taken
from distribution.entity_table import EntityTable
from distribution.routing import AssignmentSpec, Decision, Match, cap_keys, choose, match, once_per_person, turn_profiles
from distribution.rules import LeadView, blind_values, view_lead
from distribution.turns import lock_turns, write_turns
from intake.drafts import Draft
from intake.people import Digests, People
from intake.routing_cache import AccountTable

# All others have one winner: when a partner rejects it, or the delivery fails for good, the lead goes to the next.
_SENDS_TO_ALL = "send_to_all"


def route(access: Access, entity: EntityTable, new: Sequence[Draft], people: People, *, source: str, now: datetime) -> None:
    """Decide for every new lead in every profile of its Entity, in the order given, and write what was taken of turns and caps."""
    matches: list[list[Match]] = []
    for draft in new:
        view = view_for_rules(
            access,
            entity,
            draft.values,
            draft.sealed,
            lead_id=draft.id,
            status=draft.incoming.status,
            source=source,
            created_at=now,
            updated_at=now,
        )
        matches.append([match(profile, view, now) for profile in entity.profiles])
    decisions = choose_all(access, [(draft.digests, found) for draft, found in zip(new, matches, strict=True)], people)
    for draft, decided in zip(new, decisions, strict=True):
        draft.decisions = decided


def choose_all(access: Access, leads: Sequence[tuple[Digests, Sequence[Match]]], people: People) -> list[tuple[Decision, ...]]:
    """Choose for each lead in each profile that it was matched with, in the order given: turns and caps are locked, taken and written here."""
    matches = [found for _, all_found in leads for found in all_found]
    turns = lock_turns(access.account_id, turn_profiles(matches))
    usage = lock_usage(access.account_id, cap_keys(matches))
    decisions = []
    for digests, all_found in leads:
        decided = []
        for found in all_found:
            decision = choose(found, usage, turns, _last_sent(people, digests, found))
            people.remember_sent(digests, [(decision.profile_id, chosen.partner_id) for chosen in decision.chosen])
            decided.append(decision)
        decisions.append(tuple(decided))
    write_turns(turns)
    write_taken(usage)
    return decisions


def view_for_rules(
    access: Access, entity: EntityTable, values: Mapping[str, Any], sealed: Mapping[str, Any], *, lead_id: UUID, **system: Any
) -> LeadView:
    """values, sealed: plain and encrypted ones, both in clear. system: the other system fields, as `view_lead` takes them."""
    blind: Mapping[str, str] = {}
    if sealed and entity.blind_keys:
        blind = blind_values(entity.specs, sealed, access.vault.blind, only=entity.blind_keys)
    return view_lead(values, lead_id=str(lead_id), blind=blind, **system)


def _last_sent(people: People, digests: Digests, found: Match) -> dict[UUID, datetime]:
    """When this person was last sent to each candidate that is not sent anybody twice within some days."""
    asked: list[AssignmentSpec] = once_per_person(found) if digests else []
    if not asked:
        return {}
    sent = people.last_sent(digests)
    places = {assignment.id: (found.profile.id, assignment.partner_id) for assignment in asked}
    return {assignment_id: sent[place] for assignment_id, place in places.items() if place in sent}


def moves_on(strategy: str) -> bool:
    """Whether the lead goes to the next one when a partner does not take it."""
    return strategy != _SENDS_TO_ALL


def deliveries_of(table: AccountTable, lead_id: UUID, decisions: Sequence[Decision]) -> tuple[tuple[NewDelivery, str], ...]:
    """One for every chosen assignment, with the partner's name."""
    return tuple(
        (
            NewDelivery(
                lead_id=lead_id,
                channel_id=table.channels[chosen.assignment_id].id,
                profile_id=decision.profile_id,
                partner_id=chosen.partner_id,
                hold_reason=table.channels[chosen.assignment_id].pause_reason,
                due_at=chosen.due_at,
                wait_reason=chosen.reason if chosen.due_at else "",
                collects=table.channels[chosen.assignment_id].is_batched,
                seats=chosen.seats_taken or (),
                needs_follow_up=bool(chosen.seats) or moves_on(decision.strategy),
            ),
            chosen.partner_name,
        )
        for decision in decisions
        for chosen in decision.chosen
    )
