from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Account


class HourlyVolume(models.Model):
    """What an account received and delivered of one hour, counted once the hour is over: the overview adds up hundreds of rows, not millions."""

    pk = models.CompositePrimaryKey("account_id", "hour")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    hour = models.DateTimeField(help_text="When it began.")
    leads = models.PositiveIntegerField(help_text="Leads that came within it.")
    delivered = models.PositiveIntegerField(help_text="Of the deliveries that began within it, tests left out.")
    failed = models.PositiveIntegerField(help_text="Those failed for good.")
    rejected = models.PositiveIntegerField()
    waits = ArrayField(models.PositiveIntegerField(), help_text="Delivered ones by the time they took, as delivery.volume.WAIT_LIMITS_MS.")

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}:00"
