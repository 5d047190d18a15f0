"""The one way out: a request to a target, over a kept connection or a fresh one."""

import asyncio
import ssl
from collections.abc import Sequence
from functools import cache
from time import perf_counter
from types import TracebackType
from typing import Self

from delivery.outbound.addresses import OutboundPolicy
from delivery.outbound.answer import Answer
from delivery.outbound.connection import Connection, UnansweredError
from delivery.outbound.dial import Dialler
from delivery.outbound.errors import OutboundError
from delivery.outbound.pool import IdlePool
from delivery.outbound.proxy import EgressProxy
from delivery.outbound.resolver import DnsResolver, Resolver
from delivery.outbound.urls import Target
from delivery.outbound.wire import encode_request

MAX_TIMEOUT_SECONDS = 30.0
DEFAULT_USER_AGENT = "Leadflip"


@cache
def default_ssl_context() -> ssl.SSLContext:
    """The system's authorities, names checked, TLS 1.2 or later. Built once: reading the authorities takes tens of ms."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


class OutboundClient:
    """Sends requests to addresses that the policy allows, follows no redirect and knows no proxy but the one it is given.

    Lives in one event loop, asyncio's or uvloop's, and is closed there. How many requests are in flight is the caller's business.
    """

    def __init__(
        self,
        policy: OutboundPolicy,
        *,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
        proxy: EgressProxy | None = None,
        user_agent: str = DEFAULT_USER_AGENT,
        max_idle: int = 1024,
        max_idle_per_origin: int = 256,
        idle_seconds: float = 15.0,
        max_age_seconds: float = 300.0,
    ) -> None:
        """max_age_seconds: a connection in steady use would otherwise never notice that its name points elsewhere by now."""
        self.policy = policy
        self._resolver = resolver or DnsResolver()
        self._dialler = Dialler(policy, self._resolver, ssl_context or default_ssl_context(), self._forget, proxy)
        self._user_agent = user_agent
        self._pool = IdlePool(
            most=max_idle,
            most_per_origin=max_idle_per_origin,
            idle_seconds=idle_seconds,
            max_age_seconds=max_age_seconds,
        )
        self._open: set[Connection] = set()
        self._is_closed = False

    async def post(self, target: Target, *, headers: Sequence[tuple[str, str]], body: bytes, timeout_seconds: float) -> Answer:
        """POSTs the body. See `request`."""
        return await self.request("POST", target, headers=headers, body=body, timeout_seconds=timeout_seconds)

    async def request(
        self,
        method: str,
        target: Target,
        *,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        timeout_seconds: float = 20.0,
    ) -> Answer:
        """One request and its answer, whatever its status.

        timeout_seconds: for everything, from the look-up of the name to the last byte of the answer; above 0, at most 30.
        Raises OutboundError if no final headers came or the time ran out, ValueError before any socket is opened for a
        request that must not be sent.
        """
        if not 0 < timeout_seconds <= MAX_TIMEOUT_SECONDS:
            raise ValueError("timeout_seconds must be above 0 and at most 30.")
        if self._is_closed:
            raise RuntimeError("The client is closed.")
        wire = encode_request(method, target, headers=headers, body=body, user_agent=self._user_agent)
        started = perf_counter()
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        is_head = method == "HEAD"
        connection = self._pool.take(target.origin)
        if connection is not None:
            try:
                answer = await connection.exchange(wire, started=started, deadline=deadline, is_head=is_head)
            except UnansweredError:
                if self._is_closed:
                    raise
                connection = None
        if connection is None:
            connection = await self._dial(target, started, deadline)
            answer = await connection.exchange(wire, started=started, deadline=deadline, is_head=is_head)
        if connection.is_reusable and not self._is_closed:
            self._pool.put(connection)
        else:
            connection.abort()
        return answer

    async def close(self) -> None:
        """Closes every connection; requests in flight fail. Returns once the sockets are closed."""
        self._is_closed = True
        closing = [connection.lost for connection in self._open]
        for connection in tuple(self._open):
            connection.abort()
        if closing:
            await asyncio.wait(closing)
        await self._resolver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        await self.close()

    async def _dial(self, target: Target, started: float, deadline: float) -> Connection:
        connection = await self._dialler.dial(target, started=started, deadline=deadline)
        self._open.add(connection)
        if self._is_closed:
            connection.abort()
            raise OutboundError("reset", "Leadflip was stopped before the request was sent.")
        return connection

    def _forget(self, connection: Connection) -> None:
        self._pool.discard(connection)
        self._open.discard(connection)
