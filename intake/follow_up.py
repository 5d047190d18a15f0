"""What follows on a delivery that ended badly: its seats go back, and a lead that one partner did not take goes to the next.

Two transactions, since seats are locked in one order and a new decision locks others: first the seats of many, then one lead after another. A crash
between them leaves `needs_follow_up` standing, and the seats are gone from the row.
"""

from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts.access import Access, access_of_account
from accounts.isolation import account_scope
from accounts.models import Account
from delivery.enqueue import enqueue
from delivery.models import Delivery, DeliveryState
from delivery.wake import wake
from distribution import models
from distribution.cap_counters import return_seats
from distribution.routing import Match
from intake.rerouting import decide_again, keep_decision, refuse_some
from intake.routing import deliveries_of, moves_on
from intake.routing_cache import account_table

_ENDED_BADLY = (DeliveryState.REJECTED, DeliveryState.FAILED, DeliveryState.CANCELLED)
_AT_ONCE = 100


def follow_up() -> bool:
    """A piece of the work that waits, over all accounts. Returns whether there was any."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT leadflip_accounts_to_follow_up()")
        accounts: list[UUID] = [row[0] for row in cursor.fetchall()]
    done = [_of_account(account_id) for account_id in accounts]
    return any(done)


def _of_account(account_id: UUID) -> bool:
    with account_scope(account_id):
        waiting = Delivery.objects.select_for_update(skip_locked=True).filter(needs_follow_up=True, state__in=_ENDED_BADLY)
        deliveries = list(waiting.order_by("id")[:_AT_ONCE])
        return_seats([seat for delivery in deliveries for seat in delivery.seats or []])
        Delivery.objects.filter(id__in=[delivery.id for delivery in deliveries]).update(seats=None)
    for delivery in deliveries:
        with account_scope(account_id):
            # Another worker may have come first.
            if Delivery.objects.filter(id=delivery.id, needs_follow_up=True, state__in=_ENDED_BADLY).update(needs_follow_up=False):
                _move_on(access_of_account(Account.objects.get(id=account_id)), delivery)
    return bool(deliveries)


def _move_on(access: Access, ended: Delivery) -> None:
    """Decide anew among those who were not tried. Nothing happens when the profile has no next one by its strategy, or is gone or switched off."""
    table = account_table(access)
    lead = ended.lead
    entity = table.entities.get(str(lead.entity_id)) if lead else None
    profile = next((one for one in entity.profiles if one.id == ended.profile_id), None) if entity else None
    if lead is None or entity is None or profile is None or lead.erased_at or ended.state == DeliveryState.CANCELLED:
        return
    if not moves_on(profile.strategy):
        return
    partner = ended.partner.name
    words = f"{partner} rejected the lead." if ended.state == DeliveryState.REJECTED else f"The delivery to {partner} failed."
    now = timezone.now()
    decisions = decide_again(access, entity, [profile], lead, narrow=lambda found: _untried(found, lead), now=now)
    if decisions is None:
        return
    for decision in decisions:
        keep_decision(access, lead, decision, now=now, after={"delivery": str(ended.id), "reason": words})
    deliveries = [delivery for delivery, _ in deliveries_of(table, lead.id, decisions)]
    enqueue(deliveries, account_id=access.account_id, now=now)
    if deliveries:
        transaction.on_commit(wake)


def _untried(found: Match, lead: models.Lead) -> Match:
    """Without those who had their chance with this lead in this profile."""
    tried = dict(Delivery.objects.filter(lead=lead, profile_id=found.profile.id, is_test=False).values_list("partner_id", "state"))
    return refuse_some(found, tried, reason=lambda partner_id, name: f"{name} had this lead already: {tried[partner_id]}.")
