"""Leads that were stored earlier, as rules saw them when they came."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.vault import AccountVault
from distribution.fields import FieldSpec
from distribution.lead_values import read_values
from distribution.models import Lead
from distribution.rules import LeadView, blind_values, view_lead

_CHUNK = 200
_COLUMNS = ("id", "account_id", "values", "sealed", "wrapped_key", "status", "source", "created_at")


@dataclass(frozen=True, slots=True)
class PastLead:
    """plain, secret: its values by whether their fields are encrypted now, both in clear."""

    id: UUID
    came_at: datetime
    view: LeadView
    plain: Mapping[str, Any]
    secret: Mapping[str, Any]


def past_leads(entity_id: UUID) -> QuerySet[Lead]:
    """The Entity's leads, newest first; of erased ones nothing is left to look at."""
    return Lead.objects.filter(entity_id=entity_id, erased_at=None).only(*_COLUMNS).order_by("-id")


class LeadReader:
    """Opens stored leads. blind_keys: the encrypted fields that some rule asks for."""

    def __init__(self, vault: AccountVault, specs: Sequence[FieldSpec], *, blind_keys: frozenset[str]) -> None:
        self._vault = vault
        self._specs = specs
        self._blind_keys = blind_keys

    def read(self, lead: Lead) -> PastLead:
        plain, secret = read_values(self._vault, lead, self._specs)
        view = view_lead(
            plain,
            lead_id=str(lead.id),
            status=lead.status,
            source=lead.source,
            created_at=lead.created_at,
            updated_at=lead.created_at,
            blind=blind_values(self._specs, secret, self._vault.blind, only=self._blind_keys) if self._blind_keys else {},
        )
        return PastLead(lead.id, lead.created_at, view, plain, secret)

    def read_all(self, leads: QuerySet[Lead]) -> Iterator[PastLead]:
        """In the order of the query. Holds a few hundred at a time."""
        for lead in leads.iterator(chunk_size=_CHUNK):
            yield self.read(lead)
