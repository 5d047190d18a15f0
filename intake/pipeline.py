"""A lead comes in: cleaned, sealed, routed, stored and queued, in one transaction. The one way for every source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.access import Access
from accounts.ids import new_id
from delivery.enqueue import NewDelivery, enqueue
from distribution.cap_counters import lock_usage, write_taken
from distribution.entity_table import EntityTable
from distribution.fields import Fault
from distribution.fields.exact_json import dump
from distribution.routing import Decision, Match, cap_keys, choose, match
from distribution.rules import blind_values, view_lead
from distribution.store import SEALED_VALUES, LeadRow, store_leads
from intake.routing_cache import AccountTable, account_table


class UnknownEntityError(Exception):
    """No Entity of this account has that slug or id."""


@dataclass(frozen=True, slots=True)
class IncomingLead:
    """raw: every key that is not one of intake's own."""

    raw: Mapping[str, Any]
    status: str = "new"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A lead that was stored, and where it went."""

    lead_id: UUID
    created_at: datetime
    deliveries: tuple[tuple[NewDelivery, str], ...]  # with the partner's name
    decisions: tuple[Decision, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A lead that was not stored."""

    faults: tuple[Fault, ...]


def receive_lead(access: Access, entity: str, lead: IncomingLead, *, source: str, request_id: str = "") -> Receipt | Refusal:
    """Take in one lead. Call it in a transaction that has the account set, and ring `wake` after the commit. Raises UnknownEntityError."""
    return receive_leads(access, entity, [lead], source=source, request_id=request_id)[0]


def receive_leads(
    access: Access, entity: str, leads: Sequence[IncomingLead], *, source: str, request_id: str = ""
) -> list[Receipt | Refusal]:
    """The same for many of one Entity: the good ones are stored, in the order given, each answered at its place."""
    table = account_table(access)
    entity_table = table.entities.get(entity)
    if entity_table is None:
        raise UnknownEntityError(entity)
    now = timezone.now()
    drafts = [_draft(access, entity_table, lead, source, now) for lead in leads]
    good = [draft for draft in drafts if isinstance(draft, _Draft)]
    usage = lock_usage(access.account_id, cap_keys(found for draft in good for found in draft.matches))
    for draft in good:
        draft.decisions = tuple(choose(found, usage) for found in draft.matches)
    write_taken(usage)
    rows = [draft.row for draft in good]
    if rows:
        store_leads(rows, account_id=access.account_id, entity_id=entity_table.id, source=source, request_id=request_id, now=now)
    answers = [draft.receipt(table, now) if isinstance(draft, _Draft) else draft for draft in drafts]
    deliveries = [delivery for answer in answers if isinstance(answer, Receipt) for delivery, _ in answer.deliveries]
    enqueue(deliveries, account_id=access.account_id, now=now)
    return answers


@dataclass(slots=True)
class _Draft:
    """A clean lead on its way through the transaction."""

    lead_id: UUID
    status: str
    note: str
    values: dict[str, Any]
    sealed: bytes | None
    wrapped_key: bytes
    unknown: tuple[str, ...]
    matches: tuple[Match, ...]
    decisions: tuple[Decision, ...] = ()

    @property
    def row(self) -> LeadRow:
        return LeadRow(self.lead_id, self.status, self.values, self.sealed, self.wrapped_key, self.note, self.decisions)

    def receipt(self, table: AccountTable, now: datetime) -> Receipt:
        deliveries = tuple(
            (_delivery(table, self.lead_id, decision, chosen.assignment_id, chosen.partner_id), chosen.partner_name)
            for decision in self.decisions
            for chosen in decision.chosen
        )
        return Receipt(self.lead_id, now, deliveries, self.decisions, self.unknown)


def _draft(access: Access, entity: EntityTable, lead: IncomingLead, source: str, now: datetime) -> _Draft | Refusal:
    cleaned = entity.cleaner.clean(lead.raw)
    if cleaned.faults:
        return Refusal(tuple(cleaned.faults))
    lead_id = new_id()
    vault, wrapped_key = access.vault.new_lead_key(lead_id)
    sealed = None
    blind: Mapping[str, str] = {}
    if cleaned.sealed:
        sealed = vault.seal(dump(cleaned.sealed), purpose=SEALED_VALUES, record_id=lead_id)
        if entity.blind_keys:
            blind = blind_values(entity.specs, cleaned.sealed, access.vault.blind, only=entity.blind_keys)
    view = view_lead(
        cleaned.values,
        lead_id=str(lead_id),
        status=lead.status,
        source=source,
        created_at=now,
        updated_at=now,
        blind=blind,
    )
    return _Draft(
        lead_id=lead_id,
        status=lead.status,
        note=lead.note,
        values=cleaned.values,
        sealed=sealed,
        wrapped_key=wrapped_key,
        unknown=tuple(cleaned.unknown),
        matches=tuple(match(profile, view, now) for profile in entity.profiles),
    )


def _delivery(table: AccountTable, lead_id: UUID, decision: Decision, assignment_id: UUID, partner_id: UUID) -> NewDelivery:
    channel = table.channels[assignment_id]
    return NewDelivery(
        lead_id=lead_id,
        channel_id=channel.id,
        profile_id=decision.profile_id,
        partner_id=partner_id,
        hold_reason=channel.pause_reason,
    )
