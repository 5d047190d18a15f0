"""The cache that all processes share: how often somebody tried to sign in, sent a form or asked the API, and which codes are used up."""

import logging
import time
from typing import Any

import redis
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

# After a failure nobody waits for Redis again for this long.
_RETRY_SECONDS = 2.0

logger = logging.getLogger(__name__)


class SharedCache(RedisCache):
    """Redis; while it is away, the process's own memory: people sign in all the same, and each process counts for itself."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._own = LocMemCache("leadflip", {key: value for key, value in params.items() if key != "OPTIONS"})
        self._away_until = 0.0

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._ask("add", *args, **kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._ask("set", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._ask("delete", *args, **kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        return int(self._ask("incr", *args, **kwargs))

    def clear(self) -> None:
        self._own.clear()
        self._ask("clear")

    def _ask(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._away_until:
            try:
                return getattr(super(), method)(*args, **kwargs)
            except (redis.RedisError, OSError) as error:
                self._away_until = time.monotonic() + _RETRY_SECONDS
                logger.warning("Redis does not answer; what is limited is counted by this process alone. %s", error)
        return getattr(self._own, method)(*args, **kwargs)
