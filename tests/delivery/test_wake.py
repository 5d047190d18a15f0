"""Door-bells, on a real Valkey: rung often, heard once."""

from collections.abc import Iterator

import pytest
import redis
from celery import current_app
from django.conf import settings

from accounts.doorbell import Doorbell

KEY = "leadflip:test-bell"


def process(*, linger_seconds: float = 0.0) -> Doorbell:
    """The bell as one more process has it."""
    return Doorbell("delivery.deliver_due", key=KEY, door_seconds=5.0, linger_seconds=linger_seconds)


@pytest.fixture
def valkey() -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        current_app.control.purge()
        valkey.delete(KEY)
        yield valkey
        current_app.control.purge()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What a bell takes for the time, to be moved."""
    now = [1_000.0]
    monkeypatch.setattr("accounts.doorbell.time.monotonic", lambda: now[0])
    return now


def waiting(valkey: "redis.Redis") -> int:
    return int(valkey.llen("celery"))


def test_many_rings_are_one_message(valkey: "redis.Redis") -> None:
    for bell in (process(), process()):
        for _ in range(5):
            bell.ring()
    assert waiting(valkey) == 1


def test_once_a_worker_has_come_the_next_ring_calls_another(valkey: "redis.Redis") -> None:
    bell = process()
    bell.ring()
    process().open()
    bell.ring()
    bell.ring()
    assert waiting(valkey) == 2


def test_a_process_whose_worker_lingers_rings_again_after_half_of_that(valkey: "redis.Redis", clock: list[float]) -> None:
    bell = process(linger_seconds=0.2)
    bell.ring()
    process().open()
    clock[0] += 0.09
    bell.ring()
    assert waiting(valkey) == 1
    clock[0] += 0.02
    bell.ring()
    assert waiting(valkey) == 2


def test_a_ring_at_a_shut_door_rests_too(valkey: "redis.Redis", clock: list[float]) -> None:
    process().ring()
    bell = process(linger_seconds=0.2)
    bell.ring()
    process().open()
    bell.ring()
    assert waiting(valkey) == 1


def test_a_door_that_nobody_opens_opens_by_itself(valkey: "redis.Redis") -> None:
    process().ring()
    assert 0 < valkey.pttl(KEY) <= 5_000
