"""The engine's door-bell, on a real Valkey: rung often, heard once."""

from collections.abc import Iterator

import pytest
import redis
from celery import current_app
from django.conf import settings

from delivery.wake import open_door, wake


@pytest.fixture
def valkey() -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        current_app.control.purge()
        valkey.delete("leadflip:wake")
        yield valkey
        current_app.control.purge()


def waiting(valkey: "redis.Redis") -> int:
    return int(valkey.llen("celery"))


def test_many_rings_are_one_message(valkey: "redis.Redis") -> None:
    for _ in range(10):
        wake()
    assert waiting(valkey) == 1


def test_once_a_worker_has_come_the_next_ring_calls_another(valkey: "redis.Redis") -> None:
    wake()
    open_door()
    wake()
    wake()
    assert waiting(valkey) == 2


def test_a_door_that_nobody_opens_opens_by_itself(valkey: "redis.Redis") -> None:
    wake()
    assert 0 < valkey.pttl("leadflip:wake") <= 5_000
