"""Idle connections, ready to be used again."""

from delivery.outbound.connection import Connection
from delivery.outbound.urls import Origin


class IdlePool:
    """Keeps at most `most` connections and at most `most_per_origin` to one origin. All operations take constant time.

    The newest is taken first, so that the rest can run out; the oldest is closed first when there are too many.
    """

    def __init__(self, *, most: int, most_per_origin: int, idle_seconds: float, max_age_seconds: float) -> None:
        self._most = most
        self._most_per_origin = most_per_origin
        self._idle_seconds = idle_seconds
        self._max_age_seconds = max_age_seconds
        # Dicts as ordered sets.
        self._all: dict[Connection, None] = {}
        self._by_origin: dict[Origin, dict[Connection, None]] = {}

    def take(self, origin: Origin) -> Connection | None:
        while idle := self._by_origin.get(origin):
            connection = next(reversed(idle))
            self.discard(connection)
            if connection.is_fresh:
                return connection
            connection.abort()
        return None

    def put(self, connection: Connection) -> None:
        idle = self._by_origin.setdefault(connection.origin, {})
        if len(idle) >= self._most_per_origin:
            self._close(next(iter(idle)))
        elif len(self._all) >= self._most:
            self._close(next(iter(self._all)))
            idle = self._by_origin.setdefault(connection.origin, {})  # the closed one may have been its last
        idle[connection] = None
        self._all[connection] = None
        connection.rest(idle_seconds=self._idle_seconds, max_age_seconds=self._max_age_seconds)

    def discard(self, connection: Connection) -> None:
        """Forgets a connection, whether or not it is here."""
        if connection not in self._all:
            return
        del self._all[connection]
        idle = self._by_origin[connection.origin]
        del idle[connection]
        if not idle:
            del self._by_origin[connection.origin]

    def _close(self, connection: Connection) -> None:
        self.discard(connection)
        connection.abort()
