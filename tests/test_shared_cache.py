"""The cache that counts tries to sign in: shared by all processes through Redis, and still there without it."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.test import Client

from tests.builders import make_account

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

ALICE = {"login": "alice@acme.test", "password": "correct-horse-1"}


@pytest.fixture
def _redis_is_away(settings: Any) -> Iterator[None]:
    """Every connection is refused: nobody listens on that port any more."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"redis://127.0.0.1:{port}/0"}}
    yield
    cache.clear()


def test_what_one_process_counts_the_others_see() -> None:
    caches["default"].set("tries", 3, 60)
    del caches["default"]
    assert caches["default"].get("tries") == 3
    assert not cache.add("tries", 1)
    assert cache.incr("tries") == 4
    assert cache.delete("tries")
    assert cache.get("tries", "none") == "none"


@pytest.mark.usefixtures("_redis_is_away")
def test_without_redis_people_sign_in_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    make_account()
    browser: Any = Client()
    assert browser.post("/sign-in", ALICE)["Location"] == "/"
    assert caplog.text.count("Redis does not answer; what is limited is counted by this process alone.") == 1


@pytest.mark.usefixtures("_redis_is_away")
def test_without_redis_tries_are_counted_still() -> None:
    make_account()
    browser: Any = Client()
    for _ in range(5):
        browser.post("/sign-in", {**ALICE, "password": "wrong-horse-1"})
    assert "Too many tries have failed." in browser.post("/sign-in", ALICE).content.decode()
