import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

from accounts.isolation import LookUpFunction


class Migration(migrations.Migration):
    # The index is made, and the constraint checked, while leads come in.
    atomic = False

    dependencies = [("distribution", "0004_strategies_and_budgets")]

    operations = [
        AddIndexConcurrently(
            model_name="lead",
            index=models.Index(condition=models.Q(("erased_at__isnull", True)), fields=["entity", "id"], name="lead_oldest_not_erased"),
        ),
        # lead_newest_of_entity begins with the Entity.
        migrations.AlterField(
            model_name="lead",
            name="entity",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="leads", to="distribution.entity"
            ),
        ),
        AddConstraintNotValid(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at__isnull", True),
                    models.Q(("note", ""), ("sealed__isnull", True), ("values", {}), ("wrapped_key", b"")),
                    _connector="OR",
                ),
                name="lead_erased_is_empty",
            ),
        ),
        ValidateConstraint(model_name="lead", name="lead_erased_is_empty"),
        # For the worker, which belongs to no account: it learns ids, and that there is something to erase.
        LookUpFunction(
            "leadflip_retentions_due(at timestamptz)",
            "TABLE (account_id uuid, entity_id uuid)",
            """
            SELECT e.account_id, e.id FROM distribution_entity e
            WHERE e.retention_days IS NOT NULL
              AND (SELECT l.created_at FROM distribution_lead l WHERE l.entity_id = e.id AND l.erased_at IS NULL ORDER BY l.id LIMIT 1)
                  < at - make_interval(days => e.retention_days)
              AND NOT EXISTS (
                SELECT FROM accounts_job j
                WHERE j.account_id = e.account_id AND j.kind = 'retention' AND j.params ->> 'entity' = e.id::text
                  AND (j.created_at > at - interval '1 day' OR j.state IN ('queued', 'running')))
            ORDER BY e.id LIMIT 1000
            """,
        ),
    ]
