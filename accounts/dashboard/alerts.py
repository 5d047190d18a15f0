"""What needs somebody: unhealthy channels, caps that are reached."""

from django.http import HttpResponse, HttpResponseRedirect
from django.utils import timezone

from accounts.alerts import read_alert
from accounts.dashboard.pages import Page, PageRequest, act, page, page_url
from accounts.dashboard.paging import newest_first
from accounts.dashboard.records import record_or_404
from accounts.models import Alert


@page("read", to_change="read")
def alerts(request: PageRequest) -> Page:
    is_open = request.GET.get("show", "open") == "open"
    rows = Alert.objects.open() if is_open else Alert.objects.all()
    context = {"heading": "Alerts", "slice": newest_first(rows, request.GET), "is_open": is_open, "now": timezone.now()}
    return Page("accounts/alerts.html", context)


@act("read")
def read(request: PageRequest, alert_id: str) -> HttpResponse:
    read_alert(record_or_404(Alert.objects.all(), alert_id))
    return HttpResponseRedirect(page_url(request, "alerts"))
