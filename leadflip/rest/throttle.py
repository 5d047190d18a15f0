"""How often one account may ask the API: enough for everybody, and too little to crowd out its neighbours."""

import math
import time
from threading import Lock
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.access import Access

if TYPE_CHECKING:
    # DRF's views read the settings that name this module while they are imported.
    from rest_framework.views import APIView

_SECONDS = 60
# Taken at once from what all processes share, so that most requests cost Redis nothing: a hundredth of the limit, which a process may leave
# unused in each minute, and no more than this.
_AT_ONCE = 100
_MOST_ACCOUNTS = 10_000


class AccountThrottle(BaseThrottle):
    """At most API_REQUESTS_PER_MINUTE of each account, whoever of it asks, within each minute of the clock. 0: no limit."""

    def __init__(self) -> None:
        self._wait = 0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        limit: int = settings.API_REQUESTS_PER_MINUTE
        access = request.auth
        if not limit or not isinstance(access, Access):
            return True
        now = time.time()
        self._wait = math.ceil(_SECONDS - now % _SECONDS)
        return _shares.take(access.account_id, minute=int(now // _SECONDS), limit=limit)

    def wait(self) -> float:
        """Seconds until the next minute begins; what `Retry-After` says."""
        return self._wait


class Shares:
    """What this process has taken of each account's minute and not used up yet."""

    def __init__(self) -> None:
        self._left: dict[UUID, tuple[int, int]] = {}  # the minute, how many
        self._lock = Lock()

    def take(self, account_id: UUID, *, minute: int, limit: int) -> bool:
        with self._lock:
            of_minute, left = self._left.get(account_id, (minute, 0))
            if of_minute == minute and left:
                self._left[account_id] = (minute, left - 1)
                return True
        granted = _take_of_all(account_id, minute=minute, limit=limit)
        if granted > 1:
            self._keep(account_id, minute, granted - 1)
        return granted > 0

    def _keep(self, account_id: UUID, minute: int, more: int) -> None:
        with self._lock:
            if len(self._left) >= _MOST_ACCOUNTS:
                self._left.clear()
            of_minute, left = self._left.get(account_id, (minute, 0))
            self._left[account_id] = (minute, more + (left if of_minute == minute else 0))


def _take_of_all(account_id: UUID, *, minute: int, limit: int) -> int:
    """How many more requests of the account this process may let in."""
    key, wanted = f"api:{account_id}:{minute}", max(1, min(_AT_ONCE, limit // 100))
    if cache.add(key, wanted, timeout=2 * _SECONDS):
        return wanted
    try:
        taken = cache.incr(key, wanted)
    except ValueError:
        # It left the cache in between.
        return wanted
    return max(0, min(wanted, limit - (taken - wanted)))


_shares = Shares()
