"""New deliveries, written in the lead's own transaction; and what people may do to those that wait."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from accounts.doorbell import ring_background
from accounts.ids import new_id

_encode = msgspec.json.Encoder().encode

_ENQUEUE = """
INSERT INTO delivery_delivery (id, account_id, lead_id, channel_id, profile_id, partner_id, state, reason, is_test, is_retry, attempts_made,
    counted_attempts, next_attempt_at, created_at, updated_at, seats, needs_follow_up)
SELECT d.id, %s, d.lead_id, d.channel_id, d.profile_id, d.partner_id, d.state, d.reason, false, false, 0, 0,
    CASE d.state WHEN 'queued' THEN COALESCE(d.due_at, %s) WHEN 'collecting' THEN d.due_at END, %s, %s, d.seats::jsonb, d.needs_follow_up
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::bool[])
  AS d(id, lead_id, channel_id, profile_id, partner_id, state, reason, due_at, seats, needs_follow_up)
"""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """hold_reason: why it must wait (its channel is paused); empty when it is due at once. due_at: not before then, for wait_reason (a cap
    that begins anew). collects: its channel sends digests, and it waits for one, also while the channel is paused. seats: what it took of caps, as `return_seats` takes it back. needs_follow_up: see Delivery."""

    lead_id: UUID
    channel_id: UUID
    profile_id: UUID
    partner_id: UUID
    hold_reason: str = ""
    due_at: datetime | None = None
    wait_reason: str = ""
    collects: bool = False
    seats: Sequence[Any] = ()
    needs_follow_up: bool = False
    id: UUID = field(default_factory=new_id)

    @property
    def state(self) -> str:
        if self.collects:
            return "collecting"
        return "held" if self.hold_reason else "queued"

    @property
    def reason(self) -> str:
        return self.wait_reason if self.collects else self.hold_reason or self.wait_reason


def enqueue(deliveries: Sequence[NewDelivery], *, account_id: UUID, now: datetime) -> None:
    """Write the rows. The caller rings `wake` once its transaction has committed."""
    if not deliveries:
        return
    columns: list[list[Any]] = [
        [d.id for d in deliveries],
        [d.lead_id for d in deliveries],
        [d.channel_id for d in deliveries],
        [d.profile_id for d in deliveries],
        [d.partner_id for d in deliveries],
        [d.state for d in deliveries],
        [d.reason for d in deliveries],
        [d.due_at for d in deliveries],
        [_encode(d.seats).decode() if d.seats else None for d in deliveries],
        [d.needs_follow_up for d in deliveries],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ENQUEUE, [account_id, now, now, now, *columns])
    if any(d.collects for d in deliveries):
        transaction.on_commit(ring_background)
