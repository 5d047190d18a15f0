"""Leads that came before their Entity had its match keys are put under them in the background."""

from uuid import UUID

from accounts import jobs
from accounts.access import Access
from accounts.jobs import Step
from accounts.models import Job
from accounts.vault import SealError
from distribution.duplicates import DuplicateRule, digests_of
from distribution.lead_matches import forget_matches, store_matches
from distribution.lead_values import all_values
from distribution.models import Entity, Lead

KIND = "match"
_LEADS_PER_STEP = 500


def start_matching(access: Access, entity: Entity) -> Job | None:
    """None: there is no lead yet."""
    leads = Lead.objects.filter(entity=entity, erased_at=None)
    if not leads.exists():
        return None
    return jobs.start(
        access, KIND, label=f"Finding duplicates among the leads of {entity.name}", params={"entity": str(entity.id)}, total=leads.count()
    )


def match_step(access: Access, job: Job) -> Step:
    """Put the next leads under the Entity's present match keys."""
    entity = Entity.objects.get(id=job.params["entity"])
    keys = DuplicateRule.of(entity.duplicates).keys
    after = UUID(job.cursor) if job.cursor else UUID(int=0)
    waiting = Lead.objects.select_for_update(no_key=True).filter(entity=entity, erased_at=None, id__gt=after)
    leads = list(waiting.order_by("id")[:_LEADS_PER_STEP])
    forget_matches([lead.id for lead in leads])
    rows = [(lead.id, digest, lead.created_at) for lead in leads for digest in _digests(access, lead, keys)]
    store_matches(rows, account_id=access.account_id, entity_id=entity.id)
    is_last = len(leads) < _LEADS_PER_STEP
    return Step(cursor=None if is_last else str(leads[-1].id), done=job.done + len(leads), is_last=is_last)


def _digests(access: Access, lead: Lead, keys: tuple[tuple[str, ...], ...]) -> list[bytes]:
    try:
        values = all_values(access.vault, lead)
    except SealError:
        return []  # It cannot be read: its key is not here.
    return list(digests_of(keys, values, access.vault.blind, scope=str(lead.entity_id)))
