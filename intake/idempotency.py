"""`Idempotency-Key`: the same request sent twice is done once, and answered twice with the same bytes."""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection, connections
from django.db.models import Q
from django.utils import timezone

from accounts.access import Access
from accounts.faults import ConflictError, Fault, RefusedChangeError
from distribution.models import Lead
from intake.models import IdempotencyKey

KEPT_FOR = timedelta(hours=24)
_MAX_KEY = 255
_PURPOSE = "idempotency-answer"

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
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Replay:
    answer: str


def take_key(access: Access, key: str, *, path: str, body: bytes) -> Taken | Replay:
    """Call it in the transaction of the work: if that is undone, so is this.

    Raises ConflictError when the key came with another body before, or with this one for a lead that was erased since.
    """
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
        return Taken(row[0], request_hash)
    known = IdempotencyKey.objects.get(key=key)
    if bytes(known.request_hash) != request_hash:
        raise ConflictError("This Idempotency-Key came with another request within the last 24 hours; wanted a new key for a new request.")
    if not known.answer:
        raise ConflictError(
            "What was asked with this Idempotency-Key was done; a lead of it was erased since, and the answer went with it."
        )
    sealed = b64decode(known.answer)
    return Replay(access.vault.open(sealed, purpose=_PURPOSE, record_id=_record_id(request_hash)).decode())


def keep_answer(access: Access, taken: Taken, answer: str, *, lead_ids: Sequence[UUID]) -> None:
    """Sealed by the account's key: what is wrong with a refused row repeats of it."""
    sealed = access.vault.seal(answer.encode(), purpose=_PURPOSE, record_id=_record_id(taken.request_hash))
    IdempotencyKey.objects.filter(id=taken.id).update(answer=b64encode(sealed).decode(), lead_ids=list(lead_ids))


def _record_id(request_hash: bytes) -> UUID:
    return UUID(bytes=request_hash[:16])


def forget_answers(lead_ids: Collection[UUID]) -> None:
    """Of requests that brought or repeated any of these leads. Their keys stay taken: sent again, such a request must not bring the lead back."""
    since = timezone.now() - KEPT_FOR
    came = Q(created_at__gte=since) | Q(last_repeat_at__gte=since)
    # Of an older lead no answer is kept; so that the keys need no index for this.
    recent = list(Lead.objects.filter(came, id__in=lead_ids).values_list("id", flat=True))
    if recent:
        IdempotencyKey.objects.filter(lead_ids__overlap=recent).update(answer="")


def forget_old_keys() -> int:
    """Those of all accounts that are older than KEPT_FOR, for the worker. Returns how many."""
    with connections["engine"].cursor() as cursor:
        cursor.execute("DELETE FROM intake_idempotencykey WHERE created_at < %s", [timezone.now() - KEPT_FOR])
        return int(cursor.rowcount)
