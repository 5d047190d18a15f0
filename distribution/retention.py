"""Leads that an Entity keeps no longer: how many there are, and the run that erases them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from accounts import jobs
from accounts.access import Access, access_of_account
from accounts.faults import ConflictError
from accounts.ids import first_id_of
from accounts.isolation import account_scope
from accounts.models import Account, Job, JobState
from distribution.models import Entity, Lead

KIND = "retention"
MAX_DAYS = 3_650
# How much later than its lead an id may have been made: many leads come in one transaction.
_SLACK = timedelta(minutes=10)
_DAILY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would erase at this moment. days: None where leads are kept for ever. oldest: when the first of them came; None if there is none."""

    days: int | None
    leads: int
    oldest: datetime | None


def overdue_leads(entity_id: UUID, *, before: datetime) -> QuerySet[Lead]:
    """Leads that came before the moment and are not erased, the oldest first."""
    # Ids begin with their time: the index finds the end of the span, and the exact moment then picks from it.
    rows = Lead.objects.filter(entity_id=entity_id, erased_at=None, id__lt=first_id_of(before + _SLACK), created_at__lt=before)
    return rows.order_by("id")


def preview_retention(entity: Entity, *, days: int | None, now: datetime) -> Preview:
    if days is None:
        return Preview(None, 0, None)
    found = overdue_leads(entity.id, before=now - timedelta(days=days)).aggregate(leads=Count("id"), oldest=Min("created_at"))
    return Preview(days, found["leads"], found["oldest"])


def start_retention(access: Access, entity: Entity) -> Job:
    """The run that is under way already, or a new one. Lock the Entity first: two at once would be one too many.

    Raises ConflictError when the Entity keeps its leads for ever.
    """
    if entity.retention_days is None:
        raise ConflictError(f"{entity.name} keeps its leads for ever: retention_days is null. Set it to the number of days first.")
    runs = Job.objects.filter(kind=KIND, params__entity=str(entity.id))
    under_way = runs.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).first()
    if under_way is not None:
        return under_way
    label = f"Erasing the leads of {entity.name} that are older than {entity.retention_days:,} days"
    return jobs.start(access, KIND, label=label, params={"entity": str(entity.id)})


def start_due_retentions() -> int:
    """Start a run for every Entity, of any account, that has something to erase and had no run for a day. Returns how many. For the worker; safe
    to call at any time and from several at once."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, entity_id FROM leadflip_retentions_due(%s)", [now])
        due: list[tuple[UUID, UUID]] = cursor.fetchall()
    return sum(_start_daily(account_id, entity_id, now) for account_id, entity_id in due)


def _start_daily(account_id: UUID, entity_id: UUID, now: datetime) -> bool:
    with account_scope(account_id):
        entity = Entity.objects.select_for_update().filter(id=entity_id, retention_days__isnull=False).first()
        # Another worker may have been here while this one waited for the row.
        recent = Job.objects.filter(kind=KIND, params__entity=str(entity_id), id__gte=first_id_of(now - _DAILY))
        if entity is None or recent.exists():
            return False
        start_retention(access_of_account(Account.objects.get(id=account_id)), entity)
    return True
