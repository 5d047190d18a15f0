import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from leadflip.unread_bodies import ReadsToTheEnd

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadflip.settings")
application = ReadsToTheEnd(get_wsgi_application(), most=settings.BULK_MAX_BYTES)
