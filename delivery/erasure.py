"""What the erasure of a lead means for its deliveries: those that wait are cancelled, those that are over keep times, states and sizes.

One that is being sent at this moment finishes with what its worker has in memory. Its later try finds no key (delivery.preparing).
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from accounts import audit
from accounts.access import Access
from accounts.jobs import Step
from accounts.models import Job
from delivery.models import Delivery, DeliveryState
from delivery.preparing import LEAD_ERASED
from distribution import erasure
from distribution.models import Entity, Lead
from distribution.retention import overdue_leads

_WAITING = (DeliveryState.QUEUED, DeliveryState.HELD, DeliveryState.COLLECTING)
_LEADS_PER_STEP = 500


def erase_leads(lead_ids: Collection[UUID], *, now: datetime) -> list[UUID]:
    """Erase these leads of the account that is set, for good. Returns the ids of those that were not erased already. The caller writes down who
    did it."""
    erased = erasure.erase_leads(lead_ids, now=now)
    deliveries = Delivery.objects.filter(lead_id__in=erased)
    deliveries.filter(state__in=_WAITING).update(
        state=DeliveryState.CANCELLED, reason=LEAD_ERASED, next_attempt_at=None, finished_at=now, updated_at=now
    )
    # A mail server may have quoted the mail.
    deliveries.filter(state=DeliveryState.FAILED, channel__kind="email").update(
        reason="The lead was erased, and with it what the mail server said."
    )
    return erased


def erase_lead(access: Access, lead: Lead) -> None:
    """Safe to repeat: an erased lead stays as it is."""
    if erase_leads([lead.id], now=timezone.now()):
        audit.note(access, "erased", lead, changes={})


def retention_step(access: Access, job: Job) -> Step:
    """Erase the next of an Entity's leads that are older than it keeps them now; with the last, write down how many they were.

    A lead is erased whatever becomes of its deliveries: the promise was made to the person it is about.
    """
    now = timezone.now()
    entity = Entity.objects.get(id=job.params["entity"])
    if entity.retention_days is None:
        # Switched off meanwhile.
        return _end_run(access, job, entity, erased=job.done)
    past = overdue_leads(entity.id, before=now - timedelta(days=entity.retention_days))
    total = past.count() if job.cursor is None else None
    after = UUID(job.cursor) if job.cursor else UUID(int=0)
    batch = list(past.filter(id__gt=after).values_list("id", flat=True)[:_LEADS_PER_STEP])
    erased = job.done + len(erase_leads(batch, now=now))
    if len(batch) < _LEADS_PER_STEP:
        return _end_run(access, job, entity, erased=erased, total=total)
    return Step(cursor=str(batch[-1]), done=erased, is_last=False, total=total)


def _end_run(access: Access, job: Job, entity: Entity, *, erased: int, total: int | None = None) -> Step:
    audit.note(access, "retention", entity, changes={"erased_leads": [None, erased]})
    return Step(cursor=job.cursor, done=erased, is_last=True, total=total, result={"erased": erased})
