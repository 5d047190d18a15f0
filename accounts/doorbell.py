"""Door-bells: tell a worker through Redis that there is something to do. They carry nothing, and may be lost: Postgres knows what is due, and a
sweep finds what a lost one left."""

import logging
import time
from functools import cache

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

BACKGROUND_QUEUE = "background"
# A message that waited this long behind busy workers is worth nothing: the sweep sends another every five seconds.
_STALE_SECONDS = 10
# After a failure nobody waits for Redis again for this long.
_RETRY_SECONDS = 2.0

logger = logging.getLogger(__name__)


@cache
def _redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=None)


class Doorbell:
    """Starts one Celery task. Whoever rings shuts the door to others, until the task opens it, or for `door_seconds` over all processes.

    linger_seconds: for so long at least the task goes on looking after it came. A process that has rung need not ring again for half of that: the
    task comes after the ring and so looks until then, whenever it came.
    """

    def __init__(self, task: str, *, key: str, door_seconds: float, queue: str | None = None, linger_seconds: float = 0.0) -> None:
        self.task, self.key, self.door_seconds, self.queue = task, key, door_seconds, queue
        self._rest_seconds = linger_seconds / 2
        self._silent_until = 0.0

    def ring(self) -> None:
        """Never raises and never waits long: what it announces is safe in Postgres already."""
        now = time.monotonic()
        if now < self._silent_until:
            return
        try:
            if _redis().set(self.key, 1, nx=True, px=int(self.door_seconds * 1000)):
                current_app.send_task(self.task, queue=self.queue, ignore_result=True, retry=False, expires=_STALE_SECONDS)
            self._silent_until = now + self._rest_seconds
        except (redis.RedisError, OperationalError, OSError) as error:
            self._silent_until = time.monotonic() + _RETRY_SECONDS
            logger.warning("The wake-up for %s could not be sent; the sweep will find what is due. %s", self.task, error)

    def open(self) -> None:
        """The task has come, and is about to look: whoever rings from now on calls another. Never raises."""
        try:
            _redis().delete(self.key)
        except (redis.RedisError, OSError) as error:
            logger.warning("The door of %s could not be opened; it opens by itself within %g s. %s", self.task, self.door_seconds, error)


_background = Doorbell("leadflip.work", key="leadflip:background", door_seconds=0.2, queue=BACKGROUND_QUEUE)


def ring_background() -> None:
    """Wake the worker of what goes on in the background: jobs, and what follows on deliveries that ended badly."""
    _background.ring()
