import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models

from accounts.isolation import Isolate


class Migration(migrations.Migration):
    dependencies = [("delivery", "0005_due_index"), ("accounts", "0004_alerts")]

    operations = [
        migrations.AddField("channelhealth", "opened_at", models.DateTimeField(null=True)),
        migrations.AddField("channelhealth", "open_until", models.DateTimeField(null=True)),
        migrations.AddField("channelhealth", "openings", models.PositiveIntegerField(db_default=0)),
        migrations.AddField("channelhealth", "allowed_in_flight", models.PositiveSmallIntegerField(null=True)),
        migrations.AddField("channelhealth", "incident_at", models.DateTimeField(null=True)),
        migrations.AddField("channelhealth", "recovered_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "deliverychannel",
            "rate_per_minute",
            models.PositiveIntegerField(blank=True, help_text="Most tries in any 60 seconds; none: as fast as it goes.", null=True),
        ),
        AddConstraintNotValid(
            "deliverychannel",
            models.CheckConstraint(condition=models.Q(("rate_per_minute__range", (1, 60_000))), name="channel_rate_range"),
        ),
        ValidateConstraint("deliverychannel", "channel_rate_range"),
        migrations.CreateModel(
            "ChannelRate",
            [
                (
                    "channel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="delivery.deliverychannel",
                    ),
                ),
                ("used_until", models.DateTimeField(help_text="From here on, unused time adds up to tries that may go.")),
                (
                    "account",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.account"),
                ),
            ],
        ),
        Isolate("delivery_channelrate", engine="SELECT, INSERT, UPDATE"),
    ]
