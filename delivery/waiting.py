"""Deliveries that wait for something other than time: released when it is there."""

from uuid import UUID

from django.db.models import Case, QuerySet, When
from django.db.models.functions import Least, Now

from delivery.models import ChannelHealth, Delivery


def release_for_mail_server(account_id: UUID) -> int:
    """A mail server was set: queue the mails that were held for want of one. Returns how many; the caller rings `wake` after its commit."""
    return _release(Delivery.objects.filter(account_id=account_id, state="held", channel__kind="email", channel__paused_at=None))


def release_for_partner(partner_id: UUID) -> int:
    """A partner's address was changed: queue the mails that were held for want of one. Returns how many; the caller rings `wake` after its commit."""
    return _release(Delivery.objects.filter(partner_id=partner_id, state="held", channel__kind="email", channel__paused_at=None))


def release_for_channel(channel_id: UUID) -> int:
    """A channel was resumed: queue what it held. Returns how many; the caller rings `wake` after its commit."""
    return _release(Delivery.objects.filter(channel_id=channel_id, state="held"))


def try_at_once(channel_id: UUID) -> None:
    """Somebody mended the channel: if its breaker is open, the rest ends now, and a delivery that is due is its probe. The days that it has been
    failing are counted anew."""
    open_until = Case(When(open_until__isnull=False, then=Least("open_until", Now())))
    ChannelHealth.objects.filter(channel_id=channel_id).update(failing_since=None, failures_in_a_row=0, open_until=open_until)


def hold_for_channel(channel_id: UUID, reason: str) -> int:
    """A channel was paused: nothing of it is lost, and nothing is tried."""
    return Delivery.objects.filter(channel_id=channel_id, state="queued").update(
        state="held", next_attempt_at=None, reason=reason, updated_at=Now()
    )


def _release(waiting: QuerySet[Delivery]) -> int:
    return waiting.update(state="queued", reason="", next_attempt_at=Now(), updated_at=Now())
