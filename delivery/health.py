"""What the engine learns of channels while it delivers, and what follows from it: rests, pauses, and word to the account's people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from psycopg.rows import namedtuple_row

from accounts.ids import new_id
from delivery import queue
from delivery.alerts import names_of, put_into_words, tell
from delivery.breaker import PAUSED_AFTER, Breaker, Recent, Try, Word, after, words
from delivery.record import Record

# A healthy channel's last success is written this often, not once per lead.
_QUIET_SECONDS = 2.0
_REMEMBERED = 10_000
# Tries that failed for a reason here and say nothing of the partner.
_OWN_FAULTS = frozenset({"internal", "proxy", "render", "unreadable", "no_signing_secret", "mail_server_busy"})

# Channels that only succeeded. Those with an open breaker, or on their way back, are left alone and not returned: they take the longer way.
_NOTE_WELL = """
INSERT INTO delivery_channelhealth AS h (channel_id, account_id, last_success_at, failures_in_a_row, last_reason)
SELECT n.channel_id, n.account_id, %s, 0, '' FROM unnest(%s::uuid[], %s::uuid[]) AS n(channel_id, account_id)
ON CONFLICT (channel_id) DO UPDATE SET last_success_at = EXCLUDED.last_success_at, failing_since = NULL, failures_in_a_row = 0, last_reason = ''
WHERE h.open_until IS NULL AND h.allowed_in_flight IS NULL
RETURNING channel_id
"""

_CREATE = """
INSERT INTO delivery_channelhealth (channel_id, account_id, failures_in_a_row, last_reason)
SELECT n.channel_id, n.account_id, 0, '' FROM unnest(%s::uuid[], %s::uuid[]) AS n(channel_id, account_id)
ON CONFLICT DO NOTHING
"""
# In one order everywhere, so that two engines never lock each other out. Behind the first two, the columns of a Breaker, in its order.
_LOCK = """
SELECT h.channel_id, channel.max_in_flight, h.failing_since, h.failures_in_a_row, h.opened_at, h.open_until, h.openings, h.allowed_in_flight,
       h.incident_at, h.recovered_at
FROM delivery_channelhealth h JOIN delivery_deliverychannel channel ON channel.id = h.channel_id
WHERE h.channel_id = ANY(%s) ORDER BY h.channel_id FOR UPDATE OF h
"""
_WRITE = """
UPDATE delivery_channelhealth h
SET last_success_at = COALESCE(n.success_at, h.last_success_at), last_failure_at = COALESCE(n.failure_at, h.last_failure_at),
    last_reason = n.reason, failing_since = b.failing_since, failures_in_a_row = b.failures_in_a_row, opened_at = b.opened_at,
    open_until = b.open_until, openings = b.openings, allowed_in_flight = b.allowed_in_flight, incident_at = b.incident_at,
    recovered_at = b.recovered_at
FROM json_to_recordset(%s::json) AS n(channel_id uuid, success_at timestamptz, failure_at timestamptz, reason text, breaker json)
CROSS JOIN LATERAL json_populate_record(NULL::delivery_channelhealth, n.breaker) b
WHERE h.channel_id = n.channel_id
"""

# Stops at once, keeps what waits, and leaves word in the audit log.
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

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Note:
    """What one batch says of one channel. code, reason: of its latest failure; pause_reason: a partner asked to stop (410)."""

    account_id: UUID
    tries: list[Try] = field(default_factory=list)
    failures: int = 0
    code: str = ""
    reason: str = ""
    pause_reason: str = ""


class Notes:
    """Gathers what a batch says of its channels, and writes it at most as often as it matters.

    A batch that is written again after a lost answer counts twice: a breaker may open early by it, and never late.
    """

    def __init__(self) -> None:
        self._well_since: dict[UUID, datetime] = {}
        self._recent: dict[UUID, Recent] = {}

    async def write(self, connection: queue.Connection, records: Sequence[Record], now: datetime) -> None:
        notes = _gather(records)
        for channel_id, note in notes.items():
            self._recent.setdefault(channel_id, Recent()).add(tries=len(note.tries), failures=note.failures, now=now)
        doubtful = {channel_id: note for channel_id, note in notes.items() if note.failures}
        doubtful |= await self._note_well(connection, {c: note for c, note in notes.items() if not note.failures}, now)
        if doubtful:
            await self._examine(connection, doubtful, now)
        self._forget()

    async def _note_well(self, connection: queue.Connection, notes: Mapping[UUID, _Note], now: datetime) -> dict[UUID, _Note]:
        """Returns those that are not well, for all that their tries succeeded."""
        quiet = timedelta(seconds=_QUIET_SECONDS)
        # In one order everywhere, so that two engines never wait for each other.
        due = sorted(c for c in notes if c not in self._well_since or now - self._well_since[c] >= quiet)
        if not due:
            return {}
        cursor = await connection.execute(_NOTE_WELL, [now, due, [notes[channel_id].account_id for channel_id in due]])
        well = {row[0] for row in await cursor.fetchall()}
        self._well_since |= dict.fromkeys(well, now)
        return {channel_id: notes[channel_id] for channel_id in due if channel_id not in well}

    async def _examine(self, connection: queue.Connection, notes: Mapping[UUID, _Note], now: datetime) -> None:
        """Decide on each channel's breaker by all that is known of it, under lock."""
        for channel_id in notes:
            self._well_since.pop(channel_id, None)
        channels = sorted(notes)
        pauses = {channel_id: note.pause_reason for channel_id, note in notes.items() if note.pause_reason}
        async with connection.transaction():
            await connection.execute(_CREATE, [channels, [notes[channel_id].account_id for channel_id in channels]])
            cursor = connection.cursor(row_factory=namedtuple_row)
            await cursor.execute(_LOCK, [channels])
            found: dict[UUID, list[Word]] = {}
            breakers: dict[UUID, Breaker] = {}
            row: Any
            for row in await cursor.fetchall():
                before = Breaker(*row[2:])
                breaker = self._decide(before, row.channel_id, notes[row.channel_id], now, row.max_in_flight)
                breakers[row.channel_id] = breaker
                found[row.channel_id] = words(before, breaker, now=now)
            await connection.execute(_WRITE, [_encode([_row(c, notes[c], breaker, now) for c, breaker in breakers.items()]).decode()])
            await _tell_all(connection, notes, breakers, found, now)
        pauses |= {c: _too_long(breakers[c]) for c, said in found.items() if Word.PAUSED in said and c not in pauses}
        for channel_id, reason in pauses.items():
            await _pause(connection, channel_id, reason, notes[channel_id].code, breakers.get(channel_id, Breaker()), now)

    def _decide(self, before: Breaker, channel_id: UUID, note: _Note, now: datetime, max_in_flight: int) -> Breaker:
        is_half_failing = self._recent[channel_id].is_half_failing(now=now, since=before.opened_at)
        return after(before, note.tries, now=now, is_half_failing=is_half_failing, max_in_flight=max_in_flight)

    def _forget(self) -> None:
        for known in (self._well_since, self._recent):
            if len(known) > _REMEMBERED:
                known.clear()


def _gather(records: Sequence[Record]) -> dict[UUID, _Note]:
    notes: dict[UUID, _Note] = {}
    for one in sorted(records, key=lambda r: r.started_at):
        if not one.is_attempt or one.trigger == "test" or one.code in _OWN_FAULTS:
            continue
        note = notes.get(one.channel_id)
        if note is None:
            note = notes[one.channel_id] = _Note(one.account_id)
        is_success = one.outcome in ("delivered", "rejected")
        note.tries.append(Try(one.started_at, is_success))
        if not is_success:
            note.failures += 1
            note.code, note.reason = one.code, one.reason
        if one.pauses_channel:
            note.pause_reason = one.reason
    return notes


def _row(channel_id: UUID, note: _Note, breaker: Breaker, now: datetime) -> dict[str, Any]:
    return {
        "channel_id": channel_id,
        "success_at": now if len(note.tries) > note.failures else None,
        "failure_at": now if note.failures else None,
        "reason": note.reason[:300] if breaker.failures_in_a_row else "",
        "breaker": breaker,
    }


async def _tell_all(
    connection: queue.Connection,
    notes: Mapping[UUID, _Note],
    breakers: Mapping[UUID, Breaker],
    found: Mapping[UUID, Collection[Word]],
    now: datetime,
) -> None:
    told = {channel_id: said for channel_id, said in found.items() if said}
    names = await names_of(connection, told) if told else {}
    for channel_id, said in told.items():
        for word in said:
            # Of a pause, word is given with the pause itself.
            if word is not Word.PAUSED:
                alert = put_into_words(word, names[channel_id], breakers[channel_id], code=notes[channel_id].code, now=now)
                await tell(connection, alert)


def _too_long(breaker: Breaker) -> str:
    since = f"{breaker.failing_since:%Y-%m-%d %H:%M} UTC" if breaker.failing_since else "long ago"
    return f"Every delivery has failed for {PAUSED_AFTER.days} days, since {since}."


async def _pause(connection: queue.Connection, channel_id: UUID, reason: str, code: str, breaker: Breaker, now: datetime) -> None:
    pause = {"channel": channel_id, "reason": reason[:200], "held": f"The channel is paused. {reason}", "event": new_id()}
    async with connection.transaction():
        cursor = await connection.execute(_PAUSE, pause)
        if cursor.rowcount:
            (names,) = (await names_of(connection, [channel_id])).values()
            await tell(connection, put_into_words(Word.PAUSED, names, breaker, code=code, now=now))
