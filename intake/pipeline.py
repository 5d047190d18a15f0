"""A lead comes in: cleaned, compared with those that are known, sealed, routed, stored and queued, in one transaction. The one way for every source."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from accounts.access import Access
from delivery.enqueue import NewDelivery, enqueue
from distribution.duplicates import DuplicateRule
from distribution.entity_table import EntityTable
from distribution.fields import Cleaned, Fault
from distribution.lead_matches import store_matches
from distribution.routing import Decision
from distribution.store import store_leads
from intake.drafts import Draft, IncomingLead, draft
from intake.people import Digests, People, Repetition, digests_of_lead
from intake.repetitions import count_repeats, merge_into
from intake.routing import deliveries_of, route
from intake.routing_cache import AccountTable, account_table

__all__ = ["IncomingLead", "Receipt", "Refusal", "Repeat", "UnknownEntityError", "receive_lead", "receive_leads"]


class UnknownEntityError(Exception):
    """No Entity of this account has that slug or id."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A lead that was stored, and where it went. repetition: the earlier lead of the same person, where the Entity stores such all the same."""

    lead_id: UUID
    created_at: datetime
    deliveries: tuple[tuple[NewDelivery, str], ...]  # with the partner's name
    decisions: tuple[Decision, ...]
    unknown: tuple[str, ...]
    repetition: Repetition | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """A lead that was not stored anew, since it repeats an earlier one. is_merged: its values were put into that one. It goes to nobody."""

    repetition: Repetition
    is_merged: bool
    unknown: tuple[str, ...]

    @property
    def lead_id(self) -> UUID:
        return self.repetition.of.lead_id


@dataclass(frozen=True, slots=True)
class Refusal:
    """A lead that was not stored."""

    faults: tuple[Fault, ...]


type Answer = Receipt | Repeat | Refusal


def receive_lead(access: Access, entity: str, lead: IncomingLead, *, source: str, request_id: str = "") -> Answer:
    """Take in one lead. Call it in a transaction that has the account set, and ring `wake` after the commit. Raises UnknownEntityError."""
    return receive_leads(access, entity, [lead], source=source, request_id=request_id)[0]


def receive_leads(
    access: Access,
    entity: str,
    leads: Sequence[IncomingLead],
    *,
    source: str,
    request_id: str = "",
    is_routed: bool = True,
    on_duplicate: str | None = None,
) -> list[Answer]:
    """The same for many of one Entity: the good ones are stored, in the order given, each answered at its place.

    is_routed: False stores them and sends them to nobody. on_duplicate: one of distribution.duplicates.ACTIONS instead of the Entity's own.
    """
    table = account_table(access)
    entity_table = table.entities.get(entity)
    if entity_table is None:
        raise UnknownEntityError(entity)
    rule = replace(entity_table.duplicates, action=on_duplicate) if on_duplicate else entity_table.duplicates
    batch = _Batch(access, table, entity_table, rule, source, request_id, timezone.now())
    batch.sort_out(leads)
    # Before turns and caps are locked: everybody locks leads first.
    batch.count_repeats(of_this_batch=False)
    if is_routed and entity_table.profiles:
        route(batch.access, entity_table, list(batch.new.values()), batch.people, source=source, now=batch.now)
    batch.store()
    batch.count_repeats(of_this_batch=True)
    return batch.answers()


@dataclass(slots=True)
class _Batch:
    """The leads of one call, and what becomes of each."""

    access: Access
    table: AccountTable
    entity: EntityTable
    rule: DuplicateRule
    source: str
    request_id: str
    now: datetime
    places: list[Draft | Repeat | Refusal] = field(default_factory=list)
    new: dict[UUID, Draft] = field(default_factory=dict)
    people: People = field(init=False)

    def sort_out(self, leads: Sequence[IncomingLead]) -> None:
        cleaned = [self.entity.cleaner.clean(lead.raw) for lead in leads]
        digests = [self._digests(one) for one in cleaned]
        self.people = People(self.entity.id, self.rule, digests, self.now)
        for lead, clean, person in zip(leads, cleaned, digests, strict=True):
            self.places.append(Refusal(tuple(clean.faults)) if clean.faults else self._place(lead, clean, person))

    def _digests(self, cleaned: Cleaned) -> Digests:
        if cleaned.faults or not self.rule.keys:
            return {}
        return digests_of_lead(self.rule, {**cleaned.values, **cleaned.sealed}, self.access.vault.blind, self.entity.id)

    def _place(self, lead: IncomingLead, cleaned: Cleaned, digests: Digests) -> Draft | Repeat:
        repetition = self.people.repeated_by(digests)
        if repetition and self.rule.action == "skip":
            return Repeat(repetition, is_merged=False, unknown=tuple(cleaned.unknown))
        if repetition and self.rule.action == "update":
            if self._merge(repetition, cleaned, digests):
                return Repeat(repetition, is_merged=True, unknown=tuple(cleaned.unknown))
            # Erased since it was found: this lead is the first of its person again.
            repetition = None
        new = draft(self.access, lead, cleaned, digests, repetition)
        self.new[new.id] = new
        self.people.remember(digests, new.id)
        return new

    def _merge(self, repetition: Repetition, cleaned: Cleaned, digests: Digests) -> bool:
        if of_this_batch := self.new.get(repetition.of.lead_id):
            of_this_batch.merge(cleaned)
            return True
        return merge_into(self.access, repetition.of.lead_id, cleaned, digests, specs=self.entity.specs, now=self.now)

    def count_repeats(self, *, of_this_batch: bool) -> None:
        repeated = [place.lead_id for place in self.places if isinstance(place, Repeat)]
        count_repeats([lead_id for lead_id in repeated if (lead_id in self.new) is of_this_batch], now=self.now)

    def store(self) -> None:
        account_id, entity_id = self.access.account_id, self.entity.id
        drafts = list(self.new.values())
        if drafts:
            rows = [new.row() for new in drafts]
            store_leads(rows, account_id=account_id, entity_id=entity_id, source=self.source, request_id=self.request_id, now=self.now)
            matches = [(new.id, digest, self.now) for new in drafts for digest in new.digests]
            store_matches(matches, account_id=account_id, entity_id=entity_id)
            for new in drafts:
                new.deliveries = deliveries_of(self.table, new.id, new.decisions)
            enqueue([delivery for new in drafts for delivery, _ in new.deliveries], account_id=account_id, now=self.now)

    def answers(self) -> list[Answer]:
        return [self._receipt(place) if isinstance(place, Draft) else place for place in self.places]

    def _receipt(self, new: Draft) -> Receipt:
        return Receipt(new.id, self.now, new.deliveries, new.decisions, new.unknown, new.repetition)
