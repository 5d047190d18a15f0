"""The queue's two indexes with an entry for every row, each made beside the old one before that goes, while deliveries go on."""

from django.contrib.postgres.indexes import BTreeIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index is made concurrently outside of a transaction only. A run that was interrupted leaves an invalid index: drop it, and migrate again.
    atomic = False

    dependencies = [("delivery", "0005_erasure_of_words")]

    operations = [
        AddIndexConcurrently(
            "delivery",
            BTreeIndex(
                condition=models.Q(("state", "queued")),
                deduplicate_items=False,
                fields=["account", "channel", "is_retry", "next_attempt_at"],
                name="delivery_due_each",
            ),
        ),
        AddIndexConcurrently(
            "delivery",
            BTreeIndex(
                condition=models.Q(("state", "sending")),
                deduplicate_items=False,
                fields=["channel", "claim_id", "leased_until"],
                name="delivery_sending_each",
            ),
        ),
        RemoveIndexConcurrently("delivery", "delivery_due"),
        RemoveIndexConcurrently("delivery", "delivery_in_flight"),
    ]
