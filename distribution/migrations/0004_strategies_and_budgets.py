import django.db.models.deletion

from accounts.isolation import Isolate
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("distribution", "0003_duplicates_and_erasure")]

    operations = [
        migrations.CreateModel(
            name='Turn',
            fields=[
                ('assignment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='distribution.assignment')),
                ('last_turn', models.BigIntegerField(default=0, help_text="Number of the profile's lead that it got last; 0: none yet.")),
                ('credit', models.BigIntegerField(default=0, help_text='What it is owed of its share, in weights.')),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='capcounter',
            name='cap_counter_once',
        ),
        migrations.RemoveConstraint(
            model_name='profile',
            name='profile_strategy_known',
        ),
        migrations.AddField(
            model_name='assignment',
            name='at_cap',
            field=models.CharField(choices=[('skip', 'Skip'), ('hold', 'Hold'), ('overflow', 'Overflow')], default='skip', max_length=10),
        ),
        migrations.AddField(
            model_name='assignment',
            name='budgets',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='assignment',
            name='overflow_to',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='distribution.assignment'),
        ),
        migrations.AddField(
            model_name='assignment',
            name='repeat_days',
            field=models.PositiveSmallIntegerField(blank=True, help_text="The same person, by the Entity's match keys, is not sent twice within so many days.", null=True),
        ),
        migrations.AddField(
            model_name='assignment',
            name='weight',
            field=models.PositiveSmallIntegerField(default=1, help_text="weighted: its share beside the others'."),
        ),
        migrations.AddField(
            model_name='capcounter',
            name='measure',
            field=models.CharField(db_default='leads', max_length=5),
        ),
        migrations.AddField(
            model_name='partner',
            name='budgets',
            field=models.JSONField(blank=True, default=dict, help_text='Most money per period, e.g. {"month": "2500.00"}, by the prices of the assignments.'),
        ),
        migrations.AddField(
            model_name='profile',
            name='max_partners',
            field=models.PositiveSmallIntegerField(blank=True, help_text='send_to_all: at most so many partners get one lead.', null=True),
        ),
        migrations.AlterField(
            model_name='capcounter',
            name='used',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='profile',
            name='strategy',
            field=models.CharField(choices=[('send_to_all', 'Send To All'), ('first_match', 'First Match'), ('round_robin', 'Round Robin'), ('weighted', 'Weighted'), ('highest_price', 'Highest Price')], default='send_to_all', max_length=20),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('at_cap__in', ['skip', 'hold', 'overflow'])), name='assignment_at_cap_known'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('weight__gte', 1), ('weight__lte', 1000)), name='assignment_weight_range'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('repeat_days__gte', 1)), name='assignment_repeat_days_is_one_or_more'),
        ),
        migrations.AddConstraint(
            model_name='capcounter',
            constraint=models.UniqueConstraint(fields=('subject_id', 'measure', 'period', 'starts_at'), name='cap_counter_once'),
        ),
        migrations.AddConstraint(
            model_name='capcounter',
            constraint=models.CheckConstraint(condition=models.Q(('measure__in', ['leads', 'money'])), name='cap_counter_measure_known'),
        ),
        migrations.AddConstraint(
            model_name='capcounter',
            constraint=models.CheckConstraint(condition=models.Q(('used__gte', 0)), name='cap_counter_used_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='profile',
            constraint=models.CheckConstraint(condition=models.Q(('strategy__in', ['send_to_all', 'first_match', 'round_robin', 'weighted', 'highest_price'])), name='profile_strategy_known'),
        ),
        migrations.AddConstraint(
            model_name='profile',
            constraint=models.CheckConstraint(condition=models.Q(('max_partners__gte', 1)), name='profile_max_partners_is_one_or_more'),
        ),
        migrations.AddField(
            model_name='turn',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account'),
        ),
        migrations.AddField(
            model_name='turn',
            name='profile',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='distribution.profile'),
        ),
        Isolate("distribution_turn"),
    ]
