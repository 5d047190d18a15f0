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
    CASE d.state WHEN 'queued' THEN COALESCE(d.due_at, %s) WHEN 'collecting' THEN d.due_at END, %s, %s, d.seats, d.needs_follow_up
FROM json_to_recordset(%s) AS d(id uuid, lead_id uuid, channel_id uuid, profile_id uuid, partner_id uuid, state text, reason text,
    due_at timestamptz, seats jsonb, needs_follow_up bool)
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
    rows = [
        {
            "id": d.id,
            "lead_id": d.lead_id,
            "channel_id": d.channel_id,
            "profile_id": d.profile_id,
            "partner_id": d.partner_id,
            "state": d.state,
            "reason": d.reason,
            "due_at": d.due_at,
            "seats": d.seats or None,
            "needs_follow_up": d.needs_follow_up,
        }
        for d in deliveries
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ENQUEUE, [account_id, now, now, now, _encode(rows).decode()])
    if any(d.collects for d in deliveries):
        transaction.on_commit(ring_background)
