"""Digests: several leads of one email channel in one mail."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse

from accounts.dashboard.pages import Page, PageRequest, act, page, refused, saved
from accounts.dashboard.paging import Slice, newest_first
from accounts.dashboard.records import record_or_404
from accounts.faults import ConflictError
from delivery.dashboard.deliveries import rows_of
from delivery.digest_changes import resend_digest, send_digest
from delivery.digests import waiting_for
from delivery.lead_names import LEADS_FOR_NAMES
from delivery.log import show_attempts
from delivery.models import Delivery, Digest

_SENT = ("delivered", "failed", "cancelled")


@page("read")
def digests(request: PageRequest) -> Page:
    found = newest_first(_carriers(), request.GET)
    return Page("delivery/digests.html", {"heading": "Digests", "slice": found}, part="list")


@page("read")
def digest(request: PageRequest, digest_id: str) -> Page:
    carrier = record_or_404(_carriers(), digest_id)
    record = Digest.objects.get(id=carrier.id)
    members = record.members if record.closed_at else waiting_for(record)
    found = newest_first(members.select_related("profile", "partner", "channel__health").prefetch_related(LEADS_FOR_NAMES), request.GET)
    context: dict[str, Any] = {
        "heading": f"Digest for {carrier.partner.name}",
        "carrier": carrier,
        "digest": record,
        "slice": Slice(rows_of(found.rows), found.newer, found.older),
        "tries": [shown.attempt for shown in show_attempts(request.access, carrier)],
        "may_send": carrier.state not in _SENT and carrier.state != "sending",
        "may_resend": record.closed_at is not None and carrier.state in _SENT,
    }
    return Page("delivery/digest.html", context)


@act()
def send_now(request: PageRequest, digest_id: str) -> HttpResponse:
    try:
        send_digest(request.access, _find(digest_id))
    except ConflictError as conflict:
        return refused(request, str(conflict), "digest", digest_id)
    return saved(request, "It is put together and sent now.", "digest", digest_id)


@act()
def resend(request: PageRequest, digest_id: str) -> HttpResponse:
    try:
        resend_digest(request.access, _find(digest_id))
    except ConflictError as conflict:
        return refused(request, str(conflict), "digest", digest_id)
    return saved(request, "The same mail goes out once more.", "digest", digest_id)


def _carriers() -> QuerySet[Delivery]:
    return Delivery.objects.filter(is_digest=True).select_related("digest", "profile", "partner", "channel__health", "channel__assignment")


def _find(digest_id: str) -> Digest:
    carrier = record_or_404(Delivery.objects.filter(is_digest=True).select_for_update(), digest_id)
    found = Digest.objects.filter(id=carrier.id).first()
    if found is None:
        raise Http404
    return found
