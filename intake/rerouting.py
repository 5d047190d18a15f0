"""A stored lead is decided on once more."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.access import Access
from distribution import models
from distribution.entity_table import EntityTable
from distribution.lead_values import read_values
from distribution.routing import Decision, Match, ProfileSpec, match
from intake.people import People, digests_of_lead
from intake.routing import choose_all, view_for_rules


def decide_again(
    access: Access,
    entity: EntityTable,
    profiles: Sequence[ProfileSpec],
    lead: models.Lead,
    *,
    narrow: Callable[[Match], Match],
    now: datetime,
) -> tuple[Decision, ...] | None:
    """The Decision in each of these profiles, by the rules, caps and turns of now. narrow: takes out who is not to be chosen. Returns None where the
    lead was erased meanwhile. Raises SealError."""
    plain, secret = read_values(access.vault, lead, entity.specs)
    view = view_for_rules(
        access, entity, plain, secret, lead_id=lead.id, status=lead.status, source=lead.source,
        created_at=lead.created_at, updated_at=lead.updated_at,
    )  # fmt: skip
    digests = digests_of_lead(entity.duplicates, {**plain, **secret}, access.vault.blind, entity.id)
    people = People(entity.id, entity.duplicates, [digests], now)
    # In the order of intake: people, leads, turns, caps. Held, so that what is erased is decided on no more.
    if models.Lead.objects.select_for_update(no_key=True).get(id=lead.id).erased_at:
        return None
    (decisions,) = choose_all(access, [(digests, [narrow(match(profile, view, now)) for profile in profiles])], people)
    return decisions


def refuse_some(found: Match, had: Collection[UUID], *, reason: Callable[[UUID, str], str]) -> Match:
    """Without the partners who had their chance with this lead. reason: says so, of a partner's id and name."""
    refused = {
        candidate.position: candidate.assignment.decided(
            "tried", reason(candidate.assignment.partner_id, candidate.assignment.partner_name)
        )
        for candidate in found.candidates
        if candidate.assignment.partner_id in had
    }
    left = tuple(candidate for candidate in found.candidates if candidate.position not in refused)
    return replace(found, candidates=left, refused={**found.refused, **refused})


def keep_decision(access: Access, lead: models.Lead, decision: Decision, *, now: datetime, after: Mapping[str, Any] | None = None) -> None:
    """Beside the earlier ones. after: what it followed on."""
    models.Decision.objects.create(
        account_id=access.account_id,
        lead=lead,
        profile_id=decision.profile_id,
        profile_name=decision.profile_name,
        is_matched=decision.is_matched,
        detail=decision.as_json() | ({"after": after} if after else {}),
        created_at=now,
    )
