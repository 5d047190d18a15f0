from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Account


class IdempotencyKey(models.Model):
    """A request that must not be done twice, and what it was answered. Written in the transaction of the leads it brought.

    answer: sealed by the account's key, in base64; empty once one of its leads was erased.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_hash = models.BinaryField()
    answer = models.TextField(help_text="JSON, as it went out.")
    lead_ids = ArrayField(models.UUIDField(), default=list)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Two requests at once: the second waits here until the first has committed or is undone.
            models.UniqueConstraint(fields=["account", "key"], name="idempotency_key_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # intake.idempotency.forget_old_keys
            models.Index(fields=["created_at"], name="idempotency_key_age"),
        ]

    def __str__(self) -> str:
        return self.key
