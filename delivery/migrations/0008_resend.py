from django.db import migrations, models
from psycopg import sql

from accounts.isolation import Statements, app_role

# As in 0002, and: a month more ahead; what lies in the partition for everything else moves over, so that a pause of months mends itself; and
# nobody waits for long. Attaching a partition, unlike creating one in place, leaves the parent open to readers and writers.
MAKE_PARTITIONS = """
CREATE OR REPLACE FUNCTION leadflip_make_partitions(today date) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '3s' AS $$
DECLARE parent text; moment text; first_day timestamp; starts timestamptz; ends timestamptz; made integer := 0; part text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('leadflip.partitions'));
    FOR parent, moment IN VALUES ('delivery_attempt', 'started_at'), ('delivery_rendering', 'created_at') LOOP
        FOR month IN -1..3 LOOP
            first_day := date_trunc('month', today::timestamp) + make_interval(months => month);
            starts := first_day AT TIME ZONE 'UTC';
            ends := (first_day + interval '1 month') AT TIME ZONE 'UTC';
            part := parent || '_' || to_char(first_day, 'YYYY_MM');
            IF to_regclass(part) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
                EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
                EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_other');
                EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                               parent || '_other', moment, starts, moment, ends, part);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, starts, ends);
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
SELECT leadflip_make_partitions(current_date);
"""

# Drops the months that no account's log reaches back to any more, and that no retry can ask for (8 days). A month that is being read just now
# is left for the next hour, rather than having every worker queue up behind this. The caller chooses no moment: whoever may call this
# can drop nothing that would not be dropped anyway.
DROP_OLD_PARTITIONS = """
CREATE FUNCTION leadflip_drop_old_partitions() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '1s' AS $$
DECLARE part text; kept integer; dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('leadflip.partitions'));
    SELECT greatest(coalesce(max(log_days), 400), 9) INTO kept FROM accounts_account;
    FOR part IN
        SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
        WHERE inhparent IN ('delivery_attempt'::regclass, 'delivery_rendering'::regclass) AND child.relname ~ '_[0-9]{4}_[0-9]{2}$'
          AND (to_date(right(child.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= now() - make_interval(days => kept)
        ORDER BY 1
    LOOP
        BEGIN
            EXECUTE format('DROP TABLE %I', part);
            dropped := dropped + 1;
        EXCEPTION WHEN lock_not_available THEN
            RETURN dropped;
        END;
    END LOOP;
    RETURN dropped;
END $$;
REVOKE ALL ON FUNCTION leadflip_drop_old_partitions() FROM PUBLIC;
"""

# Removes up to `most` tries of accounts that keep their log for a shorter time than others, and with the last try of a rendering that too, unless
# its delivery may still be tried. An id begins with the time of its making, just behind its try: the index finds the span.
FORGET_OLD_LOG = """
CREATE FUNCTION leadflip_forget_old_log(most integer) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
WITH keeping AS (
    SELECT id, now() - make_interval(days => log_days) AS since FROM accounts_account
    WHERE log_days < (SELECT max(log_days) FROM accounts_account)
), old AS MATERIALIZED (
    SELECT one.* FROM keeping CROSS JOIN LATERAL (
        SELECT started_at, id, delivery_id, rendering_id FROM delivery_attempt
        WHERE account_id = keeping.id AND started_at < keeping.since
          AND id < (lpad(to_hex((extract(epoch FROM keeping.since) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
        ORDER BY id LIMIT most
    ) one LIMIT most
), renderings AS (
    DELETE FROM delivery_rendering r USING (SELECT DISTINCT delivery_id, rendering_id FROM old) gone
    WHERE r.delivery_id = gone.delivery_id AND (r.id = gone.rendering_id OR r.piece > 0)
      AND NOT EXISTS (SELECT FROM delivery_delivery d WHERE d.id = r.delivery_id AND d.state IN ('queued', 'sending', 'collecting', 'held'))
      AND NOT EXISTS (
        SELECT FROM delivery_attempt later
        WHERE later.delivery_id = r.delivery_id AND later.rendering_id = r.id AND later.id NOT IN (SELECT id FROM old))
), tries AS (
    DELETE FROM delivery_attempt a USING old WHERE a.started_at = old.started_at AND a.id = old.id RETURNING 1
)
SELECT count(*) FROM tries
$$;
REVOKE ALL ON FUNCTION leadflip_forget_old_log(integer) FROM PUBLIC;
"""


class LetApplicationTidyTheLog(Statements):
    """The application may not delete from the log: it may have these two do so, which remove what is due to go and nothing else."""

    functions = ("leadflip_drop_old_partitions()", "leadflip_forget_old_log(integer)")

    def forwards(self) -> list[sql.Composable]:
        return [self._statement("GRANT EXECUTE ON FUNCTION {} TO {}", name) for name in self.functions]

    def backwards(self) -> list[sql.Composable]:
        return [self._statement("REVOKE EXECUTE ON FUNCTION {} FROM {}", name) for name in self.functions]

    @staticmethod
    def _statement(text: str, function: str) -> sql.Composable:
        return sql.SQL(text).format(sql.SQL(function), sql.Identifier(app_role()))


class Migration(migrations.Migration):
    dependencies = [("delivery", "0008_indexes_of_the_log")]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="resent_at",
            field=models.DateTimeField(help_text="When somebody last asked for it to be sent again.", null=True),
        ),
        migrations.AddField(
            model_name="delivery",
            name="attempts_before_resend",
            field=models.PositiveIntegerField(help_text="Of attempts_made; null: never resent.", null=True),
        ),
        migrations.AddField(
            model_name="delivery",
            name="stale_rendering_id",
            field=models.UUIDField(help_text="Renderings up to this one are not sent again: a fresh one was asked for.", null=True),
        ),
        # Backwards it stays: 0002 drops it, and its months do no harm.
        migrations.RunSQL(MAKE_PARTITIONS, migrations.RunSQL.noop),
        migrations.RunSQL(DROP_OLD_PARTITIONS, "DROP FUNCTION leadflip_drop_old_partitions()"),
        migrations.RunSQL(FORGET_OLD_LOG, "DROP FUNCTION leadflip_forget_old_log(integer)"),
        LetApplicationTidyTheLog(),
    ]
