"""The log's two large tables, partitioned by month, so that old log leaves by dropping a partition."""

from django.db import migrations


def partition(table: str, column: str, indexes: tuple[str, ...]) -> str:
    """Statements that turn a still empty table into a partitioned one of the same columns, with a partition for what fits no month."""
    return f"""
    ALTER TABLE {table} RENAME TO {table}_plain;
    CREATE TABLE {table} (LIKE {table}_plain INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY ({column}, id)) PARTITION BY RANGE ({column});
    DROP TABLE {table}_plain;
    {" ".join(indexes)}
    CREATE TABLE {table}_other PARTITION OF {table} DEFAULT;
    ALTER TABLE {table}_other ENABLE ROW LEVEL SECURITY;
    """


# Runs as the owner, for the engine's beat: makes what is missing of last month's, this month's and the next two months' partitions.
# A partition read by its own name would not pass the parent's policies: nobody but the owner gets any right on it.
MAKE_PARTITIONS = """
CREATE FUNCTION leadflip_make_partitions(today date) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE parent text; first_day date; made integer := 0; part text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('leadflip.partitions'));
    FOREACH parent IN ARRAY ARRAY['delivery_attempt', 'delivery_rendering'] LOOP
        FOR month IN -1..2 LOOP
            first_day := date_trunc('month', today) + make_interval(months => month);
            part := parent || '_' || to_char(first_day, 'YYYY_MM');
            IF to_regclass(part) IS NULL THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', part, parent,
                               first_day::timestamp AT TIME ZONE 'UTC', (first_day + interval '1 month') AT TIME ZONE 'UTC');
                EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION leadflip_make_partitions(date) FROM PUBLIC;
SELECT leadflip_make_partitions(current_date);
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0001_first")]

    operations = [
        migrations.RunSQL(
            partition(
                "delivery_attempt",
                "started_at",
                (
                    "CREATE INDEX attempt_newest ON delivery_attempt (account_id, id DESC);",
                    "CREATE INDEX attempt_of_delivery ON delivery_attempt (delivery_id);",
                ),
            ),
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            partition("delivery_rendering", "created_at", ("CREATE INDEX rendering_of_delivery ON delivery_rendering (delivery_id);",)),
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(MAKE_PARTITIONS, "DROP FUNCTION leadflip_make_partitions(date)"),
    ]
