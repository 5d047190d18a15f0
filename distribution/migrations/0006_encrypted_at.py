from django.db import migrations, models

# Nobody knows when those that are encrypted were switched: until now, any of them may have been plain.
UNKNOWN_IS_NOW = "UPDATE distribution_field SET encrypted_at = now() WHERE is_encrypted"


class Migration(migrations.Migration):
    dependencies = [("distribution", "0005_retention")]

    operations = [
        migrations.AddField(
            model_name="field",
            name="encrypted_at",
            field=models.DateTimeField(
                editable=False,
                help_text="When it was switched to encrypted. What was made of leads before may show its values.",
                null=True,
            ),
        ),
        migrations.RunSQL(UNKNOWN_IS_NOW, migrations.RunSQL.noop),
    ]
