from typing import ClassVar

from django.db import models

from accounts.ids import new_id
from accounts.models import Account
from delivery.models.channel import DeliveryChannel
from delivery.models.delivery import Delivery
from delivery.outcome import Verdict


class Trigger(models.TextChoices):
    AUTOMATIC = "automatic"
    RETRY = "retry"
    RESEND = "resend"
    TEST = "test"


class Attempt(models.Model):
    """One try of a delivery: what was sent, what came back, how long it took. The log is made of these; rows are only ever added.

    Partitioned by month of `started_at` (migration 0002); Postgres' own key is (started_at, id). Its foreign keys have no constraint in the
    database: at thousands of rows a second they would cost more than they protect, for rows that only the engine writes. And nothing is deleted
    along with what they point to: the log leaves by dropping a partition.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.DO_NOTHING, related_name="attempts", db_constraint=False)
    channel = models.ForeignKey(DeliveryChannel, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    rendering_id = models.UUIDField(null=True)
    number = models.PositiveIntegerField()
    trigger = models.CharField(max_length=10, choices=Trigger)
    started_at = models.DateTimeField()
    outcome = models.CharField(max_length=10)
    code = models.CharField(max_length=40)
    reason = models.TextField()
    method = models.CharField(max_length=10)
    target = models.TextField()
    address = models.CharField(max_length=64)
    http_status = models.PositiveSmallIntegerField(null=True)
    request_headers = models.JSONField(help_text="[[name, value], …], secrets masked")
    sealed_response = models.BinaryField(
        help_text='JSON {"headers": [[name, value], …], "body": base64, "is_truncated": bool}, sealed by the lead\'s key'
    )
    dns_ms = models.FloatField(null=True)
    connect_ms = models.FloatField(null=True)
    tls_ms = models.FloatField(null=True)
    first_byte_ms = models.FloatField(null=True)
    duration_ms = models.FloatField()
    is_late = models.BooleanField(default=False, help_text="Its worker had lost the lease: recorded, and nothing else changed.")
    next_attempt_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            # GET /api/attempts, newest first.
            models.Index(fields=["account", "-id"], name="attempt_newest"),
        ]

    def __str__(self) -> str:
        return f"try {self.number}: {self.outcome}"

    @property
    def shown_outcome(self) -> str:
        """A try that is made again has failed, for those who read of it."""
        return Verdict.FAILED if self.outcome == Verdict.RETRY else self.outcome
