"""Work in the background: started with a row, done step by step, resumed after any crash.

A step is one transaction: it holds the job's row, does a bounded piece of work (about a second), and writes the cursor behind it. A worker that is
killed in the middle leaves nothing of that step, and the next one begins where the last whole step ended: nothing is lost, nothing done twice.
Jobs take turns step by step, so that no account's import holds up another's.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.access import Access, Actor, access_of_account
from accounts.doorbell import ring_background
from accounts.faults import ConflictError
from accounts.isolation import account_scope
from accounts.models import Account, Job, JobState

# A step that fails so often in a row will fail for ever.
_MAX_FAULTS = 5

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did. cursor: where the next begins (JSON). done, total: of the whole job, absolute. result: merged into the job's. is_resting:
    there is nothing to do for the job just now; it has its next turn at the sweep."""

    cursor: Any
    done: int
    is_last: bool
    total: int | None = None
    result: Mapping[str, Any] | None = None
    is_resting: bool = False


class JobFailedError(Exception):
    """The job cannot go on, and trying again would not help. Its text is the reason shown."""


# Does the next step of a job, in the transaction and the account that are open.
type TakeStep = Callable[[Access, Job], Step]

# Is told of a job that was cancelled or failed, in the transaction that ends it. The access is that of who cancelled it, or of who started it.
type EndEarly = Callable[[Access, Job], None]


def start(access: Access, kind: str, *, label: str, params: Mapping[str, Any], total: int | None = None) -> Job:
    """Write the job down in the transaction that is open; a worker begins it after the commit. params: JSON, as its kind takes them."""
    now = timezone.now()
    job = Job.objects.create(
        account_id=access.account_id, kind=kind, label=label[:200], params=dict(params), total=total, created_at=now, touched_at=now,
        actor_kind=access.actor.kind, actor_id=access.actor.id, actor_label=access.actor.label,
    )  # fmt: skip
    transaction.on_commit(ring_background)
    return job


def cancel(job: Job, *, by: Access | None = None) -> None:
    """What is done stays done. by: None for the one who started it. Raises ConflictError when it is over already."""
    if not _unfinished(job.id).update(state=JobState.CANCELLED, finished_at=timezone.now()):
        raise ConflictError(f"This job is {Job.objects.get(id=job.id).state} already; there is nothing left to cancel.")
    job.refresh_from_db()
    _end_early(by or _access_of(job), job)


def take_one_step(kinds: Mapping[str, TakeStep]) -> bool:
    """Do one step of the job that has waited longest and that no other worker holds. Returns whether there was one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, id FROM leadflip_waiting_jobs()")
        waiting: list[tuple[UUID, UUID]] = cursor.fetchall()
    return any(_step_of(account_id, job_id, kinds) for account_id, job_id in waiting)


def _step_of(account_id: UUID, job_id: UUID, kinds: Mapping[str, TakeStep]) -> bool:
    """False: another worker holds it, it is over by now, or it rests."""
    try:
        with account_scope(account_id):
            job = _unfinished(job_id).select_for_update(skip_locked=True).first()
            if job is None:
                return False
            step = kinds[job.kind](_access_of(job), job)
            _write_down(job, step)
            return not step.is_resting
    except JobFailedError as error:
        _fail(account_id, job_id, str(error))
    except (OperationalError, InterfaceError):
        # The database went away, or chose this transaction to end a deadlock. The sweep comes again; nothing of the step is left.
        logger.warning("A step of job %s was undone by the database; it will be taken again.", job_id, exc_info=True)
        return False
    except Exception:
        logger.exception("A step of job %s failed.", job_id)
        _count_fault(account_id, job_id)
    return True


def _write_down(job: Job, step: Step) -> None:
    now = timezone.now()
    job.cursor, job.done, job.touched_at, job.faults_in_a_row = step.cursor, step.done, now, 0
    job.total = job.total if step.total is None else step.total
    job.result = {**job.result, **(step.result or {})}
    job.state = JobState.DONE if step.is_last else JobState.RUNNING
    job.finished_at = now if step.is_last else None
    job.save()


def _fail(account_id: UUID, job_id: UUID, reason: str) -> None:
    with account_scope(account_id):
        _mark_failed(_unfinished(job_id), reason)


def _count_fault(account_id: UUID, job_id: UUID) -> None:
    with account_scope(account_id):
        _unfinished(job_id).update(faults_in_a_row=F("faults_in_a_row") + 1, touched_at=timezone.now())
        hopeless = _unfinished(job_id).filter(faults_in_a_row__gte=_MAX_FAULTS)
        _mark_failed(hopeless, "Leadflip could not go on with this; what was done until then stays done.")


def _mark_failed(jobs: QuerySet[Job], reason: str) -> None:
    now = timezone.now()
    for job in jobs.select_for_update():
        job.state, job.reason, job.finished_at, job.touched_at = JobState.FAILED, reason, now, now
        job.save(update_fields=["state", "reason", "finished_at", "touched_at"])
        _end_early(_access_of(job), job)


def _access_of(job: Job) -> Access:
    """Of who started it, as the account is now."""
    return access_of_account(Account.objects.get(id=job.account_id), actor=Actor(job.actor_kind, job.actor_id, job.actor_label))


def _end_early(access: Access, job: Job) -> None:
    if end := _endings().get(job.kind):
        end(access, job)


@cache
def _endings() -> Mapping[str, EndEarly]:
    """By kind. Named in the settings, since jobs are of the layers above."""
    return {kind: import_string(name) for kind, name in settings.JOB_ENDINGS.items()}


def _unfinished(job_id: UUID) -> QuerySet[Job]:
    """The job, unless it is over: somebody may have cancelled it since it was read."""
    return Job.objects.filter(id=job_id, state__in=[JobState.QUEUED, JobState.RUNNING])
