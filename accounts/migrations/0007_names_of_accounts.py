from django.db import migrations, models

from accounts.isolation import DropLookUpFunction, LookUpFunction


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_old_alerts")]

    operations = [
        # Columns of a result cannot be added to a function that is there.
        DropLookUpFunction(
            "leadflip_accounts_of_user(wanted uuid)",
            "TABLE (account_id uuid, slug text)",
            """
            SELECT a.id, a.slug FROM accounts_member m JOIN accounts_account a ON a.id = m.account_id
            WHERE m.user_id = wanted ORDER BY a.name, a.id
            """,
        ),
        LookUpFunction(
            "leadflip_accounts_of_user(wanted uuid)",
            "TABLE (account_id uuid, slug text, name text)",
            """
            SELECT a.id, a.slug, a.name FROM accounts_member m JOIN accounts_account a ON a.id = m.account_id
            WHERE m.user_id = wanted ORDER BY a.name, a.id
            """,
        ),
        migrations.AddField("user", "signed_out_at", models.DateTimeField(editable=False, null=True)),
    ]
