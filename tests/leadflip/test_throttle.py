"""How often an account may ask the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from leadflip.rest.throttle import Shares
from tests.builders import Shop, make_account

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

NOON = datetime(2026, 11, 24, 12, 0, 20, tzinfo=UTC)


@pytest.fixture
def acme(settings: Any) -> Shop:
    settings.API_REQUESTS_PER_MINUTE = 30
    return make_account()


def statuses(shop: Shop, number: int) -> list[int]:
    return [shop.call("GET", "partners").status_code for _ in range(number)]


def test_within_a_minute_an_account_asks_so_often_and_then_waits_for_the_next(acme: Shop) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        assert statuses(acme, 30) == [200] * 30
        answer = acme.call("GET", "partners")
        assert (answer.status_code, answer["Retry-After"]) == (429, "40")
        (error,) = answer.json()["errors"]
        assert (error["code"], error["detail"]) == ("throttled", "This account has asked 30 times within this minute, which is all it may.")
        clock.shift(timedelta(seconds=40))
        assert statuses(acme, 1) == [200]


def test_no_other_account_is_kept_waiting(acme: Shop) -> None:
    other = make_account("Other", "charlie@other.test")
    with time_machine.travel(NOON, tick=False):
        statuses(acme, 31)
        assert statuses(other, 1) == [200]


@pytest.mark.parametrize(("limit", "first", "second"), [(30, 20, 10), (205, 102, 103)])
def test_all_processes_count_together(
    acme: Shop, settings: Any, monkeypatch: pytest.MonkeyPatch, limit: int, first: int, second: int
) -> None:
    settings.API_REQUESTS_PER_MINUTE = limit
    with time_machine.travel(NOON, tick=False):
        assert set(statuses(acme, first)) == {200}
        monkeypatch.setattr("leadflip.rest.throttle._shares", Shares())
        assert statuses(acme, second + 1) == [200] * second + [429]


def test_a_lead_that_is_refused_for_that_is_not_stored(acme: Shop, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    with time_machine.travel(NOON, tick=False):
        statuses(acme, 1)
        assert acme.call("POST", "intake", {"entity": "solar_leads"}).status_code == 429


def test_an_installation_may_set_no_limit(acme: Shop, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 0
    with time_machine.travel(NOON, tick=False):
        assert statuses(acme, 40) == [200] * 40
