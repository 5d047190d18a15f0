import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.usual.settings")

app = Celery("usual", include=["benchmarks.usual.tasks"])
app.conf.broker_url = settings.REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
# Beside the engine's queue, not in it.
app.conf.task_default_queue = "usual"
if reuse := os.environ.get("USUAL_DB_REUSE_MAX"):
    app.conf["CELERY_DB_REUSE_MAX"] = int(reuse)
