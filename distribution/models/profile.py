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
    ROUND_ROBIN = "round_robin"
    WEIGHTED = "weighted"
    HIGHEST_PRICE = "highest_price"


class AtCap(models.TextChoices):
    """What becomes of a lead that finds its assignment full."""

    SKIP = "skip"
    HOLD = "hold"
    OVERFLOW = "overflow"


class Profile(models.Model):
    """A Distribution Profile: for one Entity, who gets which leads."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="profiles")
    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="profiles")
    name = models.CharField(max_length=100)
    is_enabled = models.BooleanField(default=False)
    strategy = models.CharField(max_length=20, choices=Strategy, default=Strategy.SEND_TO_ALL)
    max_partners = models.PositiveSmallIntegerField(null=True, blank=True, help_text="send_to_all: at most so many partners get one lead.")
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
            models.CheckConstraint(condition=models.Q(max_partners__gte=1), name="profile_max_partners_is_one_or_more"),
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
    budgets = models.JSONField(default=dict, blank=True)
    at_cap = models.CharField(max_length=10, choices=AtCap, default=AtCap.SKIP)
    overflow_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    repeat_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The same person, by the Entity's match keys, is not sent twice within so many days."
    )
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    weight = models.PositiveSmallIntegerField(default=1, help_text="weighted: its share beside the others'.")
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
            models.CheckConstraint(condition=models.Q(at_cap__in=AtCap.values), name="assignment_at_cap_known"),
            models.CheckConstraint(condition=models.Q(weight__gte=1, weight__lte=1000), name="assignment_weight_range"),
            models.CheckConstraint(condition=models.Q(repeat_days__gte=1), name="assignment_repeat_days_is_one_or_more"),
        ]

    def __str__(self) -> str:
        return f"{self.partner} in {self.profile}"


class CapCounter(models.Model):
    """How many seats, or how many hundredths of the currency, of one period are taken: of a partner, or of an assignment.

    Locked, read and raised in the lead's transaction.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=10)
    subject_id = models.UUIDField()
    measure = models.CharField(max_length=5, db_default="leads")
    period = models.CharField(max_length=10)
    starts_at = models.DateTimeField()
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["subject_id", "measure", "period", "starts_at"], name="cap_counter_once"),
            models.CheckConstraint(condition=models.Q(subject__in=["partner", "assignment"]), name="cap_counter_subject_known"),
            models.CheckConstraint(condition=models.Q(measure__in=["leads", "money"]), name="cap_counter_measure_known"),
            models.CheckConstraint(condition=models.Q(used__gte=0), name="cap_counter_used_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id} {self.period}: {self.used} {self.measure}"


class Turn(models.Model):
    """Where an assignment stands in its profile's round_robin or weighted strategy. Locked and moved in the lead's transaction."""

    assignment = models.OneToOneField(Assignment, on_delete=models.CASCADE, primary_key=True, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    last_turn = models.BigIntegerField(default=0, help_text="Number of the profile's lead that it got last; 0: none yet.")
    credit = models.BigIntegerField(default=0, help_text="What it is owed of its share, in weights.")

    def __str__(self) -> str:
        return f"{self.assignment_id}: turn {self.last_turn}, credit {self.credit}"
