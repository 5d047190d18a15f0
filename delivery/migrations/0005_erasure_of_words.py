"""What a partner or a mail server answered, in words, goes with the lead; all else in the log stays as it was written."""

from django.db import migrations
from psycopg import sql

from accounts.isolation import Statements, app_role


class LetTheAppOverwriteReasons(Statements):
    """The policy `own_account` (0003) holds for updates as well: an account's words are its own."""

    def forwards(self) -> list[sql.Composable]:
        return [sql.SQL("GRANT UPDATE (reason) ON delivery_attempt TO {}").format(sql.Identifier(app_role()))]

    def backwards(self) -> list[sql.Composable]:
        return [sql.SQL("REVOKE UPDATE (reason) ON delivery_attempt FROM {}").format(sql.Identifier(app_role()))]


class Migration(migrations.Migration):
    dependencies = [("delivery", "0004_follow_up")]

    operations = [LetTheAppOverwriteReasons()]
