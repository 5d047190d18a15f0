"""What the engine learns of channels while it delivers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.ids import new_id
from delivery import queue
from delivery.record import Record

# A healthy channel's last success is written this often, not once per lead.
_QUIET_SECONDS = 2.0

# Upserts one row per channel. A success ends a row of failures; failures continue it.
_UPSERT = """
INSERT INTO delivery_channelhealth AS h (channel_id, account_id, last_success_at, last_failure_at, failing_since, failures_in_a_row, last_reason)
SELECT n.channel_id, n.account_id, n.success_at, n.failure_at, CASE WHEN n.failures > 0 THEN n.failure_at END, n.failures, n.reason
FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::int[], %s::text[])
  AS n(channel_id, account_id, success_at, failure_at, failures, reason)
ON CONFLICT (channel_id) DO UPDATE SET
    last_success_at = COALESCE(EXCLUDED.last_success_at, h.last_success_at),
    last_failure_at = COALESCE(EXCLUDED.last_failure_at, h.last_failure_at),
    failing_since = CASE WHEN EXCLUDED.failures_in_a_row = 0 THEN NULL
                         WHEN EXCLUDED.last_success_at IS NOT NULL THEN EXCLUDED.failing_since
                         ELSE COALESCE(h.failing_since, EXCLUDED.failing_since) END,
    failures_in_a_row = CASE WHEN EXCLUDED.last_success_at IS NOT NULL THEN EXCLUDED.failures_in_a_row
                             ELSE h.failures_in_a_row + EXCLUDED.failures_in_a_row END,
    last_reason = EXCLUDED.last_reason
"""

# The partner asked for it (410): stop at once, keep what waits.
_PAUSE = """
WITH paused AS (
    UPDATE delivery_deliverychannel SET paused_at = now(), pause_reason = %(reason)s, updated_at = now()
    WHERE id = %(channel)s AND paused_at IS NULL RETURNING id, account_id
), held AS (
    UPDATE delivery_delivery d SET state = 'held', next_attempt_at = NULL, reason = %(held)s, updated_at = now()
    FROM paused WHERE d.channel_id = paused.id AND d.state = 'queued'
), version AS (
    UPDATE accounts_account a SET config_version = config_version + 1 FROM paused WHERE a.id = paused.account_id
)
INSERT INTO accounts_auditevent (id, account_id, at, actor_kind, actor_id, actor_label, action, object_type, object_id, object_label, changes, request_id)
SELECT %(event)s, account_id, now(), 'system', NULL, 'Leadflip', 'paused', 'deliverychannel', id, %(reason)s, '{}', '' FROM paused
"""


@dataclass(slots=True)
class _Note:
    account_id: UUID
    success_at: datetime | None = None
    failure_at: datetime | None = None
    failures: int = 0
    reason: str = ""


class Notes:
    """Gathers what a batch says of its channels, and writes it at most as often as it matters."""

    def __init__(self) -> None:
        self._well_since: dict[UUID, datetime] = {}

    async def write(self, connection: queue.Connection, records: Sequence[Record], now: datetime) -> None:
        notes = self._gather(records, now)
        if notes:
            channels = sorted(notes)  # one order everywhere, so that two engines never wait for each other
            columns = [
                channels,
                [notes[c].account_id for c in channels],
                [notes[c].success_at for c in channels],
                [notes[c].failure_at for c in channels],
                [notes[c].failures for c in channels],
                [notes[c].reason[:300] for c in channels],
            ]
            await connection.execute(_UPSERT, columns)
        for one in records:
            if one.pauses_channel:
                await _pause(connection, one)

    def _gather(self, records: Sequence[Record], now: datetime) -> dict[UUID, _Note]:
        notes: dict[UUID, _Note] = {}
        for one in sorted(records, key=lambda r: r.started_at):
            if not one.is_attempt or one.trigger == "test":
                continue
            note = notes.setdefault(one.channel_id, _Note(one.account_id))
            if one.outcome in ("delivered", "rejected"):
                note.success_at, note.failures, note.reason = now, 0, ""
            else:
                note.failure_at, note.failures, note.reason = now, note.failures + 1, one.reason
        for channel_id, note in list(notes.items()):
            if note.failure_at:
                self._well_since.pop(channel_id, None)
            elif (known := self._well_since.get(channel_id)) and (now - known).total_seconds() < _QUIET_SECONDS:
                del notes[channel_id]
            else:
                self._well_since[channel_id] = now
        if len(self._well_since) > 10_000:
            self._well_since.clear()
        return notes


async def _pause(connection: queue.Connection, one: Record) -> None:
    await connection.execute(
        _PAUSE,
        {
            "channel": one.channel_id,
            "reason": one.reason[:200],
            "held": f"The channel is paused. {one.reason}",
            "event": new_id(),
        },
    )
