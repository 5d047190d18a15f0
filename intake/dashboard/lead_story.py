"""What there is to tell of one lead: its values, why it went where it went, and its deliveries with their tries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from accounts.access import READ_ENCRYPTED, Access
from accounts.audit import MASK
from delivery.leads import show_values
from delivery.models import Attempt, Delivery, DeliveryState
from distribution.entity_table import specs_of
from distribution.fields import FieldSpec, display_text
from distribution.models import Lead

_MOST_TRIES = 200
_TONES = {
    DeliveryState.DELIVERED: "ok",
    DeliveryState.FAILED: "bad",
    DeliveryState.REJECTED: "warn",
    DeliveryState.HELD: "warn",
}


@dataclass(frozen=True, slots=True)
class Value:
    """One field of the lead. text: empty for none, and masked where it is encrypted and was not revealed."""

    label: str
    text: str
    is_encrypted: bool


@dataclass(frozen=True, slots=True)
class Journey:
    """A delivery on the timeline, with its tries, also those of the digest that carries it."""

    delivery: Delivery
    tone: str
    tries: list[Attempt]


def values_of(access: Access, lead: Lead, *, is_revealed: bool) -> list[Value]:
    """In the Entity's order; then what the Entity has no field for any more. Wants the Entity with its fields loaded."""
    if lead.erased_at is not None:
        return []
    reading = access if is_revealed else replace(access, scopes=access.scopes - {READ_ENCRYPTED})
    values = show_values(reading, lead).values
    specs = specs_of(lead.entity)
    known = {spec.key for spec in specs}
    return [
        *(Value(spec.label, _text(spec, values, is_revealed=is_revealed), spec.is_encrypted) for spec in specs),
        *(Value(key, str(value), is_encrypted=False) for key, value in values.items() if key not in known),
    ]


def _text(spec: FieldSpec, values: Mapping[str, Any], *, is_revealed: bool) -> str:
    # Whether there is a value at all is not told either.
    return MASK if spec.is_encrypted and not is_revealed else display_text(spec, values.get(spec.key))


def journeys_of(deliveries: Sequence[Delivery]) -> list[Journey]:
    """In the order in which they were queued. Wants `channel__health` loaded."""
    tries = _tries_of({delivery.id for delivery in deliveries} | {one.digest_id for one in deliveries if one.digest_id})
    return [
        Journey(
            delivery,
            _TONES.get(DeliveryState(delivery.shown_state), ""),
            [*tries[delivery.id], *(tries[delivery.digest_id] if delivery.digest_id else ())],
        )
        for delivery in deliveries
    ]


def _tries_of(delivery_ids: Iterable[UUID]) -> defaultdict[UUID, list[Attempt]]:
    """The newest ones, the oldest of them first. One query for all."""
    found = Attempt.objects.filter(delivery_id__in=delivery_ids).defer("sealed_response", "request_headers")
    tries: defaultdict[UUID, list[Attempt]] = defaultdict(list)
    for attempt in sorted(found.order_by("-started_at")[:_MOST_TRIES], key=lambda one: (one.started_at, one.id)):
        tries[attempt.delivery_id].append(attempt)
    return tries


def is_moving(deliveries: Iterable[Delivery]) -> bool:
    """Whether a look a little later is likely to show something new."""
    return any(delivery.state in (DeliveryState.QUEUED, DeliveryState.SENDING) for delivery in deliveries)
