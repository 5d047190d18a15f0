"""What people do to deliveries on their way: send them again, and cancel them.

Beside delivery.queue, which is the engine's, this alone moves deliveries between states at somebody's word (see Delivery for those that follow
on a setting or an erasure). All statements run within the account that is set, and each changes a row only if it is still as it must be.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

# Why a delivery cannot be sent again, in words for the one who asked.
OBSTACLES: Mapping[str, str] = {
    "test": "This was a test, and a test is not resent; send another one from its channel.",
    "sending": "This is being sent at this moment; wait for what becomes of it.",
    "collecting": "This waits for its digest, which sends it.",
    "queued": "This is queued already and goes out when its turn comes.",
    "erased": "The lead was erased; there is nothing left to send.",
    "paused": "The channel is paused; resume it first.",
    "not_kept": "There are no bytes of an earlier try to send again: they are no longer kept, or none were ever made. Ask for a fresh rendering.",
}

# Null: nothing stands against it. Of what is queued only a retry that is not due yet can be brought forward, and not by a resend of many.
_OBSTACLE = """
CASE
  WHEN d.is_test THEN 'test'
  WHEN d.state IN ('sending', 'collecting') THEN d.state
  WHEN d.state = 'queued' AND NOT (%(hastens)s AND d.attempts_made > 0 AND d.next_attempt_at > now()) THEN 'queued'
  WHEN EXISTS (SELECT FROM distribution_lead l WHERE l.id = d.lead_id AND l.erased_at IS NOT NULL) THEN 'erased'
  WHEN EXISTS (SELECT FROM delivery_deliverychannel c WHERE c.id = d.channel_id AND c.paused_at IS NOT NULL) THEN 'paused'
  WHEN NOT %(is_fresh)s AND d.attempts_made > 0 AND NOT EXISTS (SELECT FROM delivery_rendering r WHERE r.delivery_id = d.id) THEN 'not_kept'
END
"""

_FIND_OBSTACLES = f"""
SELECT id, obstacle FROM (SELECT d.id, {_OBSTACLE} AS obstacle FROM delivery_delivery d WHERE d.id = ANY(%(ids)s)) looked_at
WHERE obstacle IS NOT NULL
"""

# The retry policy starts afresh, and so does the count of tries that it goes by. Who has the lead already keeps it, whatever comes of this: its
# seats are not returned any more and nobody else gets the lead. What was followed up stays so.
_REQUEUE = f"""
UPDATE delivery_delivery d
SET state = 'queued', reason = '', next_attempt_at = wanted.due_at, counted_attempts = 0, attempts_before_resend = d.attempts_made,
    settled_recipients = CASE WHEN d.state = 'queued' THEN d.settled_recipients END,
    resent_at = now(), finished_at = NULL, updated_at = now(), needs_follow_up = d.needs_follow_up AND d.state <> 'delivered',
    stale_rendering_id = CASE WHEN %(is_fresh)s
        THEN (SELECT r.id FROM delivery_rendering r WHERE r.delivery_id = d.id ORDER BY r.id DESC LIMIT 1) END
FROM unnest(%(ids)s::uuid[], %(due)s::timestamptz[]) AS wanted(id, due_at)
WHERE d.id = wanted.id AND {_OBSTACLE} IS NULL
RETURNING d.id
"""

# A digest that one leaves is put together without it. One whose mail is on its way keeps what it has.
# What another transaction holds is about to be sent, or is being changed by somebody else: neither is waited for, so that this locks nobody out.
_CANCEL = """
WITH waiting AS (
    SELECT id FROM delivery_delivery d WHERE id = ANY(%(ids)s) AND state IN ('queued', 'held', 'collecting') AND NOT is_digest
      AND NOT EXISTS (SELECT FROM delivery_delivery digest WHERE digest.id = d.digest_id AND digest.state = 'sending')
    ORDER BY id FOR UPDATE SKIP LOCKED
), cancelled AS (
    UPDATE delivery_delivery d
    SET state = 'cancelled', reason = %(reason)s, next_attempt_at = NULL, finished_at = now(), updated_at = now()
    FROM waiting WHERE d.id = waiting.id
    RETURNING d.id, d.digest_id
), left_behind AS (
    UPDATE delivery_digest SET put_together_at = NULL, began_at = NULL, due_at = now() WHERE id IN (SELECT digest_id FROM cancelled)
)
SELECT id FROM cancelled
"""


def find_obstacles(ids: Sequence[UUID], *, is_fresh: bool, hastens: bool = False) -> dict[UUID, str]:
    """Those of the deliveries that cannot be sent again now, each with the key of its reason in OBSTACLES.

    hastens: a retry that is not due yet is no obstacle. is_fresh: an earlier rendering is not needed.
    """
    return dict(_run(_FIND_OBSTACLES, {"ids": list(ids), "is_fresh": is_fresh, "hastens": hastens}))


def requeue(ids: Sequence[UUID], *, due: Sequence[datetime], is_fresh: bool, hastens: bool = False) -> list[UUID]:
    """Queue deliveries again, each for its moment; those with an obstacle are left alone. Returns which were queued; the caller rings `wake` after
    its commit."""
    return [row[0] for row in _run(_REQUEUE, {"ids": list(ids), "due": list(due), "is_fresh": is_fresh, "hastens": hastens})]


def cancel_waiting(ids: Sequence[UUID], *, reason: str) -> list[UUID]:
    """Cancel those that wait. Returns which they were; the caller rings for the follow-up, which returns their seats, after its commit."""
    return [row[0] for row in _run(_CANCEL, {"ids": list(ids), "reason": reason})]


def _run(statement: str, values: Mapping[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
