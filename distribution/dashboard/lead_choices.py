"""Leads that something can be tried with: the last that came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from distribution.fields import FieldSpec, lead_name
from distribution.models import Entity, Lead

MAX_OFFERED = 20


@dataclass(frozen=True, slots=True)
class LeadChoice:
    id: UUID
    name: str
    came: datetime


def recent_leads(entity: Entity, specs: Sequence[FieldSpec]) -> list[LeadChoice]:
    """Newest first, without those that were erased."""
    rows = Lead.objects.filter(entity=entity, erased_at=None).only("id", "values", "created_at").order_by("-id")
    return [LeadChoice(lead.id, lead_name(specs, lead.values, entity.display_field), lead.created_at) for lead in rows[:MAX_OFFERED]]
