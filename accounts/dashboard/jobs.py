"""Work in the background: how far it is. Its page can be closed and opened again."""

from django.http import HttpResponse

from accounts import jobs as domain
from accounts.dashboard.pages import Page, PageRequest, act, page, refused, saved
from accounts.dashboard.records import record_or_404
from accounts.faults import ConflictError
from accounts.models import Job


@page("read")
def job(request: PageRequest, job_id: str) -> Page:
    found = record_or_404(Job.objects.all(), job_id)
    part = round(100 * found.done / found.total) if found.total else None
    results = {name.replace("_", " ").capitalize(): value for name, value in found.result.items() if value not in ({}, [], None)}
    return Page("accounts/job.html", {"heading": found.label, "job": found, "percent": part, "results": results}, part="progress")


@act()
def cancel_job(request: PageRequest, job_id: str) -> HttpResponse:
    found = record_or_404(Job.objects.all(), job_id)
    try:
        domain.cancel(found, by=request.access)
    except ConflictError as conflict:
        return refused(request, str(conflict), "job", found.id)
    return saved(request, "It is stopped. What was done until then stays done.", "job", found.id)
