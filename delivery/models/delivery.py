from collections.abc import Collection, Iterable
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BTreeIndex
from django.db import models
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from accounts.ids import new_id
from accounts.models import Account
from delivery.models.channel import ChannelHealth, DeliveryChannel
from distribution.models import Lead, Partner, Profile


class DeliveryState(models.TextChoices):
    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    FAILED = "failed"
    COLLECTING = "collecting"
    HELD = "held"
    CANCELLED = "cancelled"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def in_states(self, states: Collection[str]) -> Self:
        """By the state that is shown: what waits for an open breaker is held, though its row is queued (docs/adr/0011)."""
        wanted = models.Q(state__in=states)
        if (DeliveryState.HELD in states) == (DeliveryState.QUEUED in states):
            return self.filter(wanted)
        rests = self._rests()
        if rests is None:
            return self.filter(wanted)
        return self.filter(wanted | rests if DeliveryState.HELD in states else wanted & ~rests)

    def count_by_lead(self) -> Iterable[tuple[UUID | None, str, int]]:
        """For each lead and state, as `in_states` takes it: how many."""
        stored, rests = models.F("state"), self._rests()
        held = models.Value(DeliveryState.HELD.value)
        shown = stored if rests is None else models.Case(models.When(rests, then=held), default=stored)
        return self.annotate(in_state=shown).values_list("lead_id", "in_state").annotate(number=models.Count("id")).order_by()

    def _rests(self) -> models.Q | None:
        """What waits for an open breaker. None: there is no such breaker. Asked first, since hardly any is open ever: joined to them, whatever
        is in the log would have to be looked at."""
        open_ones = ChannelHealth.objects.using(self.db).filter(open_until__isnull=False)
        channels = list(open_ones.values_list("channel_id", flat=True))
        if not channels:
            return None
        open_until = models.Subquery(open_ones.filter(channel_id=models.OuterRef("channel_id")).values("open_until"))
        return models.Q(state=DeliveryState.QUEUED, channel_id__in=channels, next_attempt_at__lte=Greatest(open_until, Now()))


class Delivery(models.Model):
    """One lead on its way through one channel. Its id is the idempotency key that the partner sees on every try and resend.

    This table is the queue. Rows are moved between states by `delivery.queue` for the engine and by `delivery.requeue` for people, besides what
    follows on a setting (`delivery.waiting`), in a digest (`delivery.digests`) or on an erasure (`delivery.erasure`).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    # A test without a lead carries a sample.
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="deliveries", null=True)
    channel = models.ForeignKey(DeliveryChannel, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    profile = models.ForeignKey(Profile, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.QUEUED)
    reason = models.TextField(blank=True, help_text="Why it is held, failed, rejected or cancelled, in words.")
    is_test = models.BooleanField(default=False)
    is_retry = models.BooleanField(default=False, help_text="Was claimed before: a rendering may exist.")
    attempts_made = models.PositiveIntegerField(default=0)
    counted_attempts = models.PositiveIntegerField(default=0, help_text="Without those that do not use up the policy (429).")
    next_attempt_at = models.DateTimeField(null=True)
    claim_id = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    seats = models.JSONField(null=True, help_text="What it took of caps and budgets, as distribution.cap_counters.return_seats takes it.")
    needs_follow_up = models.BooleanField(
        db_default=False, help_text="If it is rejected, fails or is cancelled, its seats go back and its profile's strategy may move on."
    )
    partner_reference = models.CharField(max_length=200, db_default="", help_text="The partner's own id for the lead, out of the answer.")
    partner_price = models.DecimalField(max_digits=12, decimal_places=2, null=True, help_text="What the partner pays, out of the answer.")
    digest = models.ForeignKey("Digest", on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    is_digest = models.BooleanField(db_default=False, help_text="It has no lead: it carries the digest, which has its id.")
    settled_recipients = models.JSONField(null=True, help_text="[[address, code], …]: who has the mail, or refused it for good.")
    resent_at = models.DateTimeField(null=True, help_text="When somebody last asked for it to be sent again.")
    attempts_before_resend = models.PositiveIntegerField(null=True, help_text="Of attempts_made; null: never resent.")
    stale_rendering_id = models.UUIDField(null=True, help_text="Renderings up to this one are not sent again: a fresh one was asked for.")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(state__in=DeliveryState.values), name="delivery_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state="queued") | models.Q(next_attempt_at__isnull=False),
                name="delivery_queued_is_due_some_time",
            ),
            models.CheckConstraint(
                condition=models.Q(is_digest=False) | models.Q(lead=None, digest=models.F("id")), name="delivery_digest_carried"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # queue.claim: walks accounts, then channels, then what is due, first tries apart from retries.
            # Deduplicated, an entry would stand for hundreds of rows that fell due at one moment, and could be passed over only once all of
            # them are claimed: every claim would look at all that were claimed before.
            BTreeIndex(
                fields=["account", "channel", "is_retry", "next_attempt_at"],
                condition=models.Q(state="queued"),
                name="delivery_due_each",
                deduplicate_items=False,
            ),
            # queue.claim counts what is in flight per channel; queue.take_back finds leases run out.
            BTreeIndex(
                fields=["channel", "claim_id", "leased_until"],
                condition=models.Q(state="sending"),
                name="delivery_sending_each",
                deduplicate_items=False,
            ),
            # queue.release and queue.hold: what waits for a channel or for a mail server.
            models.Index(fields=["channel"], condition=models.Q(state__in=["held", "collecting"]), name="delivery_waiting"),
            # The log, newest first.
            models.Index(fields=["account", "-id"], name="delivery_newest"),
            # The log of one channel, and the check before a channel is deleted.
            models.Index(fields=["channel", "-id"], name="delivery_newest_of_channel"),
            # The log of what ended badly, which is little, and its count: they would look through all that was delivered.
            models.Index(
                fields=["account", "-id"],
                condition=models.Q(state__in=["rejected", "failed", "cancelled"]),
                name="delivery_newest_ended_badly",
            ),
            # The log and the count of one state, however rare it is: of all but those that deliveries hurry through.
            models.Index(
                fields=["account", "state", "-id"],
                condition=models.Q(state__in=["rejected", "failed", "cancelled", "held", "collecting"], is_digest=False),
                name="delivery_newest_of_state",
            ),
            # The log of tests alone, likewise.
            models.Index(fields=["account", "-id"], condition=models.Q(is_test=True), name="delivery_newest_tests"),
            # intake.follow_up: what ended badly and is not followed up yet.
            models.Index(
                fields=["account", "id"],
                condition=models.Q(needs_follow_up=True, state__in=["rejected", "failed", "cancelled"]),
                name="delivery_to_follow_up",
            ),
            # leadflip_digests_to_do and digests.close: what collects, channel by channel.
            models.Index(
                fields=["account", "channel", "id"],
                condition=models.Q(state="collecting", digest=None, is_digest=False),
                name="delivery_collecting",
            ),
            # GET /api/digests, newest first.
            models.Index(fields=["account", "-id"], condition=models.Q(is_digest=True), name="digest_newest"),
            # A digest's members, in their order.
            models.Index(fields=["digest", "id"], condition=models.Q(digest__isnull=False), name="delivery_of_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"

    @property
    def rests_until(self) -> datetime | None:
        """When the open breaker lets it go at the earliest; None if no breaker is in its way. Wants `channel__health` loaded."""
        health: ChannelHealth | None = getattr(self.channel, "health", None)
        if self.state != DeliveryState.QUEUED or self.next_attempt_at is None or health is None or health.open_until is None:
            return None
        return health.open_until if self.next_attempt_at <= max(health.open_until, timezone.now()) else None

    @property
    def shown_state(self) -> str:
        return DeliveryState.HELD if self.rests_until else self.state

    @property
    def shown_reason(self) -> str:
        if until := self.rests_until:
            return f"The partner does not take leads at present. The next one is tried at {until:%Y-%m-%d %H:%M:%S} UTC; no try is used up."
        return self.reason


class Rendering(models.Model):
    """The bytes that go out, sealed by the lead's key. Written before the first try and sent again, byte for byte, on every other.

    Partitioned by month of `created_at` (migration 0002); Postgres' own key is (created_at, id).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.DO_NOTHING, related_name="renderings", db_constraint=False)
    sealed_body = models.BinaryField()
    content_type = models.CharField(max_length=100)
    recipients = ArrayField(models.CharField(max_length=254), default=list)
    has_encrypted = models.BooleanField(default=False, help_text="A value of an encrypted field is in it.")
    piece = models.PositiveIntegerField(db_default=0, help_text="Of a digest's mail: its place. Pieces of one mail have one `created_at`.")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)
