from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Made while deliveries go on. A run that was interrupted leaves an invalid index: drop it, and migrate again.
    atomic = False

    dependencies = [("delivery", "0009_volume")]

    operations = [
        AddIndexConcurrently(
            "delivery",
            models.Index(
                condition=models.Q(("is_digest", False), ("state__in", ["rejected", "failed", "cancelled", "held", "collecting"])),
                fields=["account", "state", "-id"],
                name="delivery_newest_of_state",
            ),
        ),
    ]
