from django.db import migrations

from accounts.isolation import LookUpFunction


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_people")]

    operations = [
        # For the worker, which belongs to no account: where there is something to forget.
        LookUpFunction(
            "leadflip_accounts_of_old_alerts(before timestamptz)",
            "SETOF uuid",
            "SELECT DISTINCT account_id FROM accounts_alert WHERE resolved_at < before LIMIT 1000",
        ),
    ]
