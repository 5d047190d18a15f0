"""The queue: the rows of `delivery_delivery`, and every statement that moves one between states.

Postgres is the queue (docs/adr/0001). All statements run as the engine's role, across accounts, except `enqueue` and the few that the API calls
within an account. Claims carry a claim id: its first eight bytes name the engine, whose session holds an advisory lock of that number for as
long as it lives; the rest is a number of its own. Whoever records must still hold the claim (compare and swap).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import namedtuple_row

from delivery.record import Record

LEASE_SECONDS = 90
HEARTBEAT_SECONDS = 20
# An engine whose lock is free is dead; its lease must be this old before anybody believes it, so that a database restart, which frees
# every lock, gives the living time to take theirs again.
DEAD_AFTER_SECONDS = 10

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


# Who gets the next slots. `lanes` walks the partial index from one (account, channel) to the next, so that its cost is the number of channels
# with something queued, not the number of deliveries. From each lane come at most as many as it has room for, first tries and retries taking
# turns; then accounts take turns, and within an account its channels, starting behind the account that was served last.
_PICK = """
WITH RECURSIVE lanes AS (
    (SELECT account_id, channel_id FROM delivery_delivery WHERE state = 'queued' ORDER BY account_id, channel_id LIMIT 1)
    UNION ALL
    SELECT following.account_id, following.channel_id FROM lanes CROSS JOIN LATERAL (
        SELECT account_id, channel_id FROM delivery_delivery
        WHERE state = 'queued' AND (account_id, channel_id) > (lanes.account_id, lanes.channel_id)
        ORDER BY account_id, channel_id LIMIT 1
    ) following
), busy AS (
    SELECT channel_id, count(*) AS number FROM delivery_delivery WHERE state = 'sending' GROUP BY channel_id
), open_lanes AS MATERIALIZED (
    SELECT lanes.account_id, lanes.channel_id, channel.max_in_flight - COALESCE(busy.number, 0) AS room
    FROM lanes JOIN delivery_deliverychannel channel ON channel.id = lanes.channel_id LEFT JOIN busy ON busy.channel_id = lanes.channel_id
    WHERE channel.paused_at IS NULL AND channel.max_in_flight > COALESCE(busy.number, 0)
), due AS (
    SELECT one.id, one.is_retry, lane.account_id, lane.channel_id, lane.room,
           row_number() OVER (PARTITION BY lane.channel_id ORDER BY one.turn, one.is_retry) AS in_channel
    FROM open_lanes lane CROSS JOIN LATERAL (
        (SELECT id, is_retry, row_number() OVER (ORDER BY next_attempt_at) AS turn FROM delivery_delivery
         WHERE state = 'queued' AND account_id = lane.account_id AND channel_id = lane.channel_id AND NOT is_retry AND next_attempt_at <= now()
         ORDER BY next_attempt_at LIMIT lane.room)
        UNION ALL
        (SELECT id, is_retry, row_number() OVER (ORDER BY next_attempt_at) AS turn FROM delivery_delivery
         WHERE state = 'queued' AND account_id = lane.account_id AND channel_id = lane.channel_id AND is_retry AND next_attempt_at <= now()
         ORDER BY next_attempt_at LIMIT lane.room)
    ) one
), turns AS (
    SELECT id, is_retry, account_id, row_number() OVER (PARTITION BY account_id ORDER BY in_channel, channel_id) AS in_account
    FROM due WHERE in_channel <= room
), ranked AS (
    SELECT id, is_retry, account_id, in_account,
           row_number() OVER (PARTITION BY is_retry ORDER BY in_account, account_id <= %(after)s, account_id) AS in_kind
    FROM turns
)
SELECT id FROM ranked WHERE NOT is_retry OR in_kind <= %(retry_limit)s
ORDER BY in_account, account_id <= %(after)s, account_id LIMIT %(limit)s
"""

_CLAIM = f"""
UPDATE delivery_delivery SET state = 'sending', claim_id = %(claim)s, leased_until = now() + interval '{LEASE_SECONDS} s', updated_at = now()
WHERE id = ANY(ARRAY({_PICK})) AND state = 'queued'
RETURNING id
"""

# What a claim needs to render and send. An earlier rendering is looked for only where there can be one.
_LOAD = """
SELECT d.id, d.account_id, d.lead_id, d.channel_id, d.attempts_made, d.counted_attempts, d.is_retry, d.is_test, d.created_at AS queued_at,
       a.wrapped_key AS account_key, a.config_version,
       l.wrapped_key AS lead_key, l.values::text AS lead_values, l.sealed AS lead_sealed, l.created_at, l.updated_at, l.source, l.status,
       r.id AS rendering_id, r.sealed_body, r.content_type, r.recipients
FROM delivery_delivery d
JOIN accounts_account a ON a.id = d.account_id
LEFT JOIN distribution_lead l ON l.id = d.lead_id
LEFT JOIN LATERAL (
    SELECT id, sealed_body, content_type, recipients FROM delivery_rendering WHERE d.is_retry AND delivery_id = d.id ORDER BY id DESC LIMIT 1
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

    One engine claims at a time, so that a channel's `max_in_flight` is exact over all workers. Losing the commit in a crash of the
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


@dataclass(frozen=True, slots=True)
class SealedRendering:
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
    next_attempt_at timestamptz, state text, counted int, is_attempt bool)
"""

# The deliveries' next states and the attempts, in one statement. A row whose claim is no longer ours changes nothing; its try is on record, late.
_RECORD = f"""
WITH result AS (SELECT * FROM {_RESULT}),
moved AS (
    UPDATE delivery_delivery d
    SET state = r.state, next_attempt_at = r.next_attempt_at, claim_id = NULL, leased_until = NULL, is_retry = true, updated_at = now(),
        attempts_made = d.attempts_made + r.is_attempt::int, counted_attempts = d.counted_attempts + r.counted,
        reason = CASE WHEN r.state = 'delivered' THEN '' ELSE r.reason END,
        finished_at = CASE WHEN r.state IN ('delivered', 'rejected', 'failed') THEN now() END
    FROM result r WHERE d.id = r.delivery_id AND d.claim_id = r.claim_id AND d.state = 'sending'
    RETURNING d.id
)
INSERT INTO delivery_attempt (id, account_id, delivery_id, channel_id, rendering_id, number, trigger, started_at, outcome, code, reason, method,
    target, address, http_status, request_headers, sealed_response, dns_ms, connect_ms, tls_ms, first_byte_ms, duration_ms, next_attempt_at, is_late)
SELECT r.id, r.account_id, r.delivery_id, r.channel_id, r.rendering_id, r.number, r.trigger, r.started_at, r.outcome, r.code, r.reason, r.method,
    r.target, r.address, r.http_status, r.request_headers::jsonb, decode(r.sealed_response, 'base64'), r.dns_ms, r.connect_ms, r.tls_ms, r.first_byte_ms,
    r.duration_ms, r.next_attempt_at, moved.id IS NULL
FROM result r LEFT JOIN moved ON moved.id = r.delivery_id WHERE r.is_attempt
ON CONFLICT DO NOTHING
"""


async def record(connection: Connection, records: Sequence[Record]) -> None:
    """Write what became of a batch of tries. Safe to repeat after a lost answer: an attempt is written once."""
    await connection.execute(_RECORD, [_encode(records).decode()])


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
