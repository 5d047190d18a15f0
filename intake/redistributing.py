"""A lead that is here goes through the profiles of its Entity once more, as they are now: because a rule was mended, a partner added, a cap raised."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.access import Access
from accounts.faults import ConflictError
from accounts.vault import SealError
from delivery.enqueue import NewDelivery, enqueue
from delivery.models import Delivery, DeliveryState
from delivery.wake import wake
from distribution.models import Lead
from distribution.routing import Decision, Match
from intake.rerouting import decide_again, keep_decision, refuse_some
from intake.routing import deliveries_of
from intake.routing_cache import account_table

# Who is on one of these got the lead, or is about to.
_GOT_IT = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.COLLECTING, DeliveryState.HELD, DeliveryState.DELIVERED)


@dataclass(frozen=True, slots=True)
class Redistribution:
    """deliveries: new ones, with the partner's name."""

    decisions: tuple[Decision, ...]
    deliveries: tuple[tuple[NewDelivery, str], ...]


def redistribute(access: Access, lead: Lead, *, sends_again: bool) -> Redistribution:
    """Decide and queue anew, in the transaction that is open. What was decided and sent before stays on record.

    sends_again: also to partners who got the lead already, or are about to. Raises ConflictError: the lead was erased, or no profile is switched on.
    """
    table = account_table(access)
    entity = table.entities[str(lead.entity_id)]
    if not entity.profiles:
        raise ConflictError(f"No profile of {entity.name} is switched on, so that there is nobody to distribute the lead to.")
    now = timezone.now()
    try:
        decisions = decide_again(
            access, entity, entity.profiles, lead, narrow=lambda found: found if sends_again else _without_owners(found, lead), now=now
        )
    except SealError as error:
        raise ConflictError("The lead's values cannot be read with the master keys of this server.") from error
    if decisions is None:
        raise ConflictError("The lead was erased: there is nothing left that could be distributed.")
    for decision in decisions:
        keep_decision(access, lead, decision, now=now, after={"reason": "Distributed again."})
    deliveries = deliveries_of(table, lead.id, decisions)
    enqueue([delivery for delivery, _ in deliveries], account_id=access.account_id, now=now)
    audit.note(access, "redistributed", lead, changes={"deliveries": [None, len(deliveries)]})
    if deliveries:
        transaction.on_commit(wake)
    return Redistribution(decisions, deliveries)


def _without_owners(found: Match, lead: Lead) -> Match:
    """Without those who have the lead from this profile."""
    had = set(
        Delivery.objects.filter(lead=lead, profile_id=found.profile.id, is_test=False, state__in=_GOT_IT).values_list(
            "partner_id", flat=True
        )
    )
    return refuse_some(found, had, reason=lambda _, name: f"{name} has this lead already.")
