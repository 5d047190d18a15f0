from typing import ClassVar, Self

from django.db import models
from django.db.models.functions import Now

from accounts.ids import new_id
from accounts.models.account import Account


class AlertKind(models.TextChoices):
    CHANNEL_UNHEALTHY = "channel_unhealthy"
    CHANNEL_STILL_FAILING = "channel_still_failing"
    CHANNEL_PAUSED = "channel_paused"
    CHANNEL_RECOVERED = "channel_recovered"
    CAP_NEAR = "cap_near"
    CAP_REACHED = "cap_reached"


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> Self:
        """Those whose cause still stands."""
        return self.exclude(resolved_at__lte=Now())


class Alert(models.Model):
    """A message to the account's people: something needs them, or does no longer. One per incident and kind."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=30, choices=AlertKind)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    subject_label = models.CharField(max_length=250)
    incident = models.CharField(max_length=150, help_text="What happened, so that it is told once.")
    title = models.CharField(max_length=300)
    text = models.TextField()
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(
        null=True, help_text="When its cause was gone; may be known beforehand, as the end of a cap's period is."
    )
    emailed_at = models.DateTimeField(null=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(kind__in=AlertKind.values), name="alert_kind_known"),
            models.UniqueConstraint(fields=["account", "kind", "incident"], name="alert_once_per_incident"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # The list of alerts, newest first.
            models.Index(fields=["account", "-id"], name="alert_newest"),
            # accounts.alerts: what is to be mailed yet.
            models.Index(fields=["account"], condition=models.Q(emailed_at=None), name="alert_to_mail"),
            # accounts.alerts.resolve: what stands open about something.
            models.Index(fields=["subject_id"], condition=models.Q(resolved_at=None), name="alert_open"),
        ]

    def __str__(self) -> str:
        return self.title
