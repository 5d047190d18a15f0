from django.db import migrations

from accounts.isolation import Isolate, LookUpFunction

# Which account is set for this transaction. After a transaction that set one, the setting is an empty text rather than missing.
ACCOUNT_FUNCTION = """
CREATE FUNCTION leadflip_account() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT NULLIF(current_setting('leadflip.account_id', true), '')::uuid $$
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_first")]

    operations = [
        migrations.RunSQL(ACCOUNT_FUNCTION, "DROP FUNCTION leadflip_account()"),
        # The engine reads an account's key and version, and moves the version on when it pauses a channel.
        Isolate("accounts_account", column="id", engine="SELECT, UPDATE (config_version)"),
        Isolate("accounts_member"),
        Isolate("accounts_apikey"),
        Isolate("accounts_auditevent", app="SELECT, INSERT", engine="INSERT"),
        Isolate("accounts_mailserver", engine="SELECT"),
        LookUpFunction(
            "leadflip_api_key(wanted bytea)",
            "TABLE (id uuid, name text, prefix text, scopes text[], last_used_at timestamptz, account_id uuid, slug text, wrapped_key bytea, config_version bigint)",
            """
            SELECT k.id, k.name, k.prefix, k.scopes, k.last_used_at, a.id, a.slug, a.wrapped_key, a.config_version
            FROM accounts_apikey k JOIN accounts_account a ON a.id = k.account_id
            WHERE k.key_hash = wanted AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
            """,
        ),
        LookUpFunction(
            "leadflip_accounts_of_user(wanted uuid)",
            "TABLE (account_id uuid, slug text)",
            """
            SELECT a.id, a.slug FROM accounts_member m JOIN accounts_account a ON a.id = m.account_id
            WHERE m.user_id = wanted ORDER BY a.name, a.id
            """,
        ),
        LookUpFunction("leadflip_account_of_slug(wanted text)", "uuid", "SELECT id FROM accounts_account WHERE slug = wanted"),
    ]
