"""The leads list's filters as they stand in the address of its page."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.http import QueryDict
from django.utils import timezone

from accounts.access import Access
from accounts.dashboard.forms import DashboardForm
from accounts.ids import first_id_of
from delivery.models import Delivery
from distribution.models import Entity, Lead, LeadSource
from intake.dashboard.lead_search import as_id, find_by_text

# Whatever no index finds is looked for in so many of the newest leads; beyond them one narrows the dates.
LOOKED_AT = 5_000
# An id is made within this of the moment that stands on its lead.
_SLACK = timedelta(minutes=10)
_SOURCES = {LeadSource.API: "API", LeadSource.FORM: "Form", LeadSource.CSV: "CSV file", LeadSource.MANUAL: "By hand"}


class LeadFilter(DashboardForm):
    use_required_attribute = False
    q = forms.CharField(
        required=False, max_length=200, label="Search", widget=forms.SearchInput(attrs={"placeholder": "Name, email or id"})
    )
    source = forms.ChoiceField(required=False, choices=[("", "All"), *_SOURCES.items()])
    delivered = forms.ChoiceField(required=False, label="Went to", choices=[("", "All"), ("all", "Somebody"), ("none", "Nobody")])
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        self.is_valid()

    @property
    def text(self) -> str:
        return str(self.cleaned_data.get("q") or "").strip()

    @property
    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.get(name) for name in ("q", "source", "delivered", "since", "until"))

    @property
    def is_looked_for(self) -> bool:
        """Whether only the newest leads are gone through."""
        return any(self.cleaned_data.get(name) for name in ("q", "source", "delivered")) and as_id(self.text) is None

    def rows(self, access: Access, *, entity: Entity | None, entities: Sequence[Entity]) -> QuerySet[Lead]:
        """What is valid narrows; the rest shows its fault. entity: None for all of them. entities: all, with their fields loaded."""
        of_time = self._within_time(Lead.objects.filter(entity=entity) if entity else Lead.objects.all())
        given = self.cleaned_data
        newest = of_time.order_by("-id")[:LOOKED_AT]
        if self.text:
            found = find_by_text(access, self.text, entities=[entity] if entity else entities, newest=newest)
            # Whoever pastes an id wants that lead, whatever the other filters say.
            rows = Lead.objects.filter(id__in=found) if as_id(self.text) else of_time.filter(id__in=found)
        else:
            rows = of_time.filter(id__in=newest.values("id")) if self.is_looked_for else of_time
        if source := given.get("source"):
            rows = rows.filter(source=source)
        if went := given.get("delivered"):
            # As the overview counts them.
            sent = Exists(Delivery.objects.filter(lead=OuterRef("pk")))
            rows = rows.filter(sent) if went == "all" else rows.filter(~sent, erased_at=None)
        return rows

    def _within_time(self, rows: QuerySet[Lead]) -> QuerySet[Lead]:
        given: dict[str, Any] = self.cleaned_data
        if since := given.get("since"):
            rows = rows.filter(id__gte=first_id_of(_midnight(since) - _SLACK), created_at__gte=_midnight(since))
        if until := given.get("until"):
            end = _midnight(until + timedelta(days=1))
            rows = rows.filter(id__lt=first_id_of(end + _SLACK), created_at__lt=end)
        return rows


def _midnight(day: date) -> datetime:
    """In the account's zone."""
    return timezone.make_aware(datetime.combine(day, time.min))
