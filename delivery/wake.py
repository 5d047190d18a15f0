"""The door-bell: tells a worker that something is due. It carries nothing, and may be lost; the sweep finds what a lost one left.

At most one message per DOOR_SECONDS is sent. That loses no lead, because every engine keeps looking for LINGER_SECONDS, which is longer, after it
has found nothing: a lead that comes while the door is shut is seen by the engine whose message shut it.
"""

import logging
import time
from functools import cache

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

DOOR_SECONDS = 0.05
LINGER_SECONDS = 0.15
_KEY = "leadflip:wake"
# A message that waited this long behind busy workers is worth nothing: the sweep sends another every five seconds.
_STALE_SECONDS = 10
# After a failure nobody waits for Redis again for this long.
_RETRY_SECONDS = 2.0

logger = logging.getLogger(__name__)


class _Bell:
    def __init__(self) -> None:
        self.silent_until = 0.0


_bell = _Bell()


@cache
def _redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=None)


def wake() -> None:
    """Ring, once per DOOR_SECONDS. Never raises and never waits long: the caller's lead is safe in Postgres already."""
    if time.monotonic() < _bell.silent_until:
        return
    try:
        if _redis().set(_KEY, 1, nx=True, px=int(DOOR_SECONDS * 1000)):
            current_app.send_task("delivery.deliver_due", ignore_result=True, retry=False, expires=_STALE_SECONDS)
    except (redis.RedisError, OperationalError, OSError) as error:
        _bell.silent_until = time.monotonic() + _RETRY_SECONDS
        logger.warning("The wake-up could not be sent; the sweep will find what is due. %s", error)
