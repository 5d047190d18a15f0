"""As the package's documentation has it; its settings as they come: events are stored, the list of webhooks is cached for a minute."""

import json
import os

SECRET_KEY = "packaged"
INSTALLED_APPS = ["django.contrib.contenttypes", "django_webhook", "benchmarks.packaged"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", **json.loads(os.environ["PACKAGED_DATABASE"])}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
DJANGO_WEBHOOK = {"MODELS": ["packaged.Lead"]}
