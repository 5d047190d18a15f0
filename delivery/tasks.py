"""Celery's way in. A task starts the engine; it never carries a delivery."""

import asyncio
import mmap
from functools import cache

import psycopg
import uvloop
from celery import shared_task
from celery.signals import worker_shutting_down
from django.conf import settings

from accounts.doorbell import ring_background
from delivery.engine import Engine
from delivery.engine_database import engine_conninfo
from delivery.transport import Transport
from delivery.wake import open_door, wake

# While something is due, one run goes on this long before the worker is given back to Celery.
RUN_SECONDS = 300.0

# One byte that a worker's main process shares with the processes it forks: Celery tells only the former that it must stop.
_stopping = mmap.mmap(-1, 1)


@worker_shutting_down.connect
def stop_claiming(**_: object) -> None:
    _stopping[0] = 1


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


@cache
def _engine() -> Engine:
    return Engine(
        transport=Transport.from_settings(),
        slots=settings.ENGINE_SLOTS,
        is_stopping=lambda: bool(_stopping[0]),
        on_more=wake,
        on_ended_badly=ring_background,
    )


async def _run() -> None:
    # The engine and its connections belong to the loop: they are made inside it, once per process.
    await _engine().run(seconds=RUN_SECONDS)


@shared_task(name="delivery.deliver_due")
def deliver_due() -> None:
    """Run the engine until nothing is due."""
    open_door()
    _runner().run(_run())


@shared_task(name="delivery.make_partitions")
def make_partitions() -> None:
    """Make the log's partitions for the months to come."""
    with psycopg.connect(engine_conninfo(), autocommit=True) as connection:
        connection.execute("SELECT leadflip_make_partitions(current_date)")
