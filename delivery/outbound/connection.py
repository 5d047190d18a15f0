"""One connection: one request after another, each with a deadline that nothing a partner does can move."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import cast

from delivery.outbound.answer import Answer, decode_headers, unpack
from delivery.outbound.errors import Fault, OutboundError, tls_reason
from delivery.outbound.reader import AnswerError, AnswerReader
from delivery.outbound.urls import Origin
from delivery.outcome import Timings


def milliseconds_since(moment: float) -> float:
    return (perf_counter() - moment) * 1000


@dataclass(slots=True)
class Opening:
    """What it took to open a connection: milliseconds, None where it did not get there. started: perf_counter."""

    started: float
    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    address: str = ""

    def timings(self) -> Timings:
        return Timings(self.dns_ms, self.connect_ms, self.tls_ms, None, milliseconds_since(self.started))


class UnansweredError(OutboundError):
    """The connection was closed before a byte of an answer. On a kept one the server most likely never saw the request."""


class Connection(asyncio.Protocol):
    """A vetted, open connection, for one `exchange` at a time.

    Its one timer serves the deadline of a request as well as the end of idleness, and is moved only when it has to fire
    sooner: the usual request touches no timer at all.
    """

    def __init__(self, origin: Origin, opening: Opening, on_lost: "Callable[[Connection], None]") -> None:
        self.origin = origin
        self.is_closed = False
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._on_lost = on_lost
        self._lost_by: Exception | None = None
        self._opening: Opening | None = opening  # until the first request has reported it
        self._address = opening.address
        self._opened_at = self._loop.time()
        self._transport: asyncio.Transport
        self._reader = AnswerReader()
        self._waiter: asyncio.Future[Fault | None] | None = None
        self._fault: Fault = "reset"  # why it is closed, if it is
        self._first_byte_at = 0.0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        waiter = self._waiter
        if waiter is None or waiter.done():
            self._fault = "protocol"
            self.abort()  # nobody asked for it, so the next answer could not be trusted
            return
        if not self._first_byte_at:
            self._first_byte_at = perf_counter()
        try:
            if self._reader.feed(data):
                waiter.set_result(None)
        except AnswerError as fault:
            waiter.set_result(fault.code)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        self._lost_by = exc
        if isinstance(exc, ssl.SSLError):
            self._fault = "tls"
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None if self._reader.finish() else self._fault)
        if not self.lost.done():
            self.lost.set_result(None)
        self._on_lost(self)

    @property
    def is_reusable(self) -> bool:
        """After an exchange: whether the connection may serve another."""
        return (
            self._reader.is_reusable
            and not self.is_closed
            and not self._transport.is_closing()
            # An answer that came before the request was all sent leaves the rest of it on its way.
            and not self._transport.get_write_buffer_size()
        )

    @property
    def is_fresh(self) -> bool:
        """While idle: whether the connection may be taken out of the pool."""
        return not self.is_closed and not self._transport.is_closing() and self._loop.time() < self._due

    def rest(self, *, idle_seconds: float, max_age_seconds: float) -> None:
        """Begins to idle: for so long at most, and not beyond that age."""
        self._waiter = None
        self._arm(min(self._loop.time() + idle_seconds, self._opened_at + max_age_seconds))

    def abort(self) -> None:
        """Closes at once, with no farewell that a partner could draw out."""
        self.is_closed = True
        self._transport.abort()

    async def exchange(self, request: bytes, *, started: float, deadline: float, is_head: bool) -> Answer:
        """Sends the request and reads its answer. started: perf_counter; deadline: loop time. Raises OutboundError."""
        self._reader.start(is_head=is_head)
        self._first_byte_at = 0.0
        self._waiter = waiter = self._loop.create_future()
        sent_at = perf_counter()
        if self.is_closed:  # both loops hand a connection over before they tell of its loss, but neither promises it
            raise self._error(self._fault, self._timings(started, sent_at))
        self._arm(deadline)
        self._transport.write(request)
        try:
            fault = await waiter
        except asyncio.CancelledError:
            self.abort()
            raise
        timings = self._timings(started, sent_at)
        if fault is not None:
            self.abort()
            raise self._error(fault, timings)
        reader = self._reader
        body, is_cut = unpack(reader.body, reader.encoding)
        return Answer(reader.status, decode_headers(reader.headers), body, is_cut or reader.is_truncated, self._address, timings)

    def _arm(self, due: float) -> None:
        self._due = due
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._due - self._loop.time() > 0.001:  # uvloop's clock ticks in milliseconds
            self._arm(self._due)
        elif self._waiter is None:
            self.abort()
        elif not self._waiter.done():
            self._waiter.set_result("timeout")

    def _timings(self, started: float, sent_at: float) -> Timings:
        first_byte_ms = (self._first_byte_at - sent_at) * 1000 if self._first_byte_at else None
        opening, self._opening = self._opening, None
        if opening is None:
            return Timings(None, None, None, first_byte_ms, milliseconds_since(started))
        return Timings(opening.dns_ms, opening.connect_ms, opening.tls_ms, first_byte_ms, milliseconds_since(started))

    def _error(self, fault: Fault, timings: Timings) -> OutboundError:
        is_unanswered = fault == "reset" and not self._first_byte_at
        kind = UnansweredError if is_unanswered else OutboundError
        return kind(fault, self._reason(fault, timings), timings=timings, address=self._address)

    def _reason(self, fault: Fault, timings: Timings) -> str:
        host = self.origin.host
        seconds = f"{round(timings.total_ms / 1000, 1):g} seconds"
        match fault:
            case "timeout" if self._first_byte_at:
                return f"The answer of {host} was still not complete after {seconds}."
            case "timeout":
                return f"{host} did not answer within {seconds}."
            case "reset" if self._first_byte_at:
                return f"{host} closed the connection in the middle of its answer."
            case "reset":
                return f"{host} closed the connection without an answer."
            case "tls" if self._lost_by is not None:
                return tls_reason(self._lost_by, host)
            case "too_large_headers":
                return f"The headers of {host}'s answer are larger than 64 KiB."
        return f"{host} did not answer in HTTP."
