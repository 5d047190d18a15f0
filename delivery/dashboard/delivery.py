"""One delivery: every try with what was sent, what came back, and how long each part of it took."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accounts.dashboard.pages import Page, PageRequest, page
from accounts.dashboard.records import record_or_404
from delivery.dashboard.bodies import answer_text, sent_text
from delivery.lead_names import LeadNames
from delivery.log import ShownAttempt, show_attempts
from delivery.models import Attempt, Delivery, DeliveryState
from delivery.retry import policy_of

_OVER = (DeliveryState.DELIVERED, DeliveryState.REJECTED, DeliveryState.FAILED, DeliveryState.CANCELLED, DeliveryState.HELD)
_WAITING = (DeliveryState.QUEUED, DeliveryState.HELD, DeliveryState.COLLECTING)
_PHASES = (("DNS", "dns_ms"), ("Connect", "connect_ms"), ("TLS", "tls_ms"), ("First byte", "first_byte_ms"))


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a try. x, width: of 100."""

    name: str
    ms: float
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Try:
    shown: ShownAttempt
    phases: list[Phase]
    sent: str
    came_back: str


@page("read")
def delivery(request: PageRequest, delivery_id: str) -> Page:
    rows = Delivery.objects.filter(is_digest=False).select_related(
        "profile", "partner", "lead__entity", "channel__health", "channel__assignment"
    )
    found = record_or_404(rows, delivery_id)
    tries = [
        Try(
            shown,
            list(phases_of(shown.attempt)),
            sent_text(shown, found.channel.kind),
            answer_text(shown),
        )
        for shown in show_attempts(request.access, found)
    ]
    context: dict[str, Any] = {
        "heading": LeadNames().of(found) or ("Test" if found.is_test else "Erased lead"),
        "delivery": found,
        "tries": tries[::-1],
        "most_tries": len(policy_of(found.channel.config).delays_seconds) + 1,
        "may_resend": not found.is_test and found.state in _OVER,
        "may_hasten": not found.is_test and found.state == DeliveryState.QUEUED and found.attempts_made > 0,
        "may_cancel": found.state in _WAITING,
        "is_moving": found.state in (DeliveryState.QUEUED, DeliveryState.SENDING),
    }
    return Page("delivery/delivery.html", context, part="tries")


def phases_of(attempt: Attempt) -> Iterator[Phase]:
    """One after another; what is left after the first byte is the answer's rest."""
    total = max(attempt.duration_ms, 0.001)
    begun = 0.0
    for name, column in _PHASES:
        ms = getattr(attempt, column)
        if ms:
            yield Phase(name, ms, *_place(begun, ms, total))
            begun += ms
    if total - begun >= 0.05:
        yield Phase("Answer" if begun else "Total", total - begun, *_place(begun, total - begun, total))


def _place(begun: float, ms: float, total: float) -> tuple[float, float]:
    return round(100 * min(begun / total, 1), 2), round(max(0.8, 100 * min(ms / total, 1)), 2)
