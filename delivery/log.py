"""The log as it may be shown: bodies unsealed for those who may see them, and the reason told where they cannot be."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max

from accounts.access import READ_ENCRYPTED, Access
from accounts.vault import LeadVault, SealError
from delivery.models import Attempt, Delivery, Digest, Rendering
from delivery.queue import LEASE_SECONDS
from delivery.record import Response, open_response
from delivery.shipment import open_rendering
from distribution.models import Field

MAX_SHOWN = 1 << 20  # bytes of one body

_MASKED = "This was made with a field that is encrypted; seeing it needs the scope read:encrypted."
_UNREADABLE = "The lead was erased, and with its key everything that was made from it."
_NOT_KEPT = "This try's body is no longer kept."


@dataclass(frozen=True, slots=True)
class ShownBody:
    """text: None when it may not or cannot be shown; `note` says why, and is empty otherwise."""

    text: str | None = None
    note: str = ""
    is_masked: bool = False
    is_truncated: bool = False


_MASKED_BODY = ShownBody(note=_MASKED, is_masked=True)


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    attempt: Attempt
    request_body: ShownBody
    response_headers: dict[str, str]
    response_body: ShownBody


def show_attempts(access: Access, delivery: Delivery) -> list[ShownAttempt]:
    """The tries of a delivery, in their order. Wants the delivery's `lead` loaded."""
    attempts = list(Attempt.objects.filter(delivery=delivery).order_by("started_at", "id"))
    shown = show(access, delivery, attempts)
    if delivery.digest_id is None or delivery.is_digest:
        return shown
    # The tries of its digest are its own as well.
    digest = Delivery.objects.select_related("lead", "channel__assignment__profile").get(id=delivery.digest_id)
    return sorted([*shown, *show_attempts(access, digest)], key=lambda one: one.attempt.started_at)


def show(access: Access, delivery: Delivery, attempts: Iterable[Attempt]) -> list[ShownAttempt]:
    """Of a digest, whose mail may be large, the first piece."""
    renderings = {rendering.id: rendering for rendering in Rendering.objects.filter(delivery=delivery, piece=0)}
    vault = vault_of(access, delivery)
    hidden = _hidden(access, delivery, renderings.values())
    bodies = {
        rendering.id: _MASKED_BODY if rendering.id in hidden else _request_body(delivery, rendering, vault)
        for rendering in renderings.values()
    }
    return [
        ShownAttempt(
            attempt,
            bodies.get(attempt.rendering_id, ShownBody(note=_NOT_KEPT)) if attempt.rendering_id else ShownBody(note=_NOT_KEPT),
            *_response(delivery, attempt, vault, is_hidden=attempt.rendering_id in hidden),
        )
        for attempt in attempts
    ]


def vault_of(access: Access, delivery: Delivery) -> LeadVault | None:
    """Whose key sealed what was made for this delivery; None if that key is gone."""
    if delivery.is_digest:
        return _vault_of_digest(access, delivery.id)
    if delivery.lead is None:
        return access.vault
    try:
        return access.vault.lead(delivery.lead.id, bytes(delivery.lead.wrapped_key))
    except SealError:
        return None


def _vault_of_digest(access: Access, digest_id: UUID) -> LeadVault | None:
    try:
        return access.vault.lead(digest_id, bytes(Digest.objects.values_list("wrapped_key", flat=True).get(id=digest_id)))
    except SealError:
        return None


def _request_body(delivery: Delivery, rendering: Rendering, vault: LeadVault | None) -> ShownBody:
    if vault is None:
        return ShownBody(note=_UNREADABLE)
    try:
        opened = open_rendering(
            vault, rendering.sealed_body, delivery_id=delivery.id, content_type=rendering.content_type, recipients=rendering.recipients
        )
    except SealError:
        return ShownBody(note=_UNREADABLE)
    return _text(opened.body)


def _response(delivery: Delivery, attempt: Attempt, vault: LeadVault | None, *, is_hidden: bool) -> tuple[dict[str, str], ShownBody]:
    """A partner may well answer with what it got: the answer is shown to those who may see the request."""
    try:
        response = open_response(vault, attempt.sealed_response, delivery_id=delivery.id) if vault else None
    except SealError:
        response = None
    if response is None:
        return {}, ShownBody(note=_UNREADABLE)
    if is_hidden:
        return as_object(response.headers), _MASKED_BODY
    return as_object(response.headers), _answered(response)


def _answered(response: Response) -> ShownBody:
    shown = _text(response.body)
    return ShownBody(shown.text, is_truncated=shown.is_truncated or response.is_truncated)


def _text(body: bytes) -> ShownBody:
    return ShownBody(body[:MAX_SHOWN].decode(errors="replace"), is_truncated=len(body) > MAX_SHOWN)


def _hidden(access: Access, delivery: Delivery, renderings: Iterable[Rendering]) -> set[UUID]:
    """Ids of the renderings that hold, or may hold, what is encrypted by now, where that may not be seen. A sample, which has no lead, is nobody's
    secret."""
    if READ_ENCRYPTED in access.scopes or (delivery.lead is None and not delivery.is_digest):
        return set()
    entity_id = delivery.lead.entity_id if delivery.lead else delivery.channel.assignment.profile.entity_id
    since = _last_switch(entity_id)
    return {one.id for one in renderings if one.has_encrypted or (since and one.created_at < since)}


def _last_switch(entity_id: UUID) -> datetime | None:
    """From when on no body is made any more with a field in clear that is encrypted by now; None if there is no such field."""
    switched_at: datetime | None = Field.objects.filter(entity_id=entity_id, is_encrypted=True).aggregate(at=Max("encrypted_at"))["at"]
    # An engine makes bodies by the fields as they were when it claimed.
    return switched_at and switched_at + timedelta(seconds=LEASE_SECONDS)


def as_object(headers: Iterable[Iterable[str]]) -> dict[str, str]:
    """Of a name that comes twice, the values in one, as RFC 9110, 5.2 has it."""
    found: dict[str, Any] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
