from typing import ClassVar

from django.db import models

from accounts.ids import new_id
from accounts.models import Account
from distribution.fields.exact_json import ExactDecoder, ExactEncoder
from distribution.models.entity import Entity


class LeadSource(models.TextChoices):
    API = "api"
    FORM = "form"
    CSV = "csv"
    MANUAL = "manual"


class Lead(models.Model):
    """One record of an Entity.

    Its encrypted values are one sealed message under a key of its own, which the account's key wraps. Every body in the log made from this lead
    is sealed by the same key: without `wrapped_key` all of them are unreadable.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="leads")
    source = models.CharField(max_length=10, choices=LeadSource)
    status = models.CharField(max_length=50, default="new")
    values = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    sealed = models.BinaryField(null=True, editable=False)
    wrapped_key = models.BinaryField(editable=False)
    note = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(source__in=LeadSource.values), name="lead_source_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # The list of leads, newest first.
            models.Index(fields=["account", "-id"], name="lead_newest"),
            # The same for one Entity.
            models.Index(fields=["entity", "-id"], name="lead_newest_of_entity"),
        ]

    def __str__(self) -> str:
        return str(self.id)
