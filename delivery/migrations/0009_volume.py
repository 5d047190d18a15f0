import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from accounts.isolation import Isolate, LookUpFunction


class Migration(migrations.Migration):
    dependencies = [("delivery", "0008_resend")]

    operations = [
        migrations.CreateModel(
            "HourlyVolume",
            [
                ("pk", models.CompositePrimaryKey("account_id", "hour", blank=True, editable=False, primary_key=True, serialize=False)),
                ("hour", models.DateTimeField(help_text="When it began.")),
                ("leads", models.PositiveIntegerField(help_text="Leads that came within it.")),
                ("delivered", models.PositiveIntegerField(help_text="Of the deliveries that began within it, tests left out.")),
                ("failed", models.PositiveIntegerField(help_text="Those failed for good.")),
                ("rejected", models.PositiveIntegerField()),
                (
                    "waits",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveIntegerField(),
                        help_text="Delivered ones by the time they took, as delivery.volume.WAIT_LIMITS_MS.",
                        size=None,
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.account"),
                ),
            ],
        ),
        Isolate("delivery_hourlyvolume"),
        LookUpFunction(
            "leadflip_accounts_with_leads_since(first_id uuid)",
            "SETOF uuid",
            "SELECT a.id FROM accounts_account a WHERE EXISTS (SELECT 1 FROM distribution_lead l WHERE l.account_id = a.id AND l.id >= first_id)",
        ),
    ]
