"""A clean lead on its way through its transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.access import Access
from accounts.ids import new_id
from accounts.vault import LeadVault
from delivery.enqueue import NewDelivery
from distribution.fields import Cleaned
from distribution.lead_values import seal_values
from distribution.routing import Decision
from distribution.store import LeadRow
from intake.people import Digests, Repetition


@dataclass(frozen=True, slots=True)
class IncomingLead:
    """raw: every key that is not one of intake's own."""

    raw: Mapping[str, Any]
    status: str = "new"
    note: str = ""


@dataclass(slots=True)
class Draft:
    """A new lead that is not stored yet. values, sealed: plain and encrypted, both in clear until `row`."""

    id: UUID
    incoming: IncomingLead
    values: dict[str, Any]
    sealed: dict[str, Any]
    unknown: tuple[str, ...]
    digests: Digests
    repetition: Repetition | None
    vault: LeadVault
    wrapped_key: bytes
    decisions: tuple[Decision, ...] = ()
    deliveries: tuple[tuple[NewDelivery, str], ...] = ()  # with the partner's name

    def merge(self, cleaned: Cleaned) -> None:
        """Another lead of the same batch brought these values for the same person."""
        plain, sealed = given_values(cleaned)
        self.values |= plain
        self.sealed |= sealed

    def row(self) -> LeadRow:
        sealed = seal_values(self.vault, self.sealed, lead_id=self.id)
        duplicate_of = self.repetition.of.lead_id if self.repetition else None
        return LeadRow(
            self.id, self.incoming.status, self.values, sealed, self.wrapped_key, self.incoming.note, self.decisions, duplicate_of
        )


def draft(access: Access, incoming: IncomingLead, cleaned: Cleaned, digests: Digests, repetition: Repetition | None) -> Draft:
    lead_id = new_id()
    vault, wrapped_key = access.vault.new_lead_key(lead_id)
    return Draft(
        lead_id, incoming, cleaned.values, cleaned.sealed, tuple(cleaned.unknown), digests, repetition, vault, wrapped_key
    )  # fmt: skip


def given_values(cleaned: Cleaned) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plain and the encrypted values that the lead itself brought, without defaults: what may overwrite an earlier lead's."""
    defaulted = set(cleaned.defaulted)
    plain = {key: value for key, value in cleaned.values.items() if key not in defaulted}
    return plain, {key: value for key, value in cleaned.sealed.items() if key not in defaulted}
