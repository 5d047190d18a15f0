"""A field was switched to encrypted or back: the leads that were stored before follow in the background.

A lead may be on its way in while its field is switched, cleaned by the fields as they were, and stored after the run has passed its place. So a run
begins by waiting for the end of every transaction that was open when the switch was done: those that open later read the new fields.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts import jobs
from accounts.access import Access
from accounts.jobs import Step
from accounts.models import Job, JobState
from accounts.vault import SealError
from distribution.entity_table import specs_of
from distribution.erasure import rewrite_decisions
from distribution.fields import FieldSpec
from distribution.fields.exact_json import dump
from distribution.lead_values import arrange, open_values, seal_values
from distribution.models import Entity, Lead
from distribution.redacting import with_hidden_values

KIND = "reseal"
_LEADS_PER_STEP = 500

# The application's open transactions, but for this one. Each holds a lock on its own virtual id from its begin to its end.
_OPEN = """
SELECT l.virtualxid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'virtualxid' AND l.granted AND l.mode = 'ExclusiveLock' AND a.datname = current_database() AND a.usename = current_user
  AND pid <> pg_backend_pid()
"""

_MOVE = """
UPDATE distribution_lead l SET "values" = m.content::jsonb, sealed = m.sealed
FROM unnest(%s::uuid[], %s::text[], %s::bytea[]) AS m(id, content, sealed) WHERE l.id = m.id
"""


def switched_keys(old: Sequence[FieldSpec], new: Sequence[FieldSpec]) -> list[str]:
    """Keys whose stored values are in the wrong place by now. One that is new counts where it is encrypted: a field of that key may have been
    there before, and have left plain values."""
    before = {spec.key: spec.is_encrypted for spec in old}
    return [spec.key for spec in new if spec.is_encrypted != before.get(spec.key, False)]


def start_resealing(access: Access, entity: Entity, keys: Sequence[str]) -> Job | None:
    """None: there is no lead yet.

    A run that is still under way for an earlier switch ends here. The new one begins with the first lead, because the old one may have passed
    leads that must move again; and a step of the old one that is open at this moment is waited for, so that nothing moves by the old specs later.
    """
    if not Lead.objects.filter(entity=entity, erased_at=None).exists():
        return None
    Job.objects.filter(kind=KIND, params__entity=str(entity.id), state__in=[JobState.QUEUED, JobState.RUNNING]).update(
        state=JobState.CANCELLED, reason="The fields were changed again; a later run took over.", finished_at=timezone.now()
    )
    label = f"Encryption of {', '.join(keys)} in the leads of {entity.name}"
    return jobs.start(access, KIND, label=label, params={"entity": str(entity.id), "keys": list(keys)})


def reseal_step(access: Access, job: Job) -> Step:
    """Move the values of the next leads by what the Entity's fields say at this moment, and mask in their decisions what is encrypted now.

    The cursor: {"waits_for": [virtual transaction ids]} while it waits, then the id of the last lead.
    """
    if open_yet := _open_yet(job.cursor):
        return Step(cursor={"waits_for": open_yet}, done=0, is_last=False, is_resting=True)
    entity = Entity.objects.prefetch_related("fields").get(id=job.params["entity"])
    specs = specs_of(entity)
    leads = Lead.objects.filter(entity=entity, erased_at=None)
    is_first = not isinstance(job.cursor, str)
    total = leads.count() if is_first else None
    after = UUID(int=0) if is_first else UUID(job.cursor)
    batch = list(leads.filter(id__gt=after).select_for_update(no_key=True).order_by("id")[:_LEADS_PER_STEP])
    unreadable = _move_values(access, batch, specs)
    labels = {spec.key: spec.label for spec in specs if spec.is_encrypted}
    if labels:
        rewrite_decisions([lead.id for lead in batch], lambda detail: with_hidden_values(detail, labels))
    return Step(
        cursor=str(batch[-1].id if batch else after),
        done=job.done + len(batch),
        is_last=len(batch) < _LEADS_PER_STEP,
        total=total,
        result={"unreadable": job.result.get("unreadable", 0) + unreadable},
    )


def _open_yet(cursor: Any) -> list[str]:
    """What the run must still wait for. cursor: of the job."""
    if isinstance(cursor, str):
        return []
    with connection.cursor() as database:
        database.execute(_OPEN)
        now_open = {virtual_id for (virtual_id,) in database.fetchall()}
        waits_for = now_open if cursor is None else now_open & set(cursor["waits_for"])
    return sorted(waits_for)


def _move_values(access: Access, leads: Sequence[Lead], specs: Sequence[FieldSpec]) -> int:
    """Returns how many leads could not be read, and stay as they are: every reader treats their plain values by the specs."""
    moved: list[tuple[UUID, str, bytes | None]] = []
    unreadable = 0
    for lead in leads:
        try:
            if (row := _moved(access, lead, specs)) is not None:
                moved.append(row)
        except SealError:
            unreadable += 1
    if moved:
        with connection.cursor() as cursor:
            cursor.execute(_MOVE, [list(column) for column in zip(*moved, strict=True)])
    return unreadable


def _moved(access: Access, lead: Lead, specs: Sequence[FieldSpec]) -> tuple[UUID, str, bytes | None] | None:
    """The lead's columns as they should be; None if they are. Raises SealError."""
    vault = access.vault.lead(lead.id, bytes(lead.wrapped_key))
    sealed = open_values(vault, lead.sealed, lead_id=lead.id)
    plain, secret = arrange(specs, lead.values, sealed)
    if plain is lead.values and secret is sealed:
        return None
    return lead.id, dump(plain).decode(), seal_values(vault, secret, lead_id=lead.id)
