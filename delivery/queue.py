"""The queue: the rows of `delivery_delivery`, and every statement that moves one between states.

Postgres is the queue (docs/adr/0001). All statements run as the engine's role, across accounts, except `enqueue` and the few that the API calls
within an account. Claims carry a claim id: its first eight bytes name the engine, whose session holds an advisory lock of that number for as
long as it lives; the rest is a number of its own. Whoever records must still hold the claim (compare and swap).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import namedtuple_row

from delivery.choosing import CHOOSE, NEXT_OPENING, TAKE_OF_RATES
from delivery.record import Record

LEASE_SECONDS = 90
HEARTBEAT_SECONDS = 20
# An engine whose lock is free is dead; its lease must be this old before anybody believes it, so that a database restart, which frees
# every lock, gives the living time to take theirs again.
DEAD_AFTER_SECONDS = 10

LEAD_ERASED = "The lead was erased."
ANSWER_ERASED = "The lead was erased; what was answered went with it."

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class EngineId:
    """An engine as the database knows it: the key of its advisory lock."""

    lock: int

    @classmethod
    def new(cls) -> "EngineId":
        return cls(int.from_bytes(os.urandom(8), signed=True))

    def new_claim(self) -> UUID:
        return UUID(bytes=self.lock.to_bytes(8, signed=True) + os.urandom(8))


def engine_lock_of(claim_id: UUID) -> int:
    return int.from_bytes(claim_id.bytes[:8], signed=True)


async def announce(connection: Connection, engine: EngineId) -> None:
    """Hold the engine's lock (shared: it has several sessions) for the life of this session. The session must be the engine's own: not behind a transaction pooler."""
    await connection.execute("SELECT pg_advisory_lock_shared(%s)", [engine.lock])


_CLAIM = f"""
WITH claimed AS (
    UPDATE delivery_delivery SET state = 'sending', claim_id = %(claim)s, leased_until = now() + interval '{LEASE_SECONDS} s', updated_at = now()
    WHERE id = ANY(ARRAY({CHOOSE})) AND state = 'queued'
    RETURNING id, account_id, channel_id
), taken AS ({TAKE_OF_RATES})
SELECT id FROM claimed
"""

# What a claim needs to render and send. An earlier rendering is looked for only where there can be one.
_LOAD = """
SELECT d.id, d.account_id, d.lead_id, d.channel_id, d.attempts_made, d.counted_attempts, d.is_retry, d.is_test,
       d.attempts_before_resend, COALESCE(d.resent_at, d.created_at) AS queued_at,
       a.wrapped_key AS account_key, a.config_version,
       l.wrapped_key AS lead_key, l.values::text AS lead_values, l.sealed AS lead_sealed, l.created_at, l.updated_at, l.source, l.status,
       r.id AS rendering_id, r.sealed_body, r.content_type, r.recipients, d.settled_recipients::text AS settled_recipients,
       d.is_digest, g.wrapped_key AS digest_key, g.put_together_at, g.began_at, g.size AS digest_size, g.rendering_id AS digest_rendering_id,
       g.recipients AS digest_recipients
FROM delivery_delivery d
JOIN accounts_account a ON a.id = d.account_id
LEFT JOIN distribution_lead l ON l.id = d.lead_id
LEFT JOIN delivery_digest g ON d.is_digest AND g.id = d.id
LEFT JOIN LATERAL (
    SELECT id, sealed_body, content_type, recipients FROM delivery_rendering
    WHERE d.is_retry AND NOT d.is_digest AND delivery_id = d.id AND (d.stale_rendering_id IS NULL OR id > d.stale_rendering_id) ORDER BY id DESC LIMIT 1
) r ON true
WHERE d.id = ANY(%s)
"""


@dataclass(slots=True)
class Claimed:
    """Deliveries leased to this engine, as `_LOAD` reads them."""

    claim_id: UUID
    rows: list[Any]


async def claim(connection: Connection, *, claim_id: UUID, limit: int, retry_limit: int, after: UUID) -> Claimed:
    """Lease up to `limit` due deliveries, at most `retry_limit` of them retries; accounts up to `after` come last.

    One engine claims at a time, so that a channel's `max_in_flight` and its rate are exact over all workers. Losing the commit in a crash of the
    database loses the claim and nothing else: it need not wait for the disk.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('leadflip.claim')), set_config('synchronous_commit', 'off', true)")
        cursor = await connection.execute(_CLAIM, {"claim": claim_id, "limit": limit, "retry_limit": retry_limit, "after": after})
        ids = [row[0] for row in await cursor.fetchall()]
    if not ids:
        return Claimed(claim_id, [])
    rows = connection.cursor(row_factory=namedtuple_row)
    await rows.execute(_LOAD, [ids])
    return Claimed(claim_id, await rows.fetchall())


async def next_opening(connection: Connection, *, within: timedelta) -> datetime | None:
    """When a channel lets something go that is due and waits for the channel's rate or rest; None if none does within that time."""
    row = await (await connection.execute(NEXT_OPENING, {"within": within})).fetchone()
    return row[0] if row else None


# Batches go in as one JSON text: a tenth of the client's time that as many arrays take.
_encode = msgspec.json.Encoder().encode

_SAVE_RENDERINGS = """
INSERT INTO delivery_rendering (id, account_id, delivery_id, sealed_body, content_type, recipients, has_encrypted, created_at)
SELECT r.id, r.account_id, r.delivery_id, decode(r.sealed_body, 'base64'), r.content_type, r.recipients, r.has_encrypted, r.created_at
FROM json_to_recordset(%s::json)
  AS r(id uuid, account_id uuid, delivery_id uuid, sealed_body text, content_type text, recipients text[],
       has_encrypted bool, created_at timestamptz)
ON CONFLICT DO NOTHING
"""


class SealedRendering(msgspec.Struct, frozen=True, gc=False):
    id: UUID
    account_id: UUID
    delivery_id: UUID
    sealed_body: bytes
    content_type: str
    recipients: tuple[str, ...]
    has_encrypted: bool
    created_at: datetime


async def save_renderings(connection: Connection, renderings: Sequence[SealedRendering]) -> None:
    """Keep the bytes before anybody sees them, so that every later try sends the same."""
    await connection.execute(_SAVE_RENDERINGS, [_encode(renderings).decode()])


_RESULT = """
json_to_recordset(%s::json) AS r(id uuid, account_id uuid, delivery_id uuid, channel_id uuid, claim_id uuid, rendering_id uuid, number int,
    trigger text, started_at timestamptz, outcome text, code text, reason text, method text, target text, address text, http_status int,
    request_headers json, sealed_response text, dns_ms float8, connect_ms float8, tls_ms float8, first_byte_ms float8, duration_ms float8,
    next_attempt_at timestamptz, state text, counted int, is_attempt bool, partner_reference text, partner_price numeric,
    settled json)
"""

# The deliveries' next states and the attempts, in one statement. A row whose claim is no longer ours changes nothing; its try is on record, late.
# What is to be tried again through a channel that was paused meanwhile is held. A delivery whose lead was erased while it was sent says so
# (delivery.erasure) and keeps to that: nothing of the answer is told.
_RECORD = f"""
WITH result AS (
    SELECT r.*, r.state = 'queued' AND (SELECT paused_at IS NOT NULL FROM delivery_deliverychannel WHERE id = r.channel_id) AS is_paused
    FROM {_RESULT}
), moved AS (
    UPDATE delivery_delivery d
    SET state = CASE WHEN r.is_paused THEN 'held' ELSE r.state END,
        next_attempt_at = CASE WHEN NOT r.is_paused THEN r.next_attempt_at END, claim_id = NULL, leased_until = NULL, is_retry = true, updated_at = now(),
        attempts_made = d.attempts_made + r.is_attempt::int, counted_attempts = d.counted_attempts + r.counted,
        reason = CASE WHEN d.reason = '{LEAD_ERASED}' THEN d.reason WHEN r.state = 'delivered' THEN ''
                      WHEN r.is_paused THEN 'The channel is paused. ' || r.reason ELSE r.reason END,
        finished_at = CASE WHEN r.state IN ('delivered', 'rejected', 'failed') THEN now() END,
        partner_reference = CASE WHEN r.partner_reference = '' OR d.reason = '{LEAD_ERASED}' THEN d.partner_reference ELSE r.partner_reference END,
        partner_price = COALESCE(r.partner_price, d.partner_price),
        settled_recipients = CASE WHEN json_array_length(r.settled) > 0 THEN r.settled::jsonb ELSE d.settled_recipients END
    FROM result r WHERE d.id = r.delivery_id AND d.claim_id = r.claim_id AND d.state = 'sending'
    RETURNING d.id, d.reason
)
INSERT INTO delivery_attempt (id, account_id, delivery_id, channel_id, rendering_id, number, trigger, started_at, outcome, code, reason, method,
    target, address, http_status, request_headers, sealed_response, dns_ms, connect_ms, tls_ms, first_byte_ms, duration_ms, next_attempt_at, is_late)
SELECT r.id, r.account_id, r.delivery_id, r.channel_id, r.rendering_id, r.number, r.trigger, r.started_at, r.outcome, r.code,
    CASE COALESCE(moved.reason, (SELECT reason FROM delivery_delivery WHERE id = r.delivery_id)) WHEN '{LEAD_ERASED}' THEN '{ANSWER_ERASED}'
    ELSE r.reason END, r.method, r.target, r.address, r.http_status, r.request_headers::jsonb, decode(r.sealed_response, 'base64'), r.dns_ms,
    r.connect_ms, r.tls_ms, r.first_byte_ms,
    r.duration_ms, r.next_attempt_at, moved.id IS NULL
FROM result r LEFT JOIN moved ON moved.id = r.delivery_id WHERE r.is_attempt
ON CONFLICT DO NOTHING
"""


# What became of a digest becomes of every delivery in it.
_FOLLOW = """
UPDATE delivery_delivery d
SET state = CASE WHEN digest.state IN ('delivered', 'rejected', 'failed') THEN digest.state ELSE d.state END, reason = digest.reason,
    attempts_made = digest.attempts_made, counted_attempts = digest.counted_attempts, next_attempt_at = digest.next_attempt_at,
    finished_at = digest.finished_at, updated_at = now()
FROM delivery_delivery digest
WHERE digest.id = ANY(%s) AND digest.state <> 'sending' AND d.digest_id = digest.id AND NOT d.is_digest AND d.state = 'collecting'
"""


async def record(connection: Connection, records: Sequence[Record]) -> None:
    """Write what became of a batch of tries. Safe to repeat after a lost answer: an attempt is written once."""
    digests = [one.delivery_id for one in records if one.is_digest]
    if not digests:
        await connection.execute(_RECORD, [_encode(records).decode()])
        return
    async with connection.transaction():
        await connection.execute(_RECORD, [_encode(records).decode()])
        await connection.execute(_FOLLOW, [digests])


_PIECE_AFTER = """
SELECT piece, sealed_body FROM delivery_rendering WHERE delivery_id = %s AND created_at = %s AND piece > %s ORDER BY piece LIMIT 1
"""


async def read_piece(connection: Connection, digest_id: UUID, began_at: datetime, after: int) -> tuple[int, bytes] | None:
    """See digest_pieces.ReadPiece."""
    cursor = connection.cursor(binary=True)
    await cursor.execute(_PIECE_AFTER, [digest_id, began_at, after])
    return await cursor.fetchone()


_HEARTBEAT = (
    f"UPDATE delivery_delivery SET leased_until = now() + interval '{LEASE_SECONDS} s' WHERE state = 'sending' AND claim_id = ANY(%s)"
)


async def heartbeat(connection: Connection, claim_ids: Sequence[UUID]) -> None:
    await connection.execute(_HEARTBEAT, [list(claim_ids)])


# What this engine leased and did not begin to send.
_GIVE_BACK = """
UPDATE delivery_delivery SET state = 'queued', claim_id = NULL, leased_until = NULL, is_retry = true, next_attempt_at = now(), updated_at = now()
WHERE state = 'sending' AND claim_id = %s
"""


async def give_back(connection: Connection, claim_id: UUID) -> None:
    await connection.execute(_GIVE_BACK, [claim_id])


_LEASES = f"""
SELECT DISTINCT claim_id FROM delivery_delivery
WHERE state = 'sending' AND leased_until < now() + interval '{LEASE_SECONDS - DEAD_AFTER_SECONDS} s'
"""

# Queues what nobody will finish: its lease ran out, or its engine is dead. A test belongs to the person who waits for it, and is not sent later.
_TAKE_BACK = """
UPDATE delivery_delivery
SET state = CASE WHEN is_test THEN 'cancelled' ELSE 'queued' END, claim_id = NULL, leased_until = NULL, is_retry = true,
    next_attempt_at = CASE WHEN is_test THEN NULL ELSE now() END, updated_at = now(),
    reason = CASE WHEN is_test THEN 'The test was interrupted before its result was known.' ELSE reason END
WHERE state = 'sending' AND (leased_until < now() OR claim_id = ANY(%s))
"""


async def take_back(connection: Connection) -> int:
    """Queue again what dead engines left. Returns how many."""
    cursor = await connection.execute(_LEASES)
    claims = [row[0] for row in await cursor.fetchall()]
    if not claims:
        return 0
    dead = [claim_id for claim_id in claims if await _is_dead(connection, engine_lock_of(claim_id))]
    return (await connection.execute(_TAKE_BACK, [dead])).rowcount


async def _is_dead(connection: Connection, lock: int) -> bool:
    cursor = await connection.execute(
        "SELECT NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND classid = (%s::bigint >> 32 & 4294967295)::oid"
        " AND objid = (%s::bigint & 4294967295)::oid AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
        [lock, lock],
    )
    row = await cursor.fetchone()
    return bool(row and row[0])
