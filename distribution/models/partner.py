from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.ids import new_id
from accounts.models import Account


class Partner(models.Model):
    """Who receives leads. One record serves every profile."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="partners")
    name = models.CharField(max_length=100)
    email = models.EmailField(max_length=254, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    notes = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)
    caps = models.JSONField(default=dict, blank=True, help_text='Most leads per period, e.g. {"day": 500}, in the partner\'s time zone.')
    budgets = models.JSONField(
        default=dict, blank=True, help_text='Most money per period, e.g. {"month": "2500.00"}, by the prices of the assignments.'
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["account", "name"],
                name="partner_name_unique",
                violation_error_message="A partner of this name exists already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
