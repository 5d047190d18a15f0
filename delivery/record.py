"""From an Outcome to what the log keeps of it and where the delivery goes next. Pure."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from accounts.ids import new_id
from accounts.vault import LeadVault
from delivery import retry
from delivery.outcome import Headers, Outcome, Settled, Verdict
from delivery.shipment import Shipment

RESPONSE = "response"

_STATES = {
    Verdict.DELIVERED: "delivered",
    Verdict.REJECTED: "rejected",
    Verdict.FAILED: "failed",
    Verdict.HELD: "held",
}
_encode = msgspec.json.Encoder().encode


class Record(msgspec.Struct, frozen=True, gc=False):
    """One try as `queue.record` writes it: the Attempt's columns, and the Delivery's next state."""

    id: UUID
    account_id: UUID
    delivery_id: UUID
    channel_id: UUID
    claim_id: UUID
    rendering_id: UUID | None
    number: int
    trigger: str
    started_at: datetime
    outcome: str
    code: str
    reason: str
    method: str
    target: str
    address: str
    http_status: int | None
    request_headers: Headers
    sealed_response: bytes
    dns_ms: float | None
    connect_ms: float | None
    tls_ms: float | None
    first_byte_ms: float | None
    duration_ms: float
    next_attempt_at: datetime | None
    state: str
    counted: int
    is_attempt: bool
    pauses_channel: bool = False
    partner_reference: str = ""
    partner_price: Decimal | None = None
    settled: Settled = ()
    is_digest: bool = False


def make_record(shipment: Shipment, outcome: Outcome, *, started_at: datetime, now: datetime, jitter: float) -> Record:
    """jitter: a random number in [0, 1)."""
    next_at = None
    reason = outcome.reason
    if outcome.verdict is Verdict.RETRY:
        next_at = _next_try(shipment, outcome, now, jitter)
    state = _STATES.get(outcome.verdict) or ("queued" if next_at else "delivered" if outcome.has_arrived else "failed")
    if outcome.verdict is Verdict.RETRY and next_at is None:
        reason = f"{reason} This was the last try."
    timings = outcome.timings
    return Record(
        id=new_id(),
        account_id=shipment.account_id,
        delivery_id=shipment.delivery_id,
        channel_id=shipment.settings.channel_id,
        claim_id=shipment.claim_id,
        rendering_id=shipment.rendering_id,
        number=shipment.attempts_made + 1,
        trigger=shipment.trigger,
        started_at=started_at,
        outcome=outcome.verdict,
        code=outcome.code,
        reason=storable(reason),
        method=outcome.method,
        target=storable(outcome.target),
        address=outcome.address,
        http_status=outcome.http_status,
        request_headers=tuple((storable(name), storable(value)) for name, value in outcome.request_headers),
        sealed_response=_seal_response(shipment, outcome),
        dns_ms=timings.dns_ms,
        connect_ms=timings.connect_ms,
        tls_ms=timings.tls_ms,
        first_byte_ms=timings.first_byte_ms,
        duration_ms=timings.total_ms,
        next_attempt_at=next_at,
        state=state,
        counted=int(outcome.is_counted and outcome.is_attempt),
        is_attempt=outcome.is_attempt,
        pauses_channel=outcome.pauses_channel,
        partner_reference=storable(outcome.partner_reference),
        partner_price=outcome.price,
        settled=outcome.settled,
        is_digest=shipment.is_digest,
    )


def storable(text: str) -> str:
    """The text as Postgres can hold it: what partners answer may carry NUL, and half of a surrogate pair."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def _next_try(shipment: Shipment, outcome: Outcome, now: datetime, jitter: float) -> datetime | None:
    if shipment.is_test:
        return None
    return retry.next_try(
        retry.policy_of(shipment.settings.config),
        outcome=outcome,
        counted_tries=shipment.counted_attempts + int(outcome.is_counted),
        tries_made=shipment.attempts_made - (shipment.attempts_before_resend or 0) + 1,
        now=now,
        jitter=jitter,
        first_due_at=shipment.queued_at,
    )


def _seal_response(shipment: Shipment, outcome: Outcome) -> bytes:
    content = {
        "headers": outcome.response_headers,
        "body": outcome.response_body,
        "is_truncated": outcome.is_response_truncated,
    }
    return shipment.vault.seal(_encode(content), purpose=RESPONSE, record_id=shipment.delivery_id)


class Response(msgspec.Struct, frozen=True):
    """What came back, as the log keeps it."""

    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    is_truncated: bool = False


def open_response(vault: LeadVault, sealed: bytes | memoryview, *, delivery_id: UUID) -> Response:
    """Raises SealError when the lead was erased."""
    content = vault.open(sealed, purpose=RESPONSE, record_id=delivery_id)
    return msgspec.json.decode(content, type=Response)
