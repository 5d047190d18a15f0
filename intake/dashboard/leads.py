"""The leads of an Entity, with its fields as columns and what became of each; or of all Entities together."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.audit import MASK
from accounts.dashboard.pages import Page, PageRequest, page
from accounts.dashboard.paging import Slice, newest_first
from delivery.models import Delivery
from distribution.entity_table import specs_of
from distribution.fields import FieldSpec, display_text, lead_name
from distribution.lead_values import arrange
from distribution.models import Entity, Lead
from intake.dashboard.lead_filter import LOOKED_AT, LeadFilter

_COLUMNS = 4
_MOST_ENTITIES = 200


@dataclass(frozen=True, slots=True)
class Cell:
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """name: empty once the lead is erased. states: how many of its deliveries stand where."""

    lead: Lead
    name: str
    entity: Entity
    cells: list[Cell]
    states: list[tuple[str, int]]


@page("read")
def leads(request: PageRequest) -> Page:
    entities = list(Entity.objects.order_by("name").prefetch_related("fields")[:_MOST_ENTITIES])
    entity = _chosen(entities, request.GET.get("entity", ""))
    form = LeadFilter(request.GET)
    rows = form.rows(request.access, entity=entity, entities=entities).defer("sealed", "wrapped_key", "note")
    found = newest_first(rows, request.GET)
    columns = _columns(entity) if entity else []
    context: dict[str, Any] = {
        "heading": "Leads",
        "entities": entities,
        "entity": entity,
        "form": form,
        "looked_at": LOOKED_AT,
        "columns": [spec.label for spec in columns],
        "slice": Slice(_rows(found.rows, entities, columns), found.newer, found.older),
        "is_newest": not found.newer,
    }
    return Page("intake/leads.html", context, part="list")


def _chosen(entities: Sequence[Entity], slug: str) -> Entity | None:
    """None: all of them. With one alone there is nothing to choose."""
    if len(entities) == 1:
        return entities[0]
    return next((one for one in entities if one.slug == slug), None)


def _columns(entity: Entity) -> list[FieldSpec]:
    """The first fields but for the one that a lead mostly goes by."""
    specs = specs_of(entity)
    plain_texts = [spec.key for spec in specs if spec.type == "text" and not spec.is_encrypted]
    name = entity.display_field or next(iter(plain_texts), "")
    return [spec for spec in specs if spec.key != name][:_COLUMNS]


def _rows(found: Sequence[Lead], entities: Sequence[Entity], columns: Sequence[FieldSpec]) -> list[Row]:
    states = _states([lead.id for lead in found])
    by_id = {entity.id: entity for entity in entities}
    return [_row(lead, by_id[lead.entity_id], columns, states[lead.id]) for lead in found if lead.entity_id in by_id]


def _row(lead: Lead, entity: Entity, columns: Sequence[FieldSpec], states: Mapping[str, int]) -> Row:
    specs = specs_of(entity)
    # What is encrypted by now may still lie among the plain values.
    plain, _ = arrange(specs, lead.values, {})
    is_erased = lead.erased_at is not None
    cells = [
        Cell(spec.label, "" if is_erased else MASK if spec.is_encrypted else display_text(spec, plain.get(spec.key))) for spec in columns
    ]
    return Row(lead, "" if is_erased else lead_name(specs, plain, entity.display_field), entity, cells, sorted(states.items()))


def _states(lead_ids: Sequence[UUID]) -> defaultdict[UUID, Counter[str]]:
    """For the whole page at once."""
    found: defaultdict[UUID, Counter[str]] = defaultdict(Counter)
    for lead_id, state, number in Delivery.objects.filter(lead_id__in=lead_ids, is_test=False).count_by_lead():
        if lead_id:
            found[lead_id][state] = number
    return found
