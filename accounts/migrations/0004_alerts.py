import django.db.models.deletion
from django.db import migrations, models

import accounts.ids
from accounts.isolation import Isolate, LookUpFunction

KINDS = [
    ("channel_unhealthy", "Channel Unhealthy"),
    ("channel_still_failing", "Channel Still Failing"),
    ("channel_paused", "Channel Paused"),
    ("channel_recovered", "Channel Recovered"),
    ("cap_near", "Cap Near"),
    ("cap_reached", "Cap Reached"),
]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_jobs")]

    operations = [
        migrations.CreateModel(
            "Alert",
            [
                ("id", models.UUIDField(default=accounts.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=KINDS, max_length=30)),
                ("subject_type", models.CharField(max_length=40)),
                ("subject_id", models.UUIDField()),
                ("subject_label", models.CharField(max_length=250)),
                ("incident", models.CharField(help_text="What happened, so that it is told once.", max_length=150)),
                ("title", models.CharField(max_length=300)),
                ("text", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "resolved_at",
                    models.DateTimeField(
                        help_text="When its cause was gone; may be known beforehand, as the end of a cap's period is.", null=True
                    ),
                ),
                ("emailed_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.account"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["account", "-id"], name="alert_newest"),
                    models.Index(condition=models.Q(("emailed_at", None)), fields=["account"], name="alert_to_mail"),
                    models.Index(condition=models.Q(("resolved_at", None)), fields=["subject_id"], name="alert_open"),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("kind__in", [kind for kind, _ in KINDS])), name="alert_kind_known"),
                    models.UniqueConstraint(fields=("account", "kind", "incident"), name="alert_once_per_incident"),
                ],
            },
        ),
        Isolate("accounts_alert", engine="SELECT, INSERT, UPDATE (resolved_at)"),
        # For the worker, which belongs to no account: where there is something to mail.
        LookUpFunction(
            "leadflip_accounts_to_alert()",
            "SETOF uuid",
            "SELECT DISTINCT account_id FROM accounts_alert WHERE emailed_at IS NULL LIMIT 100",
        ),
    ]
