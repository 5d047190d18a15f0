from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.ids import new_id
from accounts.models import Account
from delivery.models.channel import DeliveryChannel
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


class Delivery(models.Model):
    """One lead on its way through one channel. Its id is the idempotency key that the partner sees on every try and resend.

    This table is the queue. `delivery.queue` alone moves rows between states.
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

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(state__in=DeliveryState.values), name="delivery_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state="queued") | models.Q(next_attempt_at__isnull=False),
                name="delivery_queued_is_due_some_time",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # queue.claim: walks accounts, then channels, then what is due, first tries apart from retries.
            models.Index(
                fields=["account", "channel", "is_retry", "next_attempt_at"],
                condition=models.Q(state="queued"),
                name="delivery_due",
            ),
            # queue.claim counts what is in flight per channel; queue.take_back finds leases run out.
            models.Index(
                fields=["channel", "claim_id", "leased_until"],
                condition=models.Q(state="sending"),
                name="delivery_in_flight",
            ),
            # queue.release and queue.hold: what waits for a channel or for a mail server.
            models.Index(fields=["channel"], condition=models.Q(state__in=["held", "collecting"]), name="delivery_waiting"),
            # The log, newest first.
            models.Index(fields=["account", "-id"], name="delivery_newest"),
            # The log of one channel, and the check before a channel is deleted.
            models.Index(fields=["channel", "-id"], name="delivery_newest_of_channel"),
            # intake.follow_up: what ended badly and is not followed up yet.
            models.Index(
                fields=["account", "id"],
                condition=models.Q(needs_follow_up=True, state__in=["rejected", "failed", "cancelled"]),
                name="delivery_to_follow_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.state})"


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
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)
