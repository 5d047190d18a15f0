"""The live preview beside the form of a channel: the very request or mail, for a lead or a sample, while somebody types."""

import csv
import io
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.http import Http404, HttpResponse, QueryDict
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_GET, require_POST

from accounts.dashboard.pages import Page, PageRequest, page
from accounts.ids import new_id
from accounts.vault import SealError
from delivery.channels import KINDS
from delivery.dashboard.bodies import readable
from delivery.dashboard.channel_editor import template_names
from delivery.dashboard.channel_faults import shown_faults
from delivery.dashboard.channel_form import DELIMITERS, read_form
from delivery.dashboard.channel_subject import Subject, chosen_lead, find_subject
from delivery.dashboard.channel_timeline import timeline_of
from delivery.drafts import preview_draft
from delivery.testing import NoSuchLeadError

_MAX_ROWS, _MAX_COLUMNS = 20, 40
_KEPT_SECONDS = 600
_PURPOSE = "mail-preview"
_GONE = "This preview is over. Change something, or load the page again."
# The mail is a stranger's HTML as far as this page is concerned: no scripts, no forms, no requests, an origin of its own.
_FRAME_CSP = {
    "sandbox": "",
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "form-action": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'self'"],
}


@require_POST
@page("read", to_change="read")
def preview(request: PageRequest, profile_id: str, assignment_id: str) -> Page:
    """The form as it is typed, nothing of it saved."""
    subject = find_subject(profile_id, assignment_id)
    kind = request.POST.get("kind", "")
    if kind not in KINDS:
        raise Http404
    return Page(
        "delivery/channel_preview.html", {**preview_context(request, subject, kind, request.POST), "is_live": True}, part="fragment"
    )


@csp_override(_FRAME_CSP)
@xframe_options_sameorigin
@require_GET
@page("read")
def mail(request: PageRequest, profile_id: str, assignment_id: str, preview_id: UUID) -> HttpResponse:
    """The HTML of a mail that was previewed just now, for the frame in the preview."""
    find_subject(profile_id, assignment_id)
    sealed = cache.get(_cache_key(request, preview_id))
    try:
        html = request.access.vault.open(sealed, purpose=_PURPOSE, record_id=preview_id).decode() if sealed else _GONE
    except SealError:
        html = _GONE
    return HttpResponse(html, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def preview_context(request: PageRequest, subject: Subject, kind: str, typed: QueryDict) -> dict[str, Any]:
    """What `delivery/channel_preview.html` shows of the form as it is typed."""
    read = read_form(typed, kind)
    lead_id = chosen_lead(typed if "lead" in typed else request.GET)
    try:
        draft = preview_draft(request.access, subject.draft(kind), read.raw, lead_id=lead_id)
    except NoSuchLeadError:
        lead_id = None
        draft = preview_draft(request.access, subject.draft(kind), read.raw, lead_id=None)
    return {
        "kind": kind,
        "profile": subject.assignment.profile,
        "assignment": subject.assignment,
        "lead_id": str(lead_id or ""),
        "shown": _shown(request, draft.shown, delimiter=DELIMITERS.get(typed.get("csv_delimiter", ""), ",")) if draft.shown else None,
        "problem": draft.problem,
        "faults": shown_faults(typed, read, draft.faults),
        "names": template_names(read, subject.specs),
        "timeline": timeline_of(read.raw["config"]["retry"]),
    }


def _shown(request: PageRequest, shown: dict[str, Any], *, delimiter: str) -> dict[str, Any]:
    if shown["kind"] == "webhook":
        return {**shown, "body": readable(shown["content_type"], shown["body"])}
    tables = [{**one, "rows": _table(one["content"], delimiter)} for one in shown["attachments"] if one["content_type"] == "text/csv"]
    return {**shown, "attachments": tables, "frame": _keep(request, shown["html"]) if shown["html"] else ""}


def _table(content: str, delimiter: str) -> list[list[str]]:
    rows = csv.reader(io.StringIO(content.lstrip("\ufeff")), delimiter=delimiter)
    return [row[:_MAX_COLUMNS] for row, _ in zip(rows, range(_MAX_ROWS), strict=False)]


def _keep(request: PageRequest, html: str) -> str:
    """Sealed, for whoever made it, and for minutes: a frame's content cannot come with the page, whose own rules would take its styles away."""
    preview_id = new_id()
    sealed = request.access.vault.seal(html.encode(), purpose=_PURPOSE, record_id=preview_id)
    cache.set(_cache_key(request, preview_id), sealed, _KEPT_SECONDS)
    return str(preview_id)


def _cache_key(request: PageRequest, preview_id: UUID) -> str:
    return f"mail-preview:{request.account.id}:{request.user.pk}:{preview_id}"
