import accounts.ids
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

from accounts.isolation import Isolate, LookUpFunction


# Whoever could sign in until now was made by `create_account`, which vouches for the address.
VERIFY_ADDRESSES = """
INSERT INTO account_emailaddress (user_id, email, verified, "primary") SELECT id, email, true, true FROM accounts_user
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_alerts"), ("account", "0009_emailaddress_unique_primary_email")]

    operations = [
        migrations.CreateModel(
            name="OutgoingMail",
            fields=[
                ("id", models.UUIDField(default=accounts.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("to", models.EmailField(max_length=254)),
                ("subject", models.CharField(max_length=250)),
                ("text", models.TextField()),
                ("html", models.TextField(blank=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("next_try_at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["next_try_at"], name="outgoing_mail_due")]},
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.UUIDField(default=accounts.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254)),
                ("role", models.CharField(choices=[("owner", "Owner"), ("admin", "Admin"), ("member", "Member"), ("viewer", "Viewer")], max_length=10)),
                ("key_hash", models.BinaryField(editable=False, unique=True)),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("account", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="invitations", to="accounts.account")),
                ("invited_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("role__in", ["owner", "admin", "member", "viewer"])), name="invitation_role_known"),
                    models.CheckConstraint(condition=models.Q(("email", django.db.models.functions.text.Lower("email"))), name="invitation_email_lower_case"),
                    models.CheckConstraint(condition=models.Q(("accepted_at", None), ("revoked_at", None), _connector="OR"), name="invitation_accepted_or_revoked"),
                    models.UniqueConstraint(condition=models.Q(("accepted_at", None), ("revoked_at", None)), fields=("account", "email"), name="invitation_open_once"),
                ],
            },
        ),
        migrations.RunSQL(VERIFY_ADDRESSES, migrations.RunSQL.noop),
        Isolate("accounts_invitation"),
        # For whoever follows the link of an invitation, and is no member of the account yet.
        LookUpFunction(
            "leadflip_invitation(wanted bytea)",
            "TABLE (id uuid, account_id uuid, account_name text, email text, role text, invited_by text)",
            """
            SELECT i.id, i.account_id, a.name, i.email, i.role, COALESCE(NULLIF(u.name, ''), u.email, '')
            FROM accounts_invitation i
            JOIN accounts_account a ON a.id = i.account_id
            LEFT JOIN accounts_user u ON u.id = i.invited_by_id
            WHERE i.key_hash = wanted AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
            """,
        ),
    ]
