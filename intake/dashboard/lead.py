"""One lead, and what may be done with it: revealed, distributed again, erased."""

from typing import Any

from django.db import transaction
from django.db.models import Prefetch
from django.http import HttpResponse

from accounts import audit
from accounts.dashboard.pages import Page, PageRequest, act, page, refused, saved
from accounts.dashboard.records import record_or_404
from accounts.faults import ConflictError
from delivery.erasure import erase_lead as erase
from delivery.models import Delivery
from distribution.entity_table import specs_of
from distribution.fields import lead_name
from distribution.lead_values import arrange
from distribution.models import Decision, Lead
from intake.dashboard.lead_story import is_moving, journeys_of, values_of
from intake.redistributing import Redistribution, redistribute


@page("read")
def lead(request: PageRequest, lead_id: str) -> Page:
    return _lead_page(request, _find(lead_id))


# By a POST alone, so that no link reveals anything: that somebody looked stands in the audit log.
@act("admin")
def reveal_lead(request: PageRequest, lead_id: str) -> Page:
    found = _find(lead_id)
    if found.erased_at is None:
        audit.note(request.access, "revealed", found, changes={})
    return _lead_page(request, found, is_revealed=True)


@act()
def erase_lead(request: PageRequest, lead_id: str) -> HttpResponse:
    found = _find(lead_id)
    erase(request.access, found)
    return saved(request, "The lead is erased: its values, its note, and every body in the log that was made from it.", "lead", found.id)


@page("write")
def redistribute_lead(request: PageRequest, lead_id: str) -> Page | HttpResponse:
    """GET tells who would get it now."""
    found = _find(lead_id)
    try:
        if request.method == "POST":
            made = redistribute(request.access, found, sends_again="sends_again" in request.POST)
            return saved(request, _told(made), "lead", found.id)
        rehearsed = _rehearsed(request, found)
    except ConflictError as conflict:
        return refused(request, str(conflict), "lead", found.id)
    context = {
        "heading": f"Distribute {_name(found)} again",
        "lead": found,
        "decisions": [decision.as_json() for decision in rehearsed.decisions],
        "receivers": [name for _, name in rehearsed.deliveries],
    }
    return Page("intake/redistribute.html", context)


def _rehearsed(request: PageRequest, found: Lead) -> Redistribution:
    """The real thing, undone."""
    with transaction.atomic():
        rehearsed = redistribute(request.access, found, sends_again=False)
        transaction.set_rollback(True)
    return rehearsed


def _told(made: Redistribution) -> str:
    number = len(made.deliveries)
    if not number:
        return "The lead was routed again. Nobody else gets it; the decisions below say why."
    return f"The lead was routed again: {number} new deliver{'y' if number == 1 else 'ies'}."


def _find(lead_id: str) -> Lead:
    deliveries = Delivery.objects.select_related("profile", "partner", "channel__health").order_by("id")
    rows = Lead.objects.select_related("entity").prefetch_related(
        "entity__fields", Prefetch("deliveries", deliveries), Prefetch("decisions", Decision.objects.order_by("-id"))
    )
    return record_or_404(rows, lead_id)


def _lead_page(request: PageRequest, found: Lead, *, is_revealed: bool = False) -> Page:
    deliveries = list(found.deliveries.all())
    context: dict[str, Any] = {
        "heading": _name(found),
        "lead": found,
        "values": values_of(request.access, found, is_revealed=is_revealed),
        "has_encrypted": found.erased_at is None and any(field.is_encrypted for field in found.entity.fields.all()),
        "is_revealed": is_revealed,
        "decisions": [decision.detail for decision in found.decisions.all()],
        "journeys": journeys_of(deliveries),
        "is_moving": is_moving(deliveries),
    }
    return Page("intake/lead.html", context, part="journeys")


def _name(found: Lead) -> str:
    if found.erased_at is not None:
        return "Erased lead"
    specs = specs_of(found.entity)
    plain, _ = arrange(specs, found.values, {})
    return lead_name(specs, plain, found.entity.display_field)
