import distribution.models.entity
import django.db.models.deletion

from accounts.isolation import Isolate
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_jobs"), ("distribution", "0002_isolation")]

    operations = [
        migrations.CreateModel(
            name='LeadMatch',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('digest', models.BinaryField()),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='entity',
            name='duplicates',
            field=models.JSONField(blank=True, default=distribution.models.entity.no_duplicates_rule, help_text='{"action": "off" | "skip" | "update" | "create_anyway", "match": [["email"], ["phone", "last_name"]], "window_days": 30}'),
        ),
        migrations.AddField(
            model_name='entity',
            name='retention_days',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Leads older than this are erased; empty: kept.', null=True),
        ),
        migrations.AddField(
            model_name='lead',
            name='duplicate_of',
            field=models.ForeignKey(db_index=False, help_text='The lead it repeats, stored all the same.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='distribution.lead'),
        ),
        migrations.AddField(
            model_name='lead',
            name='erased_at',
            field=models.DateTimeField(help_text='Its key and values are gone for good.', null=True),
        ),
        migrations.AddField(
            model_name='lead',
            name='last_repeat_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='lead',
            name='repeats',
            field=models.PositiveIntegerField(db_default=0, help_text='How often it came again and was not stored anew.'),
        ),
        migrations.AddConstraint(
            model_name='entity',
            constraint=models.CheckConstraint(condition=models.Q(('retention_days__gte', 1)), name='entity_retention_is_a_day_or_more'),
        ),
        migrations.AddField(
            model_name='leadmatch',
            name='account',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account'),
        ),
        migrations.AddField(
            model_name='leadmatch',
            name='entity',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='distribution.entity'),
        ),
        migrations.AddField(
            model_name='leadmatch',
            name='lead',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='matches', to='distribution.lead'),
        ),
        migrations.AddIndex(
            model_name='leadmatch',
            index=models.Index(fields=['entity', 'digest', '-created_at'], name='lead_match_latest'),
        ),
        Isolate("distribution_leadmatch"),
    ]
