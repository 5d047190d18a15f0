"""The engine's own connections to Postgres: they come back by themselves."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from django.db import connections

from delivery import queue

_WAIT_SECONDS = (0.05, 0.2, 0.5, 1.0)

logger = logging.getLogger(__name__)


def engine_conninfo() -> str:
    """How the engine's role connects, after the tests' runner has chosen its database."""
    settings = connections["engine"].settings_dict
    parts = {
        "dbname": settings["NAME"],
        "user": settings["USER"],
        "password": settings["PASSWORD"],
        "host": settings["HOST"],
        "port": settings["PORT"],
        "application_name": "leadflip-engine",
        "connect_timeout": 5,
        **settings["OPTIONS"],
    }
    return psycopg.conninfo.make_conninfo("", **{name: value for name, value in parts.items() if value not in ("", None)})


class EngineConnection:
    """One connection, used by one coroutine at a time, that is made anew when it breaks.

    Every connection of an engine holds the engine's advisory lock, shared, so that the engine counts as alive while any of them stands.
    """

    def __init__(self, engine: queue.EngineId) -> None:
        self._engine = engine
        self._connection: queue.Connection | None = None
        self._turn = asyncio.Lock()

    async def run[T](
        self,
        action: Callable[[queue.Connection], Awaitable[T]],
        *,
        on_retry: Callable[[queue.Connection], Awaitable[Any]] | None = None,
    ) -> T:
        """Run `action` until the database has answered. It may run again after an answer was lost, so it must be safe to repeat.

        on_retry: runs first on the new connection, to undo what a lost answer may have left.
        """
        async with self._turn:
            is_again = False
            for tried in range(10_000):
                try:
                    connection = await self._connected()
                    if is_again and on_retry is not None:
                        await on_retry(connection)
                    return await action(connection)
                except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                    is_again = True
                    await self._drop()
                    if tried == 0:
                        logger.warning("The database does not answer; trying again until it does. %s", error)
                    await asyncio.sleep(_WAIT_SECONDS[min(tried, len(_WAIT_SECONDS) - 1)])
            raise psycopg.OperationalError("The database has not answered for hours.")

    async def _connected(self) -> queue.Connection:
        if self._connection is None or self._connection.closed:
            connection = await psycopg.AsyncConnection.connect(engine_conninfo(), autocommit=True)
            await queue.announce(connection, self._engine)
            self._connection = connection
        return self._connection

    async def _drop(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def close(self) -> None:
        await self._drop()
