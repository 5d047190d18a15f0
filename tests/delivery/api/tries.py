"""An attempt as the engine records it, without an engine."""

from datetime import UTC, datetime
from typing import Any

from accounts.ids import new_id
from delivery.channels.base import Rendering
from delivery.models import Attempt, Delivery
from delivery.models import Rendering as StoredRendering
from delivery.outcome import Outcome, Verdict
from delivery.record import Record, make_record
from delivery.shipment import Shipment, seal_rendering
from delivery.testing import load_settings
from tests.builders import Set


def make_attempt(
    acme: Set,
    *,
    body: bytes = b'{"lead":{"zip":"90210"}}',
    response: bytes = b"thanks",
    has_encrypted: bool = False,
    verdict: Verdict = Verdict.DELIVERED,
    code: str = "ok",
    reason: str = "Accepted.",
    **outcome: Any,
) -> Attempt:
    """One try of the set's delivery, with a rendering of its own."""
    now = datetime.now(UTC)
    with acme.shop.open() as access:
        delivery = Delivery.objects.get(lead=acme.lead)
        vault = access.vault.lead(acme.lead.id, bytes(acme.lead.wrapped_key))
        rendering = Rendering(body=body, content_type="application/json")
        stored = StoredRendering.objects.create(
            account_id=access.account_id,
            delivery=delivery,
            sealed_body=seal_rendering(vault, rendering, delivery_id=delivery.id),
            content_type=rendering.content_type,
            has_encrypted=has_encrypted,
            created_at=now,
        )
        shipment = Shipment(
            delivery_id=delivery.id,
            account_id=access.account_id,
            claim_id=new_id(),
            attempts_made=delivery.attempts_made,
            counted_attempts=0,
            queued_at=now,
            settings=load_settings(acme.channel.id),
            vault=vault,
            rendering=rendering,
            rendering_id=stored.id,
        )
        sent: dict[str, Any] = {
            "method": "POST",
            "target": "https://partner.example.com/leads",
            "http_status": 200,
            "request_headers": (("webhook-id", str(delivery.id)), ("X-Api-Key", "••••••")),
            "response_headers": (("server", "nginx"), ("set-cookie", "a=1"), ("set-cookie", "b=2")),
            "response_body": response,
        }
        record = make_record(shipment, Outcome(verdict, code, reason, **{**sent, **outcome}), started_at=now, now=now, jitter=0)
        columns = {field.attname for field in Attempt._meta.concrete_fields} & set(Record.__struct_fields__)
        values = {name: getattr(record, name) for name in columns}
        Delivery.objects.filter(id=delivery.id).update(state=record.state, attempts_made=record.number)
        return Attempt.objects.create(**values)
