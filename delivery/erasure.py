"""What the erasure of a lead means for its deliveries: those that wait are cancelled, those that are over keep times, states, codes and sizes.

What partners and mail servers answered in words may quote the lead, and goes. A delivery that is being sent at this moment finishes with what its
worker has in memory; it is marked, so that the answer is not told (delivery.queue), and its later try finds no key (delivery.preparing).
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import audit
from accounts.access import Access
from accounts.jobs import Step
from accounts.models import Job
from delivery.models import Attempt, ChannelHealth, Delivery, DeliveryState
from delivery.queue import ANSWER_ERASED, LEAD_ERASED
from distribution import erasure
from distribution.models import Entity, Lead
from distribution.retention import overdue_leads

_WAITING = (DeliveryState.QUEUED, DeliveryState.HELD, DeliveryState.COLLECTING)
_REFUSED = (DeliveryState.REJECTED, DeliveryState.FAILED)
_LEADS_PER_STEP = 500

# Is given the ids of leads that were erased, in the transaction that erased them.
type Forget = Callable[[Collection[UUID]], None]


def erase_leads(lead_ids: Collection[UUID], *, now: datetime) -> list[UUID]:
    """Erase these leads of the account that is set, for good. Returns the ids of those that were not erased already. The caller writes down who
    did it."""
    erased = erasure.erase_leads(lead_ids, now=now)
    # Locked in one order, also those that are being sent: what an engine records before is seen below, what it records later sees the mark.
    deliveries = Delivery.objects.filter(id__in=[*_locked(Delivery.objects.filter(lead_id__in=erased))])
    deliveries.filter(state__in=_WAITING).update(
        state=DeliveryState.CANCELLED, reason=LEAD_ERASED, next_attempt_at=None, finished_at=now, updated_at=now
    )
    deliveries.filter(state=DeliveryState.SENDING).update(reason=LEAD_ERASED)
    deliveries.filter(state__in=_REFUSED).update(reason=ANSWER_ERASED)
    _forget_words(deliveries)
    for forget in _forgetters():
        forget(erased)
    return erased


def _locked(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery, UUID]:
    return deliveries.select_for_update(no_key=True).order_by("id").values_list("id", flat=True)


def _forget_words(deliveries: QuerySet[Delivery]) -> None:
    """Overwrite what was said of these deliveries' tries, and what their channels repeat of it."""
    attempts = Attempt.objects.filter(delivery_id__in=deliveries.values("id"))
    said = {(channel_id, reason[:300]) for channel_id, reason in attempts.values_list("channel_id", "reason")}
    health = ChannelHealth.objects.select_for_update().filter(channel_id__in={channel_id for channel_id, _ in said}).order_by("channel_id")
    quoting = [one.channel_id for one in health if (one.channel_id, one.last_reason) in said]
    ChannelHealth.objects.filter(channel_id__in=quoting).update(last_reason=ANSWER_ERASED)
    attempts.update(reason=ANSWER_ERASED)


@cache
def _forgetters() -> tuple[Forget, ...]:
    """Named in the settings, since layers above keep something of leads too."""
    return tuple(import_string(name) for name in settings.FORGETTERS_OF_LEADS)


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


def end_retention(access: Access, job: Job) -> None:
    """A run was cancelled or failed: what it has erased by then is written down all the same."""
    if entity := Entity.objects.filter(id=job.params["entity"]).first():
        audit.note(access, "retention", entity, changes={"erased_leads": [None, job.done], "run": [None, job.state]})


def _end_run(access: Access, job: Job, entity: Entity, *, erased: int, total: int | None = None) -> Step:
    audit.note(access, "retention", entity, changes={"erased_leads": [None, erased]})
    return Step(cursor=job.cursor, done=erased, is_last=True, total=total, result={"erased": erased})
