"""The delivery engine: claims what is due, sends it concurrently, records in batches, and claims again as slots free.

One asyncio loop in one worker process. No transaction and no connection is held while a partner answers, and a slow answer holds up nothing but
its own slot. Sends, claims and records overlap; each batch is as large as what gathered while the one before was under way.
"""

import asyncio
import heapq
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from delivery import health, queue
from delivery.engine_database import EngineConnection
from delivery.outcome import Outcome, Timings, Verdict
from delivery.preparing import Prepared, SettingsCache, prepare
from delivery.record import Record, make_record
from delivery.shipment import Shipment
from delivery.wake import LINGER_SECONDS

CLAIM_SIZE = 200
# Below this many free slots the engine waits for more, rather than asking for crumbs.
_LEAST_CLAIM = 20
_POLL_SECONDS = 0.005
_BUSY_POLL_SECONDS = 0.02
_SWEEP_SECONDS = 5.0
_FINISH_SECONDS = 25.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """The state of one run."""

    until: float
    in_flight: int = 0
    done: list[tuple[Shipment, Outcome, datetime]] = field(default_factory=list)
    retries_in_flight: int = 0
    claims: dict[UUID, int] = field(default_factory=dict)  # how many of each claim are not recorded yet
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    recorded: int = 0
    falls_due: list[datetime] = field(default_factory=list)  # a heap: when tries fall due that this run put off, and when channels open
    companions: tuple[asyncio.Task[None], ...] = ()  # what records and what keeps leases; neither ends before the run does

    def is_whole(self) -> bool:
        """False once a companion has met a fault of ours: what is sent from then on would not be recorded, or be sent by others too."""
        return not any(companion.done() for companion in self.companions)

    def is_something_near(self) -> bool:
        """Will something that this run knows of fall due before the next sweep?"""
        now = datetime.now(UTC)
        while self.falls_due and self.falls_due[0] < now - timedelta(seconds=1):
            heapq.heappop(self.falls_due)
        return bool(self.falls_due) and self.falls_due[0] < now + timedelta(seconds=_SWEEP_SECONDS)


class Engine:
    """Lives as long as its worker process, so that connections and caches stay warm; `run` is called for every wake-up.

    transport: what the channel kinds send through. is_stopping: asked between batches. slots: deliveries in flight at most.
    on_more: called when a claim came back full, so that another worker may join in. on_ended_badly: called when partners rejected leads or
    deliveries failed for good, so that somebody looks at what follows.
    """

    def __init__(
        self,
        *,
        transport: Any,
        slots: int,
        is_stopping: Callable[[], bool],
        on_more: Callable[[], None],
        on_ended_badly: Callable[[], None],
    ) -> None:
        self._id = queue.EngineId.new()
        self._claims = EngineConnection(self._id)
        self._records = EngineConnection(self._id)
        self._pieces = EngineConnection(self._id)
        self._transport = transport
        self._slots = slots
        self._is_stopping = is_stopping
        self._on_more = on_more
        self._on_ended_badly = on_ended_badly
        self._settings = SettingsCache()
        self._health = health.Notes()
        self._after = UUID(int=0)  # the account that was served last
        self._new_result = asyncio.Event()

    async def run(self, *, seconds: float) -> int:
        """Deliver until nothing has been due for a moment, or the seconds are over. Returns how many tries were recorded.

        Raises what a companion met. Its claims come back when their leases end; the next run starts afresh.
        """
        run = _Run(until=time.monotonic() + seconds)
        await self._claims.run(queue.take_back)
        run.companions = (asyncio.create_task(self._record_results(run)), asyncio.create_task(self._keep_leases(run)))
        try:
            await self._claim_and_send(run)
        finally:
            # Also after a fault: what was sent must be recorded.
            await self._finish(run)
            for companion in run.companions:
                companion.cancel()
            ends = await asyncio.gather(*run.companions, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end
        return run.recorded

    async def close(self) -> None:
        await self._claims.close()
        await self._records.close()
        await self._pieces.close()

    async def _claim_and_send(self, run: _Run) -> None:
        idle_since: float | None = None
        while not self._is_stopping() and time.monotonic() < run.until and run.is_whole():
            if self._slots - run.in_flight < min(_LEAST_CLAIM, self._slots // 4 + 1):
                await asyncio.sleep(_POLL_SECONDS)
                continue
            claimed = await self._claim(run)
            if claimed:
                idle_since = None
                continue
            if run.in_flight:
                idle_since = None
                await asyncio.sleep(_BUSY_POLL_SECONDS)
                continue
            now = time.monotonic()
            idle_since = idle_since or now
            if run.is_something_near():
                # The sweep would come for it up to _SWEEP_SECONDS late.
                await asyncio.sleep(_BUSY_POLL_SECONDS)
            elif now - idle_since < LINGER_SECONDS:
                await asyncio.sleep(_POLL_SECONDS)
            elif not await self._waits_for_an_opening(run):
                return

    async def _waits_for_an_opening(self, run: _Run) -> bool:
        """Does something wait that a channel's rate, or the end of its rest, lets go before the next sweep?"""
        within = timedelta(seconds=_SWEEP_SECONDS)
        opens_at = await self._claims.run(lambda connection: queue.next_opening(connection, within=within))
        if opens_at is not None:
            heapq.heappush(run.falls_due, opens_at)
        return opens_at is not None

    async def _claim(self, run: _Run) -> int:
        claim_id = self._id.new_claim()
        limit = min(CLAIM_SIZE, self._slots - run.in_flight)
        retry_limit = max(0, self._slots // 2 - run.retries_in_flight)

        async def claim_and_read(connection: queue.Connection) -> tuple[queue.Claimed, dict[UUID, Any]]:
            claimed = await queue.claim(connection, claim_id=claim_id, limit=limit, retry_limit=retry_limit, after=self._after)
            return claimed, await self._settings.settings_of(connection, claimed.rows) if claimed.rows else {}

        claimed, settings = await self._claims.run(claim_and_read, on_retry=lambda c: queue.give_back(c, claim_id))
        if not claimed.rows:
            return 0
        if len(claimed.rows) >= CLAIM_SIZE:
            self._on_more()
        self._after = claimed.rows[-1].account_id
        prepared = prepare(claimed, settings, now=datetime.now(UTC), read_piece=self._read_piece)
        if prepared.fresh:
            fresh = prepared.fresh
            await self._claims.run(lambda connection: queue.save_renderings(connection, fresh))
        self._start(run, claim_id, prepared)
        return len(claimed.rows)

    async def _read_piece(self, digest_id: UUID, began_at: datetime, after: int) -> tuple[int, bytes] | None:
        return await self._pieces.run(lambda connection: queue.read_piece(connection, digest_id, began_at, after))

    def _start(self, run: _Run, claim_id: UUID, prepared: Prepared) -> None:
        run.claims[claim_id] = len(prepared.shipments) + len(prepared.refused)
        run.in_flight += run.claims[claim_id]
        run.retries_in_flight += sum(1 for shipment in prepared.shipments if shipment.attempts_made)
        for shipment in prepared.shipments:
            task = asyncio.create_task(self._send(run, shipment))
            run.tasks.add(task)
            task.add_done_callback(run.tasks.discard)
        for shipment, outcome in prepared.refused:
            run.retries_in_flight += bool(shipment.attempts_made)
            self._settle(run, shipment, outcome, datetime.now(UTC))

    async def _send(self, run: _Run, shipment: Shipment) -> None:
        started_at, clock = datetime.now(UTC), time.perf_counter()
        settings = shipment.settings
        try:
            outcome = await settings.sender.send(
                shipment.rendering, delivery_id=shipment.delivery_id, config=settings.config, secrets=settings.secrets,
                context=settings.context(started_at), transport=self._transport,
            )  # fmt: skip
        except Exception:
            # A fault of ours. The delivery is not lost for it, and nobody else's is.
            logger.exception("Delivery %s could not be sent.", shipment.delivery_id)
            outcome = Outcome(Verdict.RETRY, "internal", "Leadflip could not send this delivery. It will try again.")
        if not outcome.timings.total_ms:
            outcome = replace(outcome, timings=Timings(total_ms=(time.perf_counter() - clock) * 1000))
        self._settle(run, shipment, outcome, started_at)

    def _settle(self, run: _Run, shipment: Shipment, outcome: Outcome, started_at: datetime) -> None:
        run.done.append((shipment, outcome, started_at))
        self._new_result.set()

    async def _record_results(self, run: _Run) -> None:
        while True:
            await self._new_result.wait()
            self._new_result.clear()
            batch, run.done = run.done, []
            if batch:
                await self._record(run, batch)

    async def _record(self, run: _Run, batch: Sequence[tuple[Shipment, Outcome, datetime]]) -> None:
        now = datetime.now(UTC)
        records = [
            make_record(shipment, outcome, started_at=started_at, now=now, jitter=random.random())  # noqa: S311 - spreads retries, guards nothing
            for shipment, outcome, started_at in batch
        ]
        # First, since a slot is free again once its delivery is recorded: what a failed probe says must be known by then.
        await self._note_health(records, now)
        try:
            await self._records.run(lambda connection: queue.record(connection, records))
        except Exception:
            logger.exception("A batch of %d results could not be written; trying them one by one.", len(records))
            for one in records:
                await self._record_alone(one)
        if any(one.state in ("rejected", "failed") for one in records):
            self._on_ended_badly()
        for shipment, _, _ in batch:
            run.claims[shipment.claim_id] -= 1
            if not run.claims[shipment.claim_id]:
                del run.claims[shipment.claim_id]
            run.retries_in_flight -= bool(shipment.attempts_made)
        for one in records:
            if one.next_attempt_at is not None and (one.next_attempt_at - now).total_seconds() < 2 * _SWEEP_SECONDS:
                heapq.heappush(run.falls_due, one.next_attempt_at)
        run.in_flight -= len(batch)
        run.recorded += len(batch)

    async def _record_alone(self, one: Record) -> None:
        """One result that Postgres cannot store must not keep the others from being recorded: it is, without its details."""
        try:
            await self._records.run(lambda connection: queue.record(connection, [one]))
        except Exception:
            logger.exception("The result of delivery %s could not be written as it is.", one.delivery_id)
            bare = replace(one, reason="The details of this try could not be stored.", target="", address="", request_headers=())
            await self._records.run(lambda connection: queue.record(connection, [bare]))

    async def _note_health(self, records: Sequence[Record], now: datetime) -> None:
        try:
            await self._records.run(lambda connection: self._health.write(connection, records, now))
        except Exception:
            # The deliveries must be recorded all the same; what was learned of their channels is learned again with the next ones.
            logger.exception("What %d results say of their channels could not be written.", len(records))

    async def _keep_leases(self, run: _Run) -> None:
        """Renew the leases of what is in flight, and take back what dead engines left."""
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            await self._records.run(queue.take_back)
            if time.monotonic() - renewed >= queue.HEARTBEAT_SECONDS and run.claims:
                claims = list(run.claims)
                await self._records.run(lambda connection: queue.heartbeat(connection, claims))  # noqa: B023 - awaited at once
                renewed = time.monotonic()

    async def _finish(self, run: _Run) -> None:
        """Wait for what is in flight; give back what does not end in time."""
        deadline = time.monotonic() + _FINISH_SECONDS if self._is_stopping() else float("inf")
        while run.in_flight and time.monotonic() < deadline and run.is_whole():
            await asyncio.sleep(_POLL_SECONDS)
            if self._is_stopping():
                deadline = min(deadline, time.monotonic() + _FINISH_SECONDS)
        for task in list(run.tasks):
            task.cancel()
        await asyncio.gather(*run.tasks, return_exceptions=True)
        if not run.is_whole():
            # Some of these were sent. To give them back is to send them again at once, and again.
            return
        for claim_id in list(run.claims):
            await self._claims.run(lambda connection: queue.give_back(connection, claim_id))  # noqa: B023 - awaited at once
