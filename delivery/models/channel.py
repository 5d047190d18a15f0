from typing import ClassVar

from django.db import models

from accounts.ids import new_id
from accounts.models import Account
from distribution.models import Assignment


class ChannelKindName(models.TextChoices):
    EMAIL = "email"
    WEBHOOK = "webhook"


class BreakerState(models.TextChoices):
    CLOSED = "closed"
    OPEN = "open"
    RECOVERING = "recovering"


class DeliveryChannel(models.Model):
    """How an assignment's leads travel. `config` is what its kind's `clean_config` made; it holds no secret."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="channels")
    kind = models.CharField(max_length=10, choices=ChannelKindName)
    is_primary = models.BooleanField(default=True)
    config = models.JSONField()
    fields = models.JSONField(help_text='{"mode": "all", "include_encrypted": false} or {"mode": "selected", "selected": [{"key", "as"}]}')
    sealed_secrets = models.BinaryField(null=True, editable=False)
    max_in_flight = models.PositiveSmallIntegerField(default=5)
    rate_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="Most tries in any 60 seconds; none: as fast as it goes."
    )
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["assignment"], condition=models.Q(is_primary=True), name="channel_one_primary"),
            models.CheckConstraint(condition=models.Q(kind__in=ChannelKindName.values), name="channel_kind_known"),
            models.CheckConstraint(condition=models.Q(max_in_flight__gte=1, max_in_flight__lte=50), name="channel_in_flight_range"),
            models.CheckConstraint(condition=models.Q(rate_per_minute__range=(1, 60_000)), name="channel_rate_range"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.assignment.partner}"


class ChannelHealth(models.Model):
    """What the engine knows of a channel. Apart from DeliveryChannel, so that a busy engine never touches configuration."""

    channel = models.OneToOneField(DeliveryChannel, on_delete=models.CASCADE, primary_key=True, related_name="health")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    last_success_at = models.DateTimeField(null=True)
    last_failure_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failures_in_a_row = models.PositiveIntegerField(default=0)
    last_reason = models.CharField(max_length=300, blank=True)
    # As delivery.breaker.Breaker has them.
    opened_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)
    openings = models.PositiveIntegerField(db_default=0)
    allowed_in_flight = models.PositiveSmallIntegerField(null=True)
    incident_at = models.DateTimeField(null=True)
    recovered_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"failing since {self.failing_since}" if self.failing_since else "healthy"

    @property
    def breaker(self) -> BreakerState:
        if self.open_until is not None:
            return BreakerState.OPEN
        return BreakerState.CLOSED if self.allowed_in_flight is None else BreakerState.RECOVERING


class ChannelRate(models.Model):
    """How much of a channel's rate is used up. Written by `queue.claim` alone, so that no other lock stands in the claim's way."""

    channel = models.OneToOneField(DeliveryChannel, on_delete=models.CASCADE, primary_key=True, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    used_until = models.DateTimeField(help_text="From here on, unused time adds up to tries that may go.")

    def __str__(self) -> str:
        return f"used until {self.used_until}"
