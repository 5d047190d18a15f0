"""A lead added by hand, after a look at who would get it."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db import transaction
from django.http import Http404, HttpResponse

from accounts.dashboard.pages import Page, PageRequest, page, saved
from delivery.wake import wake
from distribution.entities import find_entity
from distribution.entity_table import specs_of
from distribution.models import Entity, LeadSource
from intake.answers import warnings_of
from intake.api.fields import MAX_NOTE
from intake.dry_run import rehearse
from intake.pipeline import IncomingLead, Receipt, Refusal, Repeat, receive_lead
from intake.value_form import ValueForm


class NewLeadForm(ValueForm):
    note = forms.CharField(
        required=False, max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 2}), help_text="Stays with the lead; no partner gets it."
    )


@page("write")
def new_lead(request: PageRequest, entity_id: str) -> Page | HttpResponse:
    """A POST adds it; with `rehearse` it only tells who would get it."""
    entity = find_entity(entity_id)
    if entity is None:
        raise Http404
    form = NewLeadForm(request.POST or None, specs=specs_of(entity), zone=ZoneInfo(request.account.time_zone))
    rehearsal: Mapping[str, Any] | None = None
    if request.method == "POST" and form.is_valid():
        if "rehearse" in request.POST:
            rehearsal = _rehearsed(request, entity, form)
        elif (answer := _received(request, entity, form)) is not None:
            transaction.on_commit(wake)
            return saved(request, _told(answer, entity), "lead", answer.lead_id)
    context = {
        "heading": "New lead",
        "entity": entity,
        "entities": Entity.objects.order_by("name").only("slug", "name")[:200],
        "form": form,
        "rehearsal": rehearsal,
    }
    return Page("intake/new_lead.html", context, status=400 if form.errors else 200)


def _received(request: PageRequest, entity: Entity, form: NewLeadForm) -> Receipt | Repeat | None:
    """None: refused, and each fault stands at its field."""
    incoming = IncomingLead(form.raw(), note=form.cleaned_data["note"])
    answer = receive_lead(request.access, entity.slug, incoming, source=LeadSource.MANUAL, request_id=request.access.request_id)
    if isinstance(answer, Refusal):
        form.add_lead_faults(answer.faults)
        return None
    return answer


def _rehearsed(request: PageRequest, entity: Entity, form: NewLeadForm) -> Mapping[str, Any] | None:
    """The real thing, undone."""
    with transaction.atomic():
        answer = _received(request, entity, form)
        rehearsal = rehearse(request.access, answer) if answer else None
        transaction.set_rollback(True)
    return rehearsal


def _told(answer: Receipt | Repeat, entity: Entity) -> str:
    if isinstance(answer, Repeat):
        return " ".join(warnings_of(answer, entity.slug))
    number = len(answer.deliveries)
    if not number:
        return "The lead is stored. It goes to nobody; the reasons are below."
    return f"The lead is stored, and goes to {number} partner{'' if number == 1 else 's'}."
