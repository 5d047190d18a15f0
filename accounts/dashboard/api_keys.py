"""API keys: made, renamed, revoked. The text of a new one is shown on the page that made it, and never again."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils import timezone

from accounts import api_keys as domain
from accounts.dashboard.forms import DashboardForm
from accounts.dashboard.pages import Page, PageRequest, act, page, saved
from accounts.dashboard.records import record_or_404
from accounts.faults import RefusedChangeError
from accounts.models import SCOPES, ApiKey

_MEANINGS = {
    "intake": "Send leads",
    "read": "Read everything but encrypted values",
    "write": "Change the configuration; resend and cancel deliveries",
    "read:encrypted": "See the values of encrypted fields",
}


class ApiKeyForm(DashboardForm):
    name = forms.CharField(max_length=100, help_text="Where it will be used, such as “Landing pages”.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{_MEANINGS[scope]} ({scope})") for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
        label="What it may do",
        initial=["intake"],
    )
    expires_on = forms.DateField(
        required=False,
        label="Last day of use",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Left empty, the key works until it is revoked.",
    )

    def expires_at(self) -> datetime | None:
        """The end of the last day, in the account's zone."""
        last_day = self.cleaned_data["expires_on"]
        return last_day and timezone.make_aware(datetime.combine(last_day + timedelta(days=1), time.min))


@page("admin")
def api_keys(request: PageRequest) -> Page:
    if request.method != "POST":
        return _list(ApiKeyForm())
    form = ApiKeyForm(request.POST)
    if form.is_valid():
        try:
            record, key = domain.make_api_key(
                request.access, name=form.cleaned_data["name"], scopes=form.cleaned_data["scopes"], expires_at=form.expires_at()
            )
        except RefusedChangeError as refusal:
            form.add_faults(refusal)
        else:
            return _list(ApiKeyForm(), {"new_key": key, "new_record": record})
    return _list(form, status=400)


@act("admin")
def revoke_api_key(request: PageRequest, key_id: str) -> HttpResponse:
    record = record_or_404(ApiKey.objects.select_for_update(), key_id)
    domain.revoke_api_key(request.access, record)
    return saved(request, f"{record.name} was revoked. It opens nothing any more.", "api_keys")


def _list(form: ApiKeyForm, more: Mapping[str, Any] | None = None, *, status: int = 200) -> Page:
    context = {
        "heading": "API keys",
        "form": form,
        "keys": ApiKey.objects.order_by("revoked_at", "-id")[:500],
        "now": timezone.now(),
        **(more or {}),
    }
    return Page("accounts/api_keys.html", context, status=status)
