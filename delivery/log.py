"""The log as it may be shown: bodies unsealed for those who may see them, and the reason told where they cannot be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.access import Access
from accounts.vault import LeadVault, SealError
from delivery.models import Attempt, Delivery, Rendering
from delivery.record import Response, open_response
from delivery.shipment import open_rendering

READ_ENCRYPTED = "read:encrypted"
MAX_SHOWN = 1 << 20  # bytes of one body

_MASKED = "This was made with an encrypted field; seeing it needs the scope read:encrypted."
_UNREADABLE = "The lead was erased, and with its key everything that was made from it."
_NOT_KEPT = "This try's body is no longer kept."


@dataclass(frozen=True, slots=True)
class ShownBody:
    """text: None when it may not or cannot be shown; `note` says why, and is empty otherwise."""

    text: str | None = None
    note: str = ""
    is_masked: bool = False
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    attempt: Attempt
    request_body: ShownBody
    response_headers: dict[str, str]
    response_body: ShownBody


def show_attempts(access: Access, delivery: Delivery) -> list[ShownAttempt]:
    """The tries of a delivery, in their order. Wants the delivery's `lead` loaded."""
    attempts = list(Attempt.objects.filter(delivery=delivery).order_by("started_at", "id"))
    return show(access, delivery, attempts)


def show(access: Access, delivery: Delivery, attempts: Iterable[Attempt]) -> list[ShownAttempt]:
    renderings = {rendering.id: rendering for rendering in Rendering.objects.filter(delivery=delivery)}
    vault = vault_of(access, delivery)
    bodies = {rendering.id: _request_body(access, delivery, rendering, vault) for rendering in renderings.values()}
    return [
        ShownAttempt(
            attempt,
            bodies.get(attempt.rendering_id, ShownBody(note=_NOT_KEPT)) if attempt.rendering_id else ShownBody(note=_NOT_KEPT),
            *_response(access, delivery, renderings, attempt, vault),
        )
        for attempt in attempts
    ]


def vault_of(access: Access, delivery: Delivery) -> LeadVault | None:
    """Whose key sealed what was made for this delivery; None if that key is gone."""
    if delivery.lead is None:
        return access.vault
    try:
        return access.vault.lead(delivery.lead.id, bytes(delivery.lead.wrapped_key))
    except SealError:
        return None


def _request_body(access: Access, delivery: Delivery, rendering: Rendering, vault: LeadVault | None) -> ShownBody:
    if not _may_see(access, delivery, rendering):
        return ShownBody(note=_MASKED, is_masked=True)
    if vault is None:
        return ShownBody(note=_UNREADABLE)
    try:
        opened = open_rendering(
            vault, rendering.sealed_body, delivery_id=delivery.id, content_type=rendering.content_type, recipients=rendering.recipients
        )
    except SealError:
        return ShownBody(note=_UNREADABLE)
    return _text(opened.body)


def _response(
    access: Access, delivery: Delivery, renderings: Mapping[UUID, Rendering], attempt: Attempt, vault: LeadVault | None
) -> tuple[dict[str, str], ShownBody]:
    """A partner may well answer with what it got: the answer is shown to those who may see the request."""
    try:
        response = open_response(vault, attempt.sealed_response, delivery_id=delivery.id) if vault else None
    except SealError:
        response = None
    if response is None:
        return {}, ShownBody(note=_UNREADABLE)
    rendering = renderings.get(attempt.rendering_id) if attempt.rendering_id else None
    if not _may_see(access, delivery, rendering):
        return as_object(response.headers), ShownBody(note=_MASKED, is_masked=True)
    return as_object(response.headers), _answered(response)


def _answered(response: Response) -> ShownBody:
    shown = _text(response.body)
    return ShownBody(shown.text, is_truncated=shown.is_truncated or response.is_truncated)


def _text(body: bytes) -> ShownBody:
    return ShownBody(body[:MAX_SHOWN].decode(errors="replace"), is_truncated=len(body) > MAX_SHOWN)


def _may_see(access: Access, delivery: Delivery, rendering: Rendering | None) -> bool:
    """A sample, which has no lead, is nobody's secret."""
    return READ_ENCRYPTED in access.scopes or delivery.lead is None or rendering is None or not rendering.has_encrypted


def as_object(headers: Iterable[Iterable[str]]) -> dict[str, str]:
    """Of a name that comes twice, the values in one, as RFC 9110, 5.2 has it."""
    found: dict[str, Any] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
