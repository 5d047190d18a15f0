"""Sent again and cancelled: one delivery, the selected, or all that the filters find."""

from uuid import UUID

from django import forms
from django.http import HttpResponse

from accounts.dashboard.forms import DashboardForm
from accounts.dashboard.pages import Page, PageRequest, act, page, refused, saved
from accounts.dashboard.records import record_or_404
from accounts.faults import ConflictError
from accounts.ids import new_id
from delivery.cancelling import cancel_delivery, start_cancelling
from delivery.dashboard.log_form import LogForm
from delivery.log_filter import LogFilter
from delivery.models import Delivery
from delivery.picking import count_all
from delivery.resending import MAX_PER_SECOND, PER_SECOND, resend, start_resend

_MOST_SELECTED = 200


class ManyForm(DashboardForm):
    rendering = forms.ChoiceField(
        label="What is sent",
        choices=[("original", "The same bytes once more"), ("fresh", "Made anew from the lead and the channel as they are now")],
        widget=forms.RadioSelect,
        initial="original",
    )
    per_second = forms.IntegerField(
        label="Deliveries a second",
        min_value=1,
        max_value=MAX_PER_SECOND,
        initial=PER_SECOND,
        help_text="So that partners are not overrun.",
    )


@act()
def resend_delivery(request: PageRequest, delivery_id: str) -> HttpResponse:
    found = _find(delivery_id)
    rendering = "fresh" if request.POST.get("rendering") == "fresh" else "original"
    try:
        resend(request.access, found, rendering=rendering)
    except ConflictError as conflict:
        return refused(request, str(conflict), "delivery", found.id)
    return saved(request, "It is queued again, and goes out within a second or two.", "delivery", found.id)


@act()
def cancel_one(request: PageRequest, delivery_id: str) -> HttpResponse:
    found = _find(delivery_id)
    try:
        cancel_delivery(request.access, found)
    except ConflictError as conflict:
        return refused(request, str(conflict), "delivery", found.id)
    return saved(request, "It is cancelled: the partner does not get this lead.", "delivery", found.id)


@page("write")
def resend_many(request: PageRequest) -> Page | HttpResponse:
    """GET tells how many it would be; the filters stand in the address, selected ones as `id`."""
    wanted = _wanted(request)
    form = ManyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        job = start_resend(request.access, wanted, **form.cleaned_data)
        return saved(request, "They are being sent again.", "job", job.id)
    context = {"heading": "Resend deliveries", "form": form, "count": count_all(wanted, until=new_id()), "query": request.GET.urlencode()}
    return Page("delivery/resend_many.html", context, status=400 if form.errors else 200)


@page("write")
def cancel_many(request: PageRequest) -> Page | HttpResponse:
    wanted = _wanted(request)
    if request.method == "POST":
        job = start_cancelling(request.access, wanted)
        return saved(request, "They are being cancelled.", "job", job.id)
    context = {"heading": "Cancel deliveries", "count": count_all(wanted, until=new_id()), "query": request.GET.urlencode()}
    return Page("delivery/cancel_many.html", context)


def _find(delivery_id: str) -> Delivery:
    rows = Delivery.objects.filter(is_digest=False).select_for_update(of=("self",)).select_related("channel", "lead")
    return record_or_404(rows, delivery_id)


def _wanted(request: PageRequest) -> LogFilter:
    selected = request.GET.getlist("id")[:_MOST_SELECTED]
    if not selected:
        return LogForm(request.GET).wanted()
    return LogFilter(ids=tuple(found for text in selected if (found := _id(text))) or (UUID(int=0),))


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
