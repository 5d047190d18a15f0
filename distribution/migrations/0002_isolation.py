from django.db import migrations

from accounts.isolation import Isolate


class Migration(migrations.Migration):
    dependencies = [("distribution", "0001_first"), ("accounts", "0002_isolation")]

    operations = [
        # The engine reads what a rendering is made of, and nothing else.
        Isolate("distribution_entity", engine="SELECT"),
        Isolate("distribution_field", engine="SELECT"),
        Isolate("distribution_lead", engine="SELECT"),
        Isolate("distribution_partner", engine="SELECT"),
        Isolate("distribution_profile", engine="SELECT"),
        Isolate("distribution_assignment", engine="SELECT"),
        Isolate("distribution_capcounter"),
        Isolate("distribution_decision"),
    ]
