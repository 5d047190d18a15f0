"""The audit log: who changed what, from what to what; filtered by the query string, and as CSV."""

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone

from accounts.dashboard.forms import DashboardForm
from accounts.dashboard.pages import Page, PageRequest, page
from accounts.dashboard.paging import newest_first
from accounts.ids import first_id_of
from accounts.isolation import account_scope
from accounts.models import AuditEvent
from accounts.spreadsheet import csv_lines, defused

_EXPORTED = ("at", "actor_kind", "actor_label", "action", "object_type", "object_id", "object_label", "changes", "request_id")
_EXPORTED_AT_ONCE = 1000


class AuditFilter(DashboardForm):
    use_required_attribute = False
    who = forms.CharField(required=False, max_length=254, label="Who", widget=forms.TextInput(attrs={"placeholder": "Name or address"}))
    what = forms.CharField(required=False, max_length=200, label="What", widget=forms.TextInput(attrs={"placeholder": "Helios Direct"}))
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def narrowed(self, rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """By the filters that are valid; the others show their fault and narrow nothing."""
        wanted = self.cleaned_data if self.is_valid() else {**self.cleaned_data}
        if who := wanted.get("who"):
            rows = rows.filter(actor_label__icontains=who)
        if what := wanted.get("what"):
            rows = rows.filter(object_label__icontains=what)
        if since := wanted.get("since"):
            rows = rows.filter(id__gte=first_id_of(_midnight(since)))
        if until := wanted.get("until"):
            rows = rows.filter(id__lt=first_id_of(_midnight(until + timedelta(days=1))))
        return rows

    def is_narrowed(self) -> bool:
        return any(self.data.get(name) for name in self.fields)


def _midnight(day: date) -> datetime:
    """In the account's zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


@page("admin")
def audit(request: PageRequest) -> Page:
    form = AuditFilter(request.GET)
    rows = form.narrowed(AuditEvent.objects.all())
    return Page("accounts/audit.html", {"heading": "Audit log", "form": form, "slice": newest_first(rows, request.GET)}, part="log")


@page("admin")
def export_audit(request: PageRequest) -> HttpResponse:
    rows = AuditFilter(request.GET).narrowed(AuditEvent.objects.all())
    answer = StreamingHttpResponse(_csv(request, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="audit-{request.account.slug}.csv"'
    return answer  # type: ignore[return-value]  # as good as one, for all that a page does with it


def _csv(request: PageRequest, rows: QuerySet[AuditEvent]) -> Iterator[str]:
    """Piece by piece: the view's transaction is over by the time these are sent, so that each opens the account anew."""
    yield csv_lines([_EXPORTED])
    last = None
    while True:
        with account_scope(request.access.account_id):
            page_rows = list((rows.filter(id__lt=last) if last else rows).order_by("-id")[:_EXPORTED_AT_ONCE])
        if not page_rows:
            return
        yield csv_lines([defused(_text(getattr(event, name))) for name in _EXPORTED] for event in page_rows)
        last = page_rows[-1].id


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
