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
    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="leads", db_index=False)
    source = models.CharField(max_length=10, choices=LeadSource)
    status = models.CharField(max_length=50, default="new")
    values = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    sealed = models.BinaryField(null=True, editable=False)
    wrapped_key = models.BinaryField(editable=False)
    note = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    duplicate_of = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        help_text="The lead it repeats, stored all the same.",
    )
    repeats = models.PositiveIntegerField(db_default=0, help_text="How often it came again and was not stored anew.")
    last_repeat_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True, help_text="Its key and values are gone for good.")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(source__in=LeadSource.values), name="lead_source_known"),
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True) | models.Q(values={}, sealed__isnull=True, wrapped_key=b"", note=""),
                name="lead_erased_is_empty",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # The list of leads, newest first.
            models.Index(fields=["account", "-id"], name="lead_newest"),
            # The same for one Entity.
            models.Index(fields=["entity", "-id"], name="lead_newest_of_entity"),
            # distribution.retention: what is to be erased next.
            models.Index(fields=["entity", "id"], condition=models.Q(erased_at__isnull=True), name="lead_oldest_not_erased"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class LeadMatch(models.Model):
    """A lead under one match key of its Entity: how a repetition of it is found, without its values being readable here.

    digest: the first 16 bytes of the account's blind index over the key's fields and their normalised values.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    entity = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="+", db_index=False)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="matches")
    digest = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            # distribution.duplicates: the latest lead of the same person.
            models.Index(fields=["entity", "digest", "-created_at"], name="lead_match_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} under {bytes(self.digest).hex()}"
