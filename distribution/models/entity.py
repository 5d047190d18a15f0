from typing import ClassVar

from django.db import models

from accounts.ids import new_id
from accounts.models import Account
from distribution.fields.exact_json import ExactDecoder, ExactEncoder


def no_duplicates_rule() -> dict[str, object]:
    return {"action": "off", "match": [], "window_days": None}


class Entity(models.Model):
    """What a lead is for this account: a name and an ordered list of fields."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="entities")
    name = models.CharField(max_length=100)
    slug = models.CharField(max_length=63)
    display_field = models.CharField(max_length=63, blank=True, help_text="Key of the field that names a lead.")
    duplicates = models.JSONField(
        default=no_duplicates_rule,
        blank=True,
        help_text='{"action": "off" | "skip" | "update" | "create_anyway", "match": [["email"], ["phone", "last_name"]], "window_days": 30}',
    )
    retention_days = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Leads older than this are erased; empty: kept.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "entities"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["account", "slug"],
                name="entity_slug_unique",
                violation_error_message="An entity with this slug exists already.",
            ),
            models.CheckConstraint(condition=models.Q(retention_days__gte=1), name="entity_retention_is_a_day_or_more"),
        ]

    def __str__(self) -> str:
        return self.name


class Field(models.Model):
    """One field of an Entity. `distribution.fields` knows what each type means."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    entity = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="fields")
    key = models.CharField(max_length=63)
    label = models.CharField(max_length=200)
    type = models.CharField(max_length=20)
    is_required = models.BooleanField(default=False)
    is_encrypted = models.BooleanField(default=False)
    encrypted_at = models.DateTimeField(
        null=True, editable=False, help_text="When it was switched to encrypted. What was made of leads before may show its values."
    )
    default = models.JSONField(null=True, blank=True, encoder=ExactEncoder, decoder=ExactDecoder)
    options = models.JSONField(default=dict, blank=True, encoder=ExactEncoder, decoder=ExactDecoder)
    position = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar[list[str]] = ["position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["entity", "key"], name="field_key_unique"),
        ]

    def __str__(self) -> str:
        return self.label
