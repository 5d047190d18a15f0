"""Partners: who receives leads."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from django.db.models import Count, ProtectedError
from django.http import HttpResponse
from django.utils import timezone

from accounts import changes
from accounts.dashboard.pages import Page, PageRequest, act, page, refused, saved
from accounts.dashboard.paging import newest_first
from accounts.dashboard.records import record_or_404
from accounts.faults import RefusedChangeError
from distribution.dashboard.limit_rows import limit_shown
from distribution.dashboard.partner_form import PartnerForm
from distribution.limits import states_of_limits
from distribution.models import Assignment, Partner
from distribution.partners import add_partner, change_partner


@page("read")
def partners(request: PageRequest) -> Page:
    rows = Partner.objects.annotate(profiles=Count("assignments"))
    if wanted := request.GET.get("q", "").strip():
        rows = rows.filter(name__icontains=wanted)
    return Page("distribution/partners.html", {"heading": "Partners", "slice": newest_first(rows, request.GET), "q": wanted}, part="list")


@page("write")
def new_partner(request: PageRequest) -> Page | HttpResponse:
    form = PartnerForm(request.POST or None, initial={"is_active": True, "time_zone": request.account.time_zone})
    if request.method == "POST" and form.is_valid():
        try:
            partner = add_partner(request.access, form.values())
        except RefusedChangeError as refusal:
            form.add_faults(refusal)
        else:
            return saved(request, f"{partner.name} is a partner now.", "partner", partner.id)
    form.fields["name"].widget.attrs["autofocus"] = not form.errors
    return _form_page("New partner", form)


@page("read")
def partner(request: PageRequest, partner_id: str) -> Page:
    found = record_or_404(Partner.objects.all(), partner_id)
    assignments = Assignment.objects.filter(partner=found).select_related("profile__entity").order_by("profile__name")
    limits = [limit_shown(state) for state in states_of_limits(found, timezone.now())]
    context = {"heading": found.name, "partner": found, "assignments": assignments, "limits": limits}
    return Page("distribution/partner.html", context)


@page("write")
def edit_partner(request: PageRequest, partner_id: str) -> Page | HttpResponse:
    rows = Partner.objects.select_for_update() if request.method == "POST" else Partner.objects.all()
    found = record_or_404(rows, partner_id)
    form = PartnerForm(request.POST or None, initial=PartnerForm.initial_of(found))
    if request.method == "POST" and form.is_valid():
        try:
            change_partner(request.access, found, form.values())
        except RefusedChangeError as refusal:
            form.add_faults(refusal)
        else:
            return saved(request, f"{found.name} is saved.", "partner", found.id)
    return _form_page(f"Edit {found.name}", form, {"partner": found})


@act()
def delete_partner(request: PageRequest, partner_id: str) -> HttpResponse:
    found = record_or_404(Partner.objects.select_for_update(), partner_id)
    try:
        changes.delete(request.access, found)
    except ProtectedError:
        return refused(
            request, f"{found.name} is in a profile or got leads, so it stays for the log. Make it inactive instead.", "partner", found.id
        )
    return saved(request, f"{found.name} is deleted.", "partners")


def _form_page(heading: str, form: PartnerForm, more: Mapping[str, Any] | None = None) -> Page:
    context = {"heading": heading, "form": form, "time_zones": sorted(available_timezones()), **(more or {})}
    return Page("distribution/partner_form.html", context, status=400 if form.errors else 200)
