"""Send test: one real try through the channel as it is saved, with request and answer in place. No transaction is open meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_POST

from accounts.dashboard.pages import Page, PageRequest, page
from accounts.isolation import account_scope
from accounts.vault import SealError
from delivery.channels.base import NotReadyError, RenderError
from delivery.dashboard.bodies import answer_text, sent_text
from delivery.dashboard.channel_acceptance import Proposal, propose
from delivery.dashboard.channel_subject import Subject, chosen_lead, find_subject
from delivery.log import ShownAttempt, show
from delivery.models import Attempt, Delivery
from delivery.outcome import Verdict
from delivery.testing import UNREADABLE, NoSuchLeadError, send_test

_VERDICTS = {
    Verdict.DELIVERED.value: ("ok", "Accepted"),
    Verdict.REJECTED.value: ("warn", "Rejected"),
    Verdict.RETRY.value: ("bad", "Not delivered"),
    Verdict.FAILED.value: ("bad", "Not delivered"),
}


@dataclass(frozen=True, slots=True)
class Phase:
    name: str
    ms: float


@require_POST
@page("write", in_transaction=False)
def send(request: PageRequest, profile_id: str, assignment_id: str) -> Page | HttpResponse:
    with account_scope(request.account.id):
        subject = find_subject(profile_id, assignment_id)
    if subject.channel is None:
        raise Http404
    try:
        sent = send_test(request.access, subject.channel.id, chosen_lead(request.POST))
    except NoSuchLeadError:
        return _result(subject, problem="This lead is gone; choose another.")
    except SealError:
        return _result(subject, problem=UNREADABLE)
    except RenderError as error:
        return _result(subject, problem=str(error))
    if isinstance(sent, NotReadyError):
        return _result(subject, problem=str(sent))
    with account_scope(request.account.id):
        delivery = Delivery.objects.select_related("lead").get(id=sent.delivery_id)
        (shown,) = show(request.access, delivery, [sent])
    return _result(subject, shown=shown)


def _result(subject: Subject, *, shown: ShownAttempt | None = None, problem: str = "") -> Page:
    assert subject.channel is not None
    context: dict[str, Any] = {
        "heading": "Test",
        "assignment": subject.assignment,
        "profile": subject.assignment.profile,
        "partner": subject.assignment.partner,
        "channel": subject.channel,
        "problem": problem,
    }
    return Page("delivery/channel_trial.html", {**context, **(_shown(shown, subject.channel.kind) if shown else {})}, part="result")


def _shown(shown: ShownAttempt, kind: str) -> dict[str, Any]:
    attempt = shown.attempt
    tone, word = _VERDICTS.get(attempt.outcome, ("plain", attempt.outcome))
    answer = shown.response_body.text
    proposals: Sequence[Proposal] = propose(attempt.http_status, answer) if kind == "webhook" else ()
    return {
        "attempt": attempt,
        "tone": tone,
        "word": word,
        "request_body": sent_text(shown, kind),
        "request_note": shown.request_body.note,
        "response_headers": shown.response_headers,
        "response_body": answer_text(shown),
        "response_note": shown.response_body.note,
        "phases": phases_of(attempt),
        "proposals": proposals,
    }


def phases_of(attempt: Attempt) -> list[Phase]:
    """What the try spent its time on; those that did not happen are left out."""
    phases = (("DNS", attempt.dns_ms), ("Connect", attempt.connect_ms), ("TLS", attempt.tls_ms), ("First byte", attempt.first_byte_ms))
    return [Phase(name, ms) for name, ms in (*phases, ("Together", attempt.duration_ms)) if ms is not None]
