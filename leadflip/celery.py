import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadflip.settings")

app = Celery("leadflip")
app.config_from_object("leadflip.celery_settings")
app.autodiscover_tasks()
