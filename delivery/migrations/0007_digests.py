import accounts.ids
import django.contrib.postgres.fields
import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

from accounts.isolation import Isolate, LookUpFunction

# Channels where leads collect and nothing is planned for them, and digests that are due, full, or were planned or begun under other settings. Walks
# the index from channel to channel, so that it costs as much as there are channels, not leads.
TO_PLAN = """
WITH RECURSIVE lanes AS (
    (SELECT account_id, channel_id FROM delivery_delivery WHERE state = 'collecting' AND digest_id IS NULL AND NOT is_digest
     ORDER BY account_id, channel_id LIMIT 1)
    UNION ALL
    SELECT following.account_id, following.channel_id FROM lanes CROSS JOIN LATERAL (
        SELECT account_id, channel_id FROM delivery_delivery
        WHERE state = 'collecting' AND digest_id IS NULL AND NOT is_digest AND (account_id, channel_id) > (lanes.account_id, lanes.channel_id)
        ORDER BY account_id, channel_id LIMIT 1
    ) following
), ripe AS (
    SELECT lanes.account_id, lanes.channel_id FROM lanes WHERE EXISTS (
        SELECT FROM delivery_delivery d WHERE d.account_id = lanes.account_id AND d.channel_id = lanes.channel_id AND d.state = 'collecting'
          AND d.digest_id IS NULL AND NOT d.is_digest AND (d.next_attempt_at IS NULL OR d.next_attempt_at <= now()))
)
SELECT account_id, channel_id FROM ripe
WHERE NOT EXISTS (SELECT FROM delivery_digest g WHERE g.channel_id = ripe.channel_id AND g.closed_at IS NULL)
UNION
SELECT g.account_id, g.channel_id
FROM delivery_digest g JOIN accounts_account a ON a.id = g.account_id JOIN delivery_deliverychannel c ON c.id = g.channel_id
WHERE g.put_together_at IS NULL AND g.closed_at IS NULL AND (
    g.config_version <> a.config_version
    OR (NOT g.is_waiting AND c.paused_at IS NULL AND (g.due_at <= now() OR g.max_leads <= (
        SELECT count(*) FROM (
            SELECT FROM delivery_delivery d WHERE d.account_id = g.account_id AND d.channel_id = g.channel_id AND d.state = 'collecting'
              AND d.digest_id IS NULL AND NOT d.is_digest AND (d.next_attempt_at IS NULL OR d.next_attempt_at <= now()) LIMIT g.max_leads
        ) waiting))))
LIMIT 100
"""

TO_PUT_TOGETHER = """
SELECT g.account_id, g.id
FROM delivery_digest g JOIN accounts_account a ON a.id = g.account_id JOIN delivery_delivery d ON d.id = g.id
WHERE g.put_together_at IS NULL AND g.closed_at IS NOT NULL AND g.due_at <= now() AND d.state IN ('collecting', 'queued', 'held')
  AND (NOT g.is_waiting OR g.config_version <> a.config_version)
ORDER BY g.due_at LIMIT 20
"""

OF_A_DIGEST = models.Q(state="collecting", digest=None, is_digest=False)


class Migration(migrations.Migration):
    # Indexes of the queue are made while deliveries go on. A run that was interrupted leaves an invalid index: drop it, and migrate again.
    atomic = False

    dependencies = [("delivery", "0006_breaker")]

    operations = [
        migrations.CreateModel(
            "Digest",
            [
                ("id", models.UUIDField(default=accounts.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("due_at", models.DateTimeField()),
                ("max_leads", models.PositiveIntegerField(help_text="It is due as soon as so many wait.", null=True)),
                ("config_version", models.PositiveIntegerField(help_text="Of the account, when it was planned or put together.")),
                (
                    "is_waiting",
                    models.BooleanField(default=False, help_text="Nothing can be done about it before the account's settings change."),
                ),
                ("created_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("lead_count", models.PositiveIntegerField(default=0, help_text="Deliveries in it since it was closed.")),
                (
                    "wrapped_key",
                    models.BinaryField(default=b"", help_text="Seals the mail; empty when a lead of it was erased."),
                ),
                (
                    "began_at",
                    models.DateTimeField(help_text="When the mail was begun: its pieces are the renderings of this moment.", null=True),
                ),
                ("sealed_progress", models.BinaryField(null=True)),
                ("put_together_at", models.DateTimeField(help_text="The mail is whole.", null=True)),
                ("rendering_id", models.UUIDField(help_text="The mail's first piece.", null=True)),
                ("size", models.PositiveIntegerField(default=0, help_text="Bytes of the mail.")),
                (
                    "recipients",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=254), default=list),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.account"
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="digests",
                        to="delivery.deliverychannel",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("closed_at", None)), fields=["channel"], name="digest_one_open"),
                    models.CheckConstraint(
                        condition=models.Q(("put_together_at", None), ("closed_at__isnull", False), _connector="OR"),
                        name="digest_whole_is_closed",
                    ),
                ],
                "indexes": [
                    models.Index(condition=models.Q(("put_together_at", None)), fields=["due_at"], name="digest_not_whole"),
                ],
            },
        ),
        Isolate("delivery_digest", engine="SELECT"),
        # Null in every row that is there, so that Postgres need not look through them.
        migrations.AddField(
            "delivery",
            "digest",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="delivery.digest",
            ),
        ),
        migrations.AddField(
            "delivery",
            "is_digest",
            models.BooleanField(db_default=False, help_text="It has no lead: it carries the digest, which has its id."),
        ),
        migrations.AddField(
            "delivery",
            "settled_recipients",
            models.JSONField(help_text="[[address, code], …]: who has the mail, or refused it for good.", null=True),
        ),
        migrations.AddField(
            "rendering",
            "piece",
            models.PositiveIntegerField(
                db_default=0, help_text="Of a digest's mail: its place. Pieces of one mail have one `created_at`."
            ),
        ),
        AddIndexConcurrently(
            "delivery",
            models.Index(condition=OF_A_DIGEST, fields=["account", "channel", "id"], name="delivery_collecting"),
        ),
        AddIndexConcurrently(
            "delivery",
            models.Index(condition=models.Q(("digest__isnull", False)), fields=["digest", "id"], name="delivery_of_digest"),
        ),
        AddIndexConcurrently(
            "delivery",
            models.Index(condition=models.Q(("is_digest", True)), fields=["account", "-id"], name="digest_newest"),
        ),
        AddConstraintNotValid(
            "delivery",
            models.CheckConstraint(
                condition=models.Q(("is_digest", False), models.Q(("digest", models.F("id")), ("lead", None)), _connector="OR"),
                name="delivery_digest_carried",
            ),
        ),
        ValidateConstraint("delivery", "delivery_digest_carried"),
        # For the worker, which belongs to no account: what there is to do. It learns ids, and nothing of what the digests are.
        LookUpFunction("leadflip_digests_to_plan()", "TABLE (account_id uuid, channel_id uuid)", TO_PLAN),
        LookUpFunction("leadflip_digests_to_put_together()", "TABLE (account_id uuid, id uuid)", TO_PUT_TOGETHER),
    ]
