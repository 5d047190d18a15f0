"""Deliveries of the stock, queued batch by batch while the engine delivers; each batch is one commit. Run by `processes.run_together`."""

import json
import sys
import time
from typing import Any

import django

django.setup()

from django.db import connections  # noqa: E402 - Django must be set up before its models are imported

from benchmarks.processes import SinkControl  # noqa: E402
from benchmarks.stock import QUEUE_PLACES  # noqa: E402
from delivery.wake import wake  # noqa: E402

_BATCH = 200
_TICK_SECONDS = 0.02


class Feeder:
    def __init__(self) -> None:
        self.committed: dict[str, float] = {}
        self.next_place = 0

    def feed(self, number: int) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute(QUEUE_PLACES, [self.next_place, self.next_place + number])
            ids = [str(row[0]) for row in cursor.fetchall()]
        moment = time.monotonic()
        wake()
        self.next_place += number
        self.committed |= dict.fromkeys(ids, moment)


def _feed_steadily(feeder: Feeder, number: int, per_second: float) -> None:
    started = time.monotonic()
    while feeder.next_place < number:
        time.sleep(_TICK_SECONDS)
        due = min(number, int((time.monotonic() - started) * per_second))
        if due > feeder.next_place:
            feeder.feed(due - feeder.next_place)


def _feed_so_that_some_wait(feeder: Feeder, number: int, keep: int, sink: SinkControl) -> None:
    while feeder.next_place < number:
        if feeder.next_place - sink.count() < keep:
            feeder.feed(min(_BATCH, number - feeder.next_place))
        else:
            time.sleep(_TICK_SECONDS / 4)


def _feed(wanted: dict[str, Any]) -> dict[str, Any]:
    """wanted: number, and either per_second, or keep and the sink's port."""
    feeder = Feeder()
    feeder.feed(0)  # so that its connections are there
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.monotonic()
    if "keep" in wanted:
        _feed_so_that_some_wait(feeder, wanted["number"], wanted["keep"], SinkControl(wanted["sink"]))
    else:
        _feed_steadily(feeder, wanted["number"], wanted["per_second"])
    return {"seconds": time.monotonic() - started, "committed": feeder.committed}


if __name__ == "__main__":
    print(json.dumps(_feed(json.loads(sys.stdin.readline()))), flush=True)
