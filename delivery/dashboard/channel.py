"""Distribution > Profile > Partner > Delivery: how a partner gets its leads."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, QueryDict

from accounts.dashboard.pages import Page, PageRequest, page, page_url, saved
from accounts.dashboard.records import record_or_404
from accounts.faults import HasFault, RefusedChangeError
from delivery.channel_config import set_primary_channel
from delivery.channels import KINDS
from delivery.dashboard.channel_acts import acted
from delivery.dashboard.channel_editor import make_editor
from delivery.dashboard.channel_form import read_form
from delivery.dashboard.channel_health import health_panel
from delivery.dashboard.channel_subject import Subject, find_subject
from delivery.dashboard.channel_typed import NEW_CONFIG, typed_of
from delivery.dashboard.preview import preview_context
from delivery.models import DeliveryChannel
from delivery.payload import DEFAULT_SELECTION
from delivery.wake import wake
from distribution.dashboard.lead_choices import recent_leads

_SAVE = "save"


@page("read", to_change="write")
def channel(request: PageRequest, profile_id: str, assignment_id: str) -> Page | HttpResponse:
    """`?kind=` opens the form of a kind that is not the channel's; `?rules=` adds rules that an answer suggested."""
    subject = find_subject(profile_id, assignment_id)
    kind = _kind(request, subject)
    if not kind:
        return Page("delivery/channel.html", _head(subject))
    if request.method != "POST":
        typed = _stored(subject, kind)
        if proposal := request.GET.get("rules"):
            typed = acted(typed, f"rules:{proposal}")
        return channel_page(request, subject, kind, typed)
    act = request.POST.get("do", _SAVE)
    if act != _SAVE:
        return channel_page(request, subject, kind, acted(request.POST, act), part="form")
    return _save(request, subject, kind)


@page("read")
def channel_by_id(request: PageRequest, channel_id: str) -> HttpResponse:
    """Where a channel is found: on the page of its assignment."""
    found = record_or_404(DeliveryChannel.objects.select_related("assignment"), channel_id)
    return HttpResponseRedirect(page_url(request, "channel", found.assignment.profile_id, found.assignment_id))


def _save(request: PageRequest, subject: Subject, kind: str) -> Page | HttpResponse:
    try:
        _, signing_secret = set_primary_channel(request.access, subject.assignment, read_form(request.POST, kind).raw)
    except RefusedChangeError as refusal:
        return channel_page(request, subject, kind, request.POST, faults=refusal.faults, status=400)
    transaction.on_commit(wake)
    if signing_secret:
        return stored_page(request, find_subject(*map(str, subject.ids)), signing_secret=signing_secret)
    return saved(request, "Saved. It holds from the next lead on.", "channel", *subject.ids)


def stored_page(request: PageRequest, subject: Subject, *, signing_secret: str, is_rotated: bool = False) -> Page:
    """The page of the channel as it is stored, with a secret that is shown this once. is_rotated: the one before is good for a day more."""
    assert subject.channel is not None
    kind = subject.channel.kind
    shown = channel_page(request, subject, kind, _stored(subject, kind))
    return replace(shown, context={**shown.context, "signing_secret": signing_secret, "is_rotated": is_rotated})


def channel_page(
    request: PageRequest,
    subject: Subject,
    kind: str,
    typed: QueryDict,
    *,
    faults: Sequence[HasFault] = (),
    part: str = "",
    status: int = 200,
) -> Page:
    context: dict[str, Any] = {
        **_head(subject),
        "kind": kind,
        "editor": make_editor(typed, kind, specs=subject.specs, stored=subject.stored(kind), faults=faults),
        "is_other_kind": subject.channel is not None and subject.channel.kind != kind,
        "act": request.POST.get("do", ""),
    }
    if not (part and request.htmx):
        context |= {
            "leads": recent_leads(subject.assignment.profile.entity, subject.specs),
            **preview_context(request, subject, kind, typed),
            **health_panel(subject.channel),
        }
    return Page("delivery/channel.html", context, part=part, status=status)


def _head(subject: Subject) -> dict[str, Any]:
    return {
        "heading": "Delivery",
        "assignment": subject.assignment,
        "profile": subject.assignment.profile,
        "partner": subject.assignment.partner,
        "channel": subject.channel,
    }


def _kind(request: PageRequest, subject: Subject) -> str:
    asked = (request.POST if request.method == "POST" else request.GET).get("kind", "")
    if asked in KINDS:
        return asked
    return subject.channel.kind if subject.channel else ""


def _stored(subject: Subject, kind: str) -> QueryDict:
    """As if it had just been typed. Another kind begins with the same choice of fields."""
    config = subject.stored(kind)
    selection = subject.channel.fields if subject.channel else DEFAULT_SELECTION
    return typed_of(kind, selection, NEW_CONFIG[kind] if config is None else config, subject.specs)
