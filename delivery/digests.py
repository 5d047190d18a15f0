"""Digests planned, closed and sent off: several deliveries of one email channel that go out as one mail (docs/adr/0012).

Every step is one short transaction with one digest under lock; a worker killed between two of them, or in the middle of one, leaves what the next
one needs.
"""

import logging
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts.access import Access, access_of_account
from accounts.isolation import account_scope
from accounts.models import Account
from delivery.channels.base import NotReadyError
from delivery.channels.email.batching import MOST_LEADS
from delivery.channels.email.channel import who_gets
from delivery.digest_times import OFF, next_due
from delivery.models import Delivery, DeliveryChannel, DeliveryState, Digest
from delivery.models.delivery import DeliveryQuerySet
from delivery.testing import load_settings

logger = logging.getLogger(__name__)

# A delivery is taken by the first digest that asks for it. What another transaction holds, such as an erasure, is left for the next one.
_TAKE = """
WITH waiting AS MATERIALIZED (
    SELECT id FROM delivery_delivery
    WHERE account_id = %(account)s AND channel_id = %(channel)s AND state = 'collecting' AND digest_id IS NULL AND NOT is_digest
      AND (next_attempt_at IS NULL OR next_attempt_at <= now())
    ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
UPDATE delivery_delivery d SET digest_id = %(digest)s, reason = '', next_attempt_at = NULL, updated_at = now()
FROM waiting WHERE d.id = waiting.id AND d.digest_id IS NULL AND d.state = 'collecting'
"""


def plan_digests() -> bool:
    """A piece of the work that waits, over all accounts: what collects is planned, what is due is closed. Returns whether there was any."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, channel_id FROM leadflip_digests_to_plan()")
        waiting: list[tuple[UUID, UUID]] = cursor.fetchall()
    done = [_plan_in(account_id, channel_id) for account_id, channel_id in waiting]
    return any(done)


def _plan_in(account_id: UUID, channel_id: UUID) -> bool:
    try:
        with account_scope(account_id):
            return _plan(access_of_account(Account.objects.get(id=account_id)), channel_id, now=timezone.now())
    except Exception:
        # One channel's trouble must not keep the others' leads; the sweep comes for it again.
        logger.exception("The digest of channel %s could not be planned.", channel_id)
        return False


def _plan(access: Access, channel_id: UUID, *, now: datetime) -> bool:
    """Whether anything was done. False: another worker has it, or what it would take."""
    channel = DeliveryChannel.objects.select_related("assignment__partner").get(id=channel_id)
    batching = channel.config.get("batching", OFF) if channel.is_primary else OFF
    time_zone = channel.assignment.partner.time_zone
    if not Digest.objects.filter(channel_id=channel_id, closed_at=None).exists():
        add_digest(open_digest(access, channel, due_at=next_due(batching, now=now, time_zone=time_zone)), channel)
    digest = Digest.objects.select_for_update(skip_locked=True).filter(channel_id=channel_id, closed_at=None).first()
    if digest is None:
        return False
    if digest.due_at > now:
        digest.due_at = next_due(batching, now=now, time_zone=time_zone)
    digest.max_leads = batching.get("max_leads")
    digest.config_version = access.config_version
    digest.is_waiting = False
    if channel.paused_at is None and (digest.due_at <= now or _is_full(digest)) and is_ready(digest):
        return _close(access, channel, digest, now=now)
    digest.save()
    return True


def open_digest(access: Access, channel: DeliveryChannel, *, due_at: datetime) -> Digest:
    """Not stored yet."""
    version = access.config_version
    return Digest(account_id=access.account_id, channel=channel, due_at=due_at, config_version=version, created_at=timezone.now())


def add_digest(digest: Digest, channel: DeliveryChannel) -> None:
    """Store it with the delivery that carries it. Nothing happens if it is open and the channel has an open one already."""
    Digest.objects.bulk_create([digest], ignore_conflicts=True)
    if Digest.objects.filter(id=digest.id).exists():
        Delivery.objects.create(
            id=digest.id, account_id=digest.account_id, channel=channel, profile_id=channel.assignment.profile_id,
            partner_id=channel.assignment.partner_id, state=DeliveryState.COLLECTING, is_digest=True, digest=digest,
            created_at=digest.created_at, updated_at=digest.created_at,
        )  # fmt: skip


def _is_full(digest: Digest) -> bool:
    return digest.max_leads is not None and waiting_for(digest)[: digest.max_leads].count() >= digest.max_leads


def waiting_for(digest: Digest) -> DeliveryQuerySet:
    """What an open digest would take now."""
    waiting = Delivery.objects.filter(channel_id=digest.channel_id, state=DeliveryState.COLLECTING, digest=None, is_digest=False)
    return waiting.filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=timezone.now()))


def is_ready(digest: Digest) -> bool:
    """Whether there is a mail server and a recipient; if not, it is held."""
    settings = load_settings(digest.channel_id)
    try:
        who_gets(settings.config, settings.context(timezone.now()), partner=settings.partner)
    except NotReadyError as missing:
        hold(digest, str(missing))
        return False
    return True


def hold(digest: Digest, reason: str) -> None:
    """Until the account's configuration changes; the digest and its deliveries say why. The caller saves the digest."""
    digest.is_waiting = True
    now = timezone.now()
    Delivery.objects.filter(id=digest.id).update(state=DeliveryState.HELD, reason=reason, next_attempt_at=None, updated_at=now)
    members = waiting_for(digest) if digest.closed_at is None else digest.members.filter(state=DeliveryState.COLLECTING)
    members.exclude(reason=reason).update(reason=reason, updated_at=now)


def _close(access: Access, channel: DeliveryChannel, digest: Digest, *, now: datetime) -> bool:
    most = digest.max_leads or MOST_LEADS
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"digest": digest.id, "account": access.account_id, "channel": channel.id, "most": most})
        taken = cursor.rowcount
    carrier = Delivery.objects.filter(id=digest.id)
    if not taken:
        if waiting_for(digest).exists():
            return False
        # All that it waited for was erased or cancelled: it never held anything.
        carrier.delete()
        digest.delete()
        return True
    was_due = digest.due_at <= now
    digest.closed_at, digest.lead_count, digest.due_at = now, taken, now
    digest.save()
    carrier.update(state=DeliveryState.COLLECTING, reason="", updated_at=now)
    if was_due and taken == most:
        # What is left is as due as this was.
        add_digest(open_digest(access, channel, due_at=now), channel)
    return True
