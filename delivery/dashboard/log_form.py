"""The log's filters as they stand in the address of its page."""

from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from accounts.dashboard.forms import DashboardForm
from delivery.log_filter import LogFilter, find_deliveries
from delivery.models import Delivery, DeliveryState
from distribution.models import Lead, Partner, Profile

# The tabs: their name in the address, their label, and the states they show.
TABS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("All", ()),
    "delivered": ("Delivered", (DeliveryState.DELIVERED,)),
    "waiting": ("On their way", (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.COLLECTING)),
    "held": ("Held", (DeliveryState.HELD,)),
    "rejected": ("Rejected", (DeliveryState.REJECTED,)),
    "failed": ("Failed", (DeliveryState.FAILED,)),
    "cancelled": ("Cancelled", (DeliveryState.CANCELLED,)),
}
# A word is looked for in so many of the newest leads; beyond them one searches by id, or narrows the dates.
SEARCHED_LEADS = 5_000
_MAX_FOUND = 500


class LogForm(DashboardForm):
    use_required_attribute = False
    q = forms.CharField(required=False, max_length=200, label="Lead", widget=forms.SearchInput(attrs={"placeholder": "Name, email or id"}))
    profile = forms.ChoiceField(required=False)
    partner = forms.ChoiceField(required=False)
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))
    channel = forms.UUIDField(required=False, widget=forms.HiddenInput)
    lead = forms.UUIDField(required=False, widget=forms.HiddenInput)
    state = forms.ChoiceField(required=False, choices=[(name, label) for name, (label, _) in TABS.items()], widget=forms.HiddenInput)

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        for name, rows in (("profile", Profile.objects), ("partner", Partner.objects)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            known = rows.order_by("name").values_list("id", "name")[:500]
            field.choices = [("", "All"), *((str(record_id), label) for record_id, label in known)]
        self.is_valid()

    @property
    def tab(self) -> str:
        return str(self.cleaned_data.get("state", ""))

    @property
    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.get(name) for name in ("q", "profile", "partner", "since", "until", "channel", "lead"))

    def wanted(self, *, states: tuple[str, ...] | None = None) -> LogFilter:
        """What is valid of it; the rest shows its fault, and narrows nothing. states: others than the tab's."""
        given, found = self.cleaned_data, self._found_by_text
        return LogFilter(
            ids=found.ids,
            lead=found.lead or given.get("lead"),
            states=TABS[self.tab][1] if states is None else states,
            channel=given.get("channel"),
            profile=_id(given.get("profile")),
            partner=_id(given.get("partner")),
            since=_midnight(given.get("since")),
            until=_midnight(given.get("until"), days=1),
        )

    def rows(self) -> QuerySet[Delivery]:
        return find_deliveries(self.wanted())

    @cached_property
    def _found_by_text(self) -> LogFilter:
        """An id is a lead's or a delivery's; a word is looked for in the plain values of the newest leads."""
        text = str(self.cleaned_data.get("q") or "").strip()
        if not text:
            return LogFilter()
        if (record_id := _id(text)) is not None:
            return LogFilter(lead=record_id) if Lead.objects.filter(id=record_id).exists() else LogFilter(ids=(record_id,))
        newest = Lead.objects.order_by("-id").values("id")[:SEARCHED_LEADS]
        leads = Lead.objects.filter(id__in=newest, values__icontains=text).values_list("id", flat=True)[:_MAX_FOUND]
        ids = Delivery.objects.filter(lead_id__in=list(leads)).order_by("-id").values_list("id", flat=True)[:_MAX_FOUND]
        return LogFilter(ids=tuple(ids) or (UUID(int=0),))


def _id(text: Any) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _midnight(day: date | None, *, days: int = 0) -> datetime | None:
    """In the account's zone."""
    return None if day is None else timezone.make_aware(datetime.combine(day + timedelta(days=days), time.min))
