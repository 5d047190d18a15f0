from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.ids import new_id
from accounts.models import Account
from distribution.models import Entity


class LeadForm(models.Model):
    """A public page that asks for a lead of one Entity. Whoever knows its key may fill it in, so that the key is random."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    entity = models.OneToOneField(Entity, on_delete=models.CASCADE, related_name="lead_form")
    public_key = models.CharField(max_length=43, unique=True)
    is_enabled = models.BooleanField(default=False)
    field_keys = ArrayField(models.CharField(max_length=63), default=list, help_text="What it asks for, in the Entity's order.")
    title = models.CharField(max_length=200)
    button = models.CharField(max_length=60)
    thank_you = models.TextField(max_length=2_000)
    redirect_url = models.CharField(max_length=2_000, blank=True, help_text="https; where one is sent instead of the thank-you.")
    allowed_origins = ArrayField(models.CharField(max_length=300), default=list, help_text="Of the sites that may show it in a frame.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(redirect_url="") | models.Q(redirect_url__startswith="https://"), name="lead_form_redirects_to_https"
            ),
        ]

    def __str__(self) -> str:
        return self.title
