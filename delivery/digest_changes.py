"""What people do to digests, and what the erasure of a lead means for them."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.access import Access
from accounts.doorbell import ring_background
from accounts.faults import ConflictError
from delivery.models import Attempt, Delivery, DeliveryState, Digest
from delivery.queue import ANSWER_ERASED, LEAD_ERASED
from delivery.requeue import OBSTACLES, find_obstacles, requeue
from delivery.wake import wake

_WAITING = (DeliveryState.COLLECTING, DeliveryState.QUEUED, DeliveryState.HELD)
_NOT_KEPT = "not_kept"


def send_digest(access: Access, digest: Digest) -> None:
    """Send now what it has collected, or bring the next try of its mail forward. Raises ConflictError."""
    carrier = Delivery.objects.select_related("channel").get(id=digest.id)
    if carrier.state not in _WAITING:
        raise ConflictError(f"This digest is {carrier.state} already; there is nothing left to send.")
    if carrier.channel.paused_at is not None:
        raise ConflictError(OBSTACLES["paused"])
    now = timezone.now()
    if digest.put_together_at is None:
        Digest.objects.filter(id=digest.id, put_together_at=None).update(due_at=now, is_waiting=False)
        transaction.on_commit(ring_background)
    else:
        waiting = Delivery.objects.filter(id=digest.id, state__in=_WAITING)
        waiting.update(state=DeliveryState.QUEUED, reason="", next_attempt_at=now, updated_at=now)
        transaction.on_commit(wake)
    audit.note(access, "sent", digest, changes={"due_at": [digest.due_at.isoformat(), now.isoformat()]})


def resend_digest(access: Access, digest: Digest) -> None:
    """Send the same mail once more, to all its recipients. It is put together anew if it is no longer kept, or one of its leads was erased.

    Raises ConflictError.
    """
    if digest.closed_at is None:
        raise ConflictError("This digest still collects; send it first.")
    obstacle = find_obstacles([digest.id], is_fresh=False).get(digest.id)
    if obstacle not in (None, _NOT_KEPT):
        raise ConflictError(OBSTACLES[obstacle])
    members = digest.members.filter(state__in=[DeliveryState.DELIVERED, DeliveryState.FAILED], lead__erased_at=None)
    now = timezone.now()
    if not members.update(state=DeliveryState.COLLECTING, reason="", finished_at=None, updated_at=now):
        raise ConflictError("No lead is left in this digest.")
    if not requeue([digest.id], due=[now], is_fresh=True):
        raise ConflictError(OBSTACLES["sending"])
    if obstacle == _NOT_KEPT or not digest.wrapped_key:
        Delivery.objects.filter(id=digest.id).update(state=DeliveryState.COLLECTING, next_attempt_at=None)
        make_again([digest.id])
    audit.note(access, "resent", digest, changes={})
    transaction.on_commit(wake)


def make_again(digest_ids: Collection[UUID]) -> None:
    """A lead has left these digests: their mails are put together anew where they may still go out. One that is being sent now is, if it fails."""
    carriers = Delivery.objects.filter(id__in=digest_ids, state__in=[*_WAITING, DeliveryState.SENDING]).values("id")
    again = Digest.objects.filter(id__in=carriers, closed_at__isnull=False)
    if again.update(put_together_at=None, began_at=None, is_waiting=False, due_at=timezone.now()):
        transaction.on_commit(ring_background)


def forget_leads(lead_ids: Collection[UUID]) -> None:
    """These leads were erased: mails that hold them become unreadable for good, and those that have not gone out are made without them."""
    members = Delivery.objects.filter(lead_id__in=lead_ids, digest__isnull=False)
    digest_ids = list(
        Digest.objects.filter(id__in=members.values("digest_id")).select_for_update().order_by("id").values_list("id", flat=True)
    )
    if not digest_ids:
        return
    Digest.objects.filter(id__in=digest_ids).update(wrapped_key=b"", sealed_progress=None)
    make_again(digest_ids)
    # The mail server may have quoted the mail (delivery.erasure).
    Attempt.objects.filter(delivery_id__in=digest_ids).update(reason=ANSWER_ERASED)
    carriers = Delivery.objects.filter(id__in=digest_ids)
    carriers.filter(state=DeliveryState.SENDING).update(reason=LEAD_ERASED)
    carriers.filter(state=DeliveryState.FAILED).update(reason=ANSWER_ERASED)
