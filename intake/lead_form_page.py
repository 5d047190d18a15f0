"""The public page of a lead form: for people who belong to no account, often in a frame of somebody else's site.

No session is opened and no cookie is set or read. So there is nobody whose sign-in a forged request could abuse, and no token against it: what must
be proved is that a person filled the form in, and that is the work of intake.form_guard.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, cast
from zoneinfo import ZoneInfo

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.csp import CSP, build_policy
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.access import Access
from delivery.wake import wake
from distribution.models import LeadSource
from intake.form_guard import is_credible, is_too_often, mark_of_opening
from intake.lead_forms import asked_fields, open_form, origin_of
from intake.models import LeadForm
from intake.pipeline import IncomingLead, Refusal, receive_lead
from intake.value_form import ValueForm

# Where robots put something, and people see nothing to fill in.
TRAP = "website"
_FORM_ENCODED = "application/x-www-form-urlencoded"
_COMMON_POLICY = cast(Mapping[str, Collection[str]], settings.SECURE_CSP)
_NOT_CREDIBLE = "This could not be sent just yet. Please look your entries over, and send them again."


def _answered(view: Callable[[HttpRequest, str], HttpResponse]) -> Callable[[HttpRequest, str], HttpResponse]:
    """What every answer of this page has in common."""

    @csrf_exempt
    @xframe_options_exempt
    @require_http_methods(["GET", "HEAD", "POST"])
    def answer(request: HttpRequest, key: str) -> HttpResponse:
        response = view(request, key)
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "strict-origin"
        if CSP.HEADER_ENFORCE not in response:
            response[CSP.HEADER_ENFORCE] = _policy(None)
        return response

    return answer


@_answered
def lead_form_page(request: HttpRequest, key: str) -> HttpResponse:
    now = timezone.now()
    if request.method == "POST":
        # Of another kind of body, files would be kept on disk before anybody looked.
        if request.content_type != _FORM_ENCODED:
            return _note(415, "This cannot be read", "The form was not sent as its page sends it.")
        if is_too_often(key, get_adapter().get_client_ip(request), now=now):
            refusal = _note(
                429, "One moment, please", "The form was sent many times within a minute. Please wait a minute, and send it again."
            )
            refusal["Retry-After"] = "60"
            return refusal
        try:
            request.POST  # noqa: B018 - read here, where what is wrong with it can be told
        except RequestDataTooBig:
            return _note(413, "This is more than the form takes", "Please shorten your entries, and send them again.")
    with transaction.atomic():
        opened = open_form(key)
        if opened is None:
            return _note(404, "This form is closed", "It was switched off, or its address has changed.")
        access, form = opened
        response = _take(request, access, form) if request.method == "POST" else _show(request, form)
        response[CSP.HEADER_ENFORCE] = _policy(form)
        return response


def _show(request: HttpRequest, form: LeadForm) -> HttpResponse:
    if "sent" in request.GET:
        return _page(form, {"is_sent": True})
    return _page(form, {"values": _value_form(None, form)})


def _take(request: HttpRequest, access: Access, form: LeadForm) -> HttpResponse:
    typed = _value_form(request.POST, form)
    typed.is_valid()
    if request.POST.get(TRAP):
        # A robot is not told that it was seen through.
        return _thanks(request, form)
    if not is_credible(request.POST.get("opened", ""), form.public_key, now=timezone.now()):
        typed.add_error(None, _NOT_CREDIBLE)
        return _page(form, {"values": typed}, status=400)
    answer = receive_lead(
        access, str(form.entity_id), IncomingLead(typed.raw()), source=LeadSource.FORM, request_id=getattr(request, "request_id", "")
    )
    if isinstance(answer, Refusal):
        typed.add_lead_faults(answer.faults)
        return _page(form, {"values": typed}, status=400)
    transaction.on_commit(wake)
    # The same for somebody who is known already: nobody is to find out here who is.
    return _thanks(request, form)


def _thanks(request: HttpRequest, form: LeadForm) -> HttpResponse:
    """By a redirect, so that loading the page anew sends nothing twice."""
    return HttpResponseRedirect(form.redirect_url or f"{request.path}?sent")


def _value_form(data: Any, form: LeadForm) -> ValueForm:
    return ValueForm(data, specs=asked_fields(form), zone=ZoneInfo(form.account.time_zone))


def _page(form: LeadForm, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Rendered without the request, whose context would open a session."""
    mark = mark_of_opening(form.public_key, now=timezone.now())
    return HttpResponse(
        render_to_string("intake/lead_form_page.html", {"form": form, "opened": mark, "trap": TRAP, **context}), status=status
    )


def _note(status: int, title: str, text: str) -> HttpResponse:
    return HttpResponse(render_to_string("intake/lead_form_note.html", {"title": title, "text": text}), status=status)


def _policy(form: LeadForm | None) -> str:
    """Browsers hold a form to `form-action` also where its answer leads elsewhere."""
    targets = [origin_of(form.redirect_url)] if form and form.redirect_url else []
    changed: dict[str, Collection[str]] = {
        "script-src": [CSP.NONE],
        "form-action": [CSP.SELF, *targets],
        "frame-ancestors": (form.allowed_origins if form else []) or [CSP.NONE],
    }
    config: dict[str, Collection[str]] = {**_COMMON_POLICY, **changed}
    return build_policy(config)
