"""`Idempotency-Key`: the same request sent twice is done once, and answered twice with the same bytes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection, connections
from django.utils import timezone

from accounts.access import Access
from accounts.faults import ConflictError, Fault, RefusedChangeError
from intake.models import IdempotencyKey

KEPT_FOR = timedelta(hours=24)
_MAX_KEY = 255

# A second request with the key waits here for the first. Nothing comes back when that one committed: its answer stands there.
_TAKE = """
INSERT INTO intake_idempotencykey AS k (account_id, key, request_hash, answer, lead_ids, created_at) VALUES (%s, %s, %s, '', '{}', %s)
ON CONFLICT (account_id, key) DO UPDATE
SET request_hash = EXCLUDED.request_hash, answer = '', lead_ids = '{}', created_at = EXCLUDED.created_at WHERE k.created_at < %s
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """The key is ours: do the work, then `keep_answer`."""

    id: int


@dataclass(frozen=True, slots=True)
class Replay:
    answer: str


def take_key(access: Access, key: str, *, path: str, body: bytes) -> Taken | Replay:
    """Call it in the transaction of the work: if that is undone, so is this. Raises ConflictError when the key came with another body before."""
    if not (1 <= len(key) <= _MAX_KEY and key.isascii() and key.isprintable()):
        raise RefusedChangeError(
            [Fault("Idempotency-Key", "invalid", f"Idempotency-Key must have 1 to {_MAX_KEY} printable ASCII characters.")]
        )
    request_hash = hashlib.sha256(path.encode() + b"\x00" + body).digest()
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [access.account_id, key, request_hash, now, now - KEPT_FOR])
        row = cursor.fetchone()
    if row:
        return Taken(row[0])
    known = IdempotencyKey.objects.get(key=key)
    if bytes(known.request_hash) != request_hash:
        raise ConflictError("This Idempotency-Key came with another request within the last 24 hours; wanted a new key for a new request.")
    return Replay(known.answer)


def keep_answer(taken: Taken, answer: str, *, lead_ids: Sequence[UUID]) -> None:
    IdempotencyKey.objects.filter(id=taken.id).update(answer=answer, lead_ids=list(lead_ids))


def forget_old_keys() -> int:
    """Those of all accounts that are older than KEPT_FOR, for the worker. Returns how many."""
    with connections["engine"].cursor() as cursor:
        cursor.execute("DELETE FROM intake_idempotencykey WHERE created_at < %s", [timezone.now() - KEPT_FOR])
        return int(cursor.rowcount)
