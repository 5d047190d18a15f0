import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.packaged.settings")

app = Celery("packaged")
app.conf.broker_url = os.environ["PACKAGED_BROKER"]
app.conf.task_default_queue = "packaged"
app.autodiscover_tasks(["django_webhook"])
