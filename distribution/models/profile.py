from typing import ClassVar

from django.db import models

from accounts.ids import new_id
from accounts.models import Account
from distribution.fields.exact_json import ExactDecoder, ExactEncoder
from distribution.models.entity import Entity
from distribution.models.partner import Partner


class Strategy(models.TextChoices):
    SEND_TO_ALL = "send_to_all"
    FIRST_MATCH = "first_match"


class Profile(models.Model):
    """A Distribution Profile: for one Entity, who gets which leads."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="profiles")
    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="profiles")
    name = models.CharField(max_length=100)
    is_enabled = models.BooleanField(default=False)
    strategy = models.CharField(max_length=20, choices=Strategy, default=Strategy.SEND_TO_ALL)
    rules = models.JSONField(default=dict, blank=True, encoder=ExactEncoder, decoder=ExactDecoder)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["account", "name"],
                name="profile_name_unique",
                violation_error_message="A profile of this name exists already.",
            ),
            models.CheckConstraint(condition=models.Q(strategy__in=Strategy.values), name="profile_strategy_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Assignment(models.Model):
    """A partner in a profile."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="assignments")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="assignments")
    priority = models.IntegerField(default=0, help_text="The highest number comes first.")
    rules = models.JSONField(default=dict, blank=True, encoder=ExactEncoder, decoder=ExactDecoder)
    caps = models.JSONField(default=dict, blank=True)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-priority", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["profile", "partner"],
                name="assignment_once_per_partner",
                violation_error_message="This partner is in the profile already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner} in {self.profile}"


class CapCounter(models.Model):
    """How many seats of one period are taken: of a partner, or of an assignment. Locked, read and raised in the lead's transaction."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=10)
    subject_id = models.UUIDField()
    period = models.CharField(max_length=10)
    starts_at = models.DateTimeField()
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["subject_id", "period", "starts_at"], name="cap_counter_once"),
            models.CheckConstraint(condition=models.Q(subject__in=["partner", "assignment"]), name="cap_counter_subject_known"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id} {self.period}: {self.used}"
