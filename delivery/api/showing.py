"""Attempts as people see them: sealed bodies opened, encrypted values masked for those who may not see them."""

from collections.abc import Iterable, Sequence
from typing import Any

from accounts.access import Access
from accounts.vault import LeadVault, SealError
from delivery.models import Attempt, Delivery, Rendering
from delivery.record import open_response
from delivery.shipment import open_rendering


def show_attempts(access: Access, delivery: Delivery, attempts: Iterable[Attempt]) -> list[dict[str, Any]]:
    """delivery: with its lead. Two queries, whatever the number of attempts."""
    renderings = {rendering.id: rendering for rendering in Rendering.objects.filter(delivery=delivery)}
    vault = _vault(access, delivery)
    may_see = "read:encrypted" in access.scopes
    return [
        _show(attempt, renderings.get(attempt.rendering_id) if attempt.rendering_id else None, vault, may_see=may_see)
        for attempt in attempts
    ]


def _vault(access: Access, delivery: Delivery) -> LeadVault | None:
    if delivery.lead is None:
        return access.vault
    try:
        return access.vault.lead(delivery.lead.id, bytes(delivery.lead.wrapped_key))
    except SealError:
        return None


def _show(attempt: Attempt, rendering: Rendering | None, vault: LeadVault | None, *, may_see: bool) -> dict[str, Any]:
    is_masked = rendering is not None and rendering.has_encrypted and not may_see
    body = None if is_masked else _body(rendering, vault)
    return {
        "id": str(attempt.id),
        "delivery": str(attempt.delivery_id),
        "number": attempt.number,
        "trigger": attempt.trigger,
        "started_at": attempt.started_at,
        "outcome": attempt.outcome,
        "code": attempt.code,
        "reason": attempt.reason,
        "http_status": attempt.http_status,
        "duration_ms": attempt.duration_ms,
        "timings": {
            "dns_ms": attempt.dns_ms,
            "connect_ms": attempt.connect_ms,
            "tls_ms": attempt.tls_ms,
            "first_byte_ms": attempt.first_byte_ms,
            "total_ms": attempt.duration_ms,
        },
        "address": attempt.address,
        "is_late": attempt.is_late,
        "next_attempt_at": attempt.next_attempt_at,
        "request": {
            "method": attempt.method,
            "url": attempt.target,
            "headers": _headers(attempt.request_headers),
            "body": body,
            "is_masked": is_masked,
            "is_gone": vault is None,
        },
        "response": _response(attempt, vault),
    }


def _body(rendering: Rendering | None, vault: LeadVault | None) -> str | None:
    if rendering is None or vault is None:
        return None
    opened = open_rendering(
        vault,
        bytes(rendering.sealed_body),
        delivery_id=rendering.delivery_id,
        content_type=rendering.content_type,
        recipients=rendering.recipients,
    )
    return opened.body.decode(errors="replace")


def _response(attempt: Attempt, vault: LeadVault | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"status": attempt.http_status, "headers": [], "body": None, "is_truncated": False}
    if vault is not None:
        opened = open_response(vault, bytes(attempt.sealed_response), delivery_id=attempt.delivery_id)
        body = opened.body.decode(errors="replace").replace("\x00", "\ufffd")
        shown |= {"headers": _headers(opened.headers), "body": body, "is_truncated": opened.is_truncated}
    return shown


def _headers(pairs: Iterable[Sequence[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def show_attempt(access: Access, attempt: Attempt) -> dict[str, Any]:
    delivery = Delivery.objects.select_related("lead", "channel").get(id=attempt.delivery_id)
    return show_attempts(access, delivery, [attempt])[0]
