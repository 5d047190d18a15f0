import accounts.ids
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from accounts.isolation import Isolate, LookUpFunction


class Migration(migrations.Migration):
    dependencies = [("intake", "0002_imports")]

    operations = [
        migrations.CreateModel(
            name="LeadForm",
            fields=[
                ("id", models.UUIDField(default=accounts.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("public_key", models.CharField(max_length=43, unique=True)),
                ("is_enabled", models.BooleanField(default=False)),
                (
                    "field_keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=63), default=list, help_text="What it asks for, in the Entity's order.", size=None
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("button", models.CharField(max_length=60)),
                ("thank_you", models.TextField(max_length=2000)),
                ("redirect_url", models.CharField(blank=True, help_text="https; where one is sent instead of the thank-you.", max_length=2000)),
                (
                    "allowed_origins",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=300), default=list, help_text="Of the sites that may show it in a frame.", size=None
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("account", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.account")),
                ("entity", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="lead_form", to="distribution.entity")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("redirect_url", ""), ("redirect_url__startswith", "https://"), _connector="OR"),
                        name="lead_form_redirects_to_https",
                    )
                ],
            },
        ),
        Isolate("intake_leadform"),
        # For whoever opens the page of a form, and belongs to no account.
        LookUpFunction(
            "leadflip_account_of_lead_form(wanted text)",
            "uuid",
            "SELECT account_id FROM intake_leadform WHERE public_key = wanted AND is_enabled",
        ),
    ]
