"""Settings of the account."""

from zoneinfo import available_timezones

from django import forms
from django.http import HttpResponse

from accounts.account_settings import change_account
from accounts.dashboard.forms import DashboardForm
from accounts.dashboard.pages import Page, PageRequest, page, saved
from accounts.faults import RefusedChangeError
from accounts.models import Account


class SettingsForm(DashboardForm):
    name = forms.CharField(max_length=100, label="Name of the account")
    time_zone = forms.CharField(
        max_length=64,
        label="Time zone",
        widget=forms.TextInput(attrs={"list": "time-zones"}),
        help_text="Times on these pages are shown in it.",
    )
    default_region = forms.CharField(
        max_length=2,
        label="Country of phone numbers",
        help_text="Two letters, such as US. For numbers that come without a country code.",
    )
    log_days = forms.IntegerField(
        min_value=7,
        max_value=400,
        label="Days the delivery log is kept",
        help_text="After that, what was sent and answered is removed. Leads stay.",
    )
    is_http_allowed = forms.BooleanField(
        required=False,
        label="Webhooks may go to http:// addresses",
        help_text="Unencrypted: whoever stands between you and the partner can read the leads.",
    )


_NAMES = ("name", "time_zone", "default_region", "log_days", "is_http_allowed")


@page("read", to_change="admin")
def settings(request: PageRequest) -> Page | HttpResponse:
    account = Account.objects.select_for_update().get() if request.method == "POST" else request.account
    form = SettingsForm(request.POST or None, initial={name: getattr(account, name) for name in _NAMES})
    if request.method == "POST" and form.is_valid():
        try:
            change_account(request.access, account, form.cleaned_data)
        except RefusedChangeError as refusal:
            form.add_faults(refusal)
        else:
            return saved(request, "The settings are saved.", "settings")
    context = {"heading": "Settings", "form": form, "time_zones": sorted(available_timezones())}
    return Page("accounts/settings.html", context, status=400 if form.errors else 200)
