from django.db import migrations
from psycopg import sql

from accounts.isolation import Isolate, Statements, engine_role


class OpenPartitionsToEngine(Statements):
    def forwards(self) -> list[sql.Composable]:
        return [sql.SQL("GRANT EXECUTE ON FUNCTION leadflip_make_partitions(date) TO {}").format(sql.Identifier(engine_role()))]

    def backwards(self) -> list[sql.Composable]:
        return [sql.SQL("REVOKE EXECUTE ON FUNCTION leadflip_make_partitions(date) FROM {}").format(sql.Identifier(engine_role()))]


class Migration(migrations.Migration):
    dependencies = [("delivery", "0002_partitions"), ("distribution", "0002_isolation")]

    operations = [
        Isolate("delivery_deliverychannel", engine="SELECT, UPDATE (paused_at, pause_reason, updated_at)"),
        Isolate("delivery_channelhealth", engine="SELECT, INSERT, UPDATE"),
        Isolate("delivery_delivery", engine="SELECT, UPDATE"),
        # The log is only ever added to.
        Isolate("delivery_rendering", app="SELECT, INSERT", engine="SELECT, INSERT"),
        Isolate("delivery_attempt", app="SELECT, INSERT", engine="SELECT, INSERT"),
        OpenPartitionsToEngine(),
    ]
