"""When a channel rests, and how it comes back. Every row carries its arithmetic."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.breaker import Breaker, Recent, Try, Word, after, rest, words

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEW = Breaker()


def tries(results: str, started_at: datetime = NOW) -> list[Try]:
    """`+` for a success, `-` for a failure."""
    return [Try(started_at, result == "+") for result in results]


def see(breaker: Breaker, results: str, now: datetime = NOW, *, is_half_failing: bool = False, max_in_flight: int = 5) -> Breaker:
    return after(breaker, tries(results, now), now=now, is_half_failing=is_half_failing, max_in_flight=max_in_flight)


OPEN = see(NEW, "-----")
# Closed by its first probe, and let one more go for each success.
BACK = see(OPEN, "+", NOW + 31 * SECOND)


@pytest.mark.parametrize(
    ("results", "is_open"),
    [("----", False), ("-----", True), ("----+----", False), ("+++-----", True), ("-----+", True), ("", False)],
)
def test_five_failures_in_a_row_open_it(results: str, is_open: bool) -> None:
    assert see(NEW, results).is_open is is_open


def test_half_of_a_minute_s_tries_open_it() -> None:
    assert see(NEW, "-", is_half_failing=True).is_open
    assert not see(NEW, "+", is_half_failing=True).is_open


@pytest.mark.parametrize(
    ("seen", "is_half_failing"),
    [
        ([(0, 9, 9)], False),  # fewer than ten
        ([(0, 10, 4)], False),
        ([(0, 10, 5)], True),
        ([(0, 5, 0), (50, 5, 5)], True),
        ([(0, 5, 5), (66, 5, 0)], False),  # the first five are older than a minute
        ([(0, 50, 10), (30, 20, 20)], False),  # 30 of 70
    ],
)
def test_what_a_minute_s_tries_say(seen: list[tuple[int, int, int]], is_half_failing: bool) -> None:
    recent, now = Recent(), NOW
    for seconds, number, failures in seen:
        now = NOW + seconds * SECOND
        recent.add(tries=number, failures=failures, now=now)
    assert recent.is_half_failing(now=now, since=None) is is_half_failing


def test_what_led_to_an_opening_does_not_lead_to_the_next() -> None:
    recent = Recent()
    recent.add(tries=10, failures=10, now=NOW)
    recent.add(tries=1, failures=1, now=NOW + 31 * SECOND)
    assert not recent.is_half_failing(now=NOW + 31 * SECOND, since=NOW)


def test_the_first_opening() -> None:
    assert (
        Breaker(
            failing_since=NOW,
            failures_in_a_row=5,
            opened_at=NOW,
            open_until=NOW + 30 * SECOND,
            openings=1,
            allowed_in_flight=1,
            incident_at=NOW,
        )
        == OPEN
    )


def test_each_rest_is_twice_as_long_up_to_ten_minutes() -> None:
    assert [rest(number).total_seconds() for number in (1, 2, 3, 4, 5, 6, 7, 1_000)] == [30, 60, 120, 240, 480, 600, 600, 600]


def test_a_probe_that_fails_begins_the_next_rest() -> None:
    now = NOW + 31 * SECOND
    again = see(OPEN, "-", now)
    assert (again.opened_at, again.open_until, again.openings) == (now, now + MINUTE, 2)
    assert (again.failing_since, again.incident_at) == (NOW, NOW)


@pytest.mark.parametrize("result", ["+", "-"])
def test_a_try_that_was_under_way_moves_no_breaker(result: str) -> None:
    late = after(OPEN, tries(result, NOW - 2 * SECOND), now=NOW + 3 * SECOND, is_half_failing=True, max_in_flight=5)
    assert (late.open_until, late.openings, late.allowed_in_flight) == (OPEN.open_until, 1, 1)


def test_clocks_may_differ_by_half_of_a_rest() -> None:
    by_a_slow_clock = after(OPEN, tries("+", NOW + 16 * SECOND), now=NOW + 16 * SECOND, is_half_failing=False, max_in_flight=5)
    assert not by_a_slow_clock.is_open


def test_a_success_closes_it_and_the_others_follow_at_a_growing_pace() -> None:
    allowed = [BACK.allowed_in_flight]
    breaker = BACK
    # As many as may be on their way all succeed: 2, then 4, then 8 …
    for _ in range(3):
        breaker = see(breaker, "+" * (breaker.allowed_in_flight or 0), NOW + MINUTE, max_in_flight=50)
        allowed.append(breaker.allowed_in_flight)
    assert allowed == [2, 4, 8, 16]
    assert not breaker.is_open


def test_with_all_its_slots_it_has_recovered() -> None:
    at = NOW + MINUTE
    assert see(BACK, "+", at).recovered_at is None
    well = see(BACK, "+++", at)
    assert (well.allowed_in_flight, well.recovered_at, well.failing_since, well.failures_in_a_row) == (None, at, None, 0)


def test_a_channel_with_one_slot_recovers_with_its_probe() -> None:
    assert see(OPEN, "+", NOW + 31 * SECOND, max_in_flight=1).recovered_at == NOW + 31 * SECOND


def test_a_failure_on_the_way_back_halves_the_pace() -> None:
    assert see(replace(BACK, allowed_in_flight=9), "-", NOW + MINUTE, max_in_flight=50).allowed_in_flight == 4
    assert see(replace(BACK, allowed_in_flight=1), "-", NOW + MINUTE).allowed_in_flight == 1


RECOVERED = see(BACK, "+++", NOW + MINUTE)


def test_failing_again_soon_is_the_same_incident() -> None:
    now = NOW + 30 * MINUTE
    again = see(RECOVERED, "-----", now)
    assert (again.incident_at, again.openings, again.recovered_at) == (NOW, 2, None)


def test_failing_again_later_is_a_new_one() -> None:
    now = NOW + 2 * HOUR
    again = see(RECOVERED, "-----", now)
    assert (again.incident_at, again.openings, again.open_until) == (now, 1, now + 30 * SECOND)


@pytest.mark.parametrize(
    ("before", "then", "at", "told"),
    [
        (NEW, see(NEW, "----"), NOW, []),
        (NEW, OPEN, NOW, [Word.UNHEALTHY]),
        (OPEN, see(OPEN, "-", NOW + 31 * SECOND), NOW + 31 * SECOND, []),
        (OPEN, BACK, NOW + 31 * SECOND, []),
        (BACK, RECOVERED, NOW + MINUTE, [Word.RECOVERED]),
        (RECOVERED, see(RECOVERED, "-----", NOW + 30 * MINUTE), NOW + 30 * MINUTE, [Word.UNHEALTHY]),
        (OPEN, see(OPEN, "-", NOW + DAY), NOW + DAY - SECOND, []),
        (OPEN, see(OPEN, "-", NOW + DAY), NOW + DAY, [Word.STILL_FAILING]),
        (OPEN, see(OPEN, "-", NOW + 5 * DAY), NOW + 5 * DAY - SECOND, [Word.STILL_FAILING]),
        (OPEN, see(OPEN, "-", NOW + 5 * DAY), NOW + 5 * DAY, [Word.PAUSED]),
        (see(NEW, "-"), see(see(NEW, "-"), "-", NOW + 6 * DAY), NOW + 6 * DAY, []),  # two failures are no trouble yet
    ],
)
def test_what_people_are_told(before: Breaker, then: Breaker, at: datetime, told: list[Word]) -> None:
    assert words(before, then, now=at) == told


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 900)), max_size=60), st.integers(1, 50))
def test_it_never_allows_more_than_the_channel_and_never_stays_shut(steps: list[tuple[bool, int]], max_in_flight: int) -> None:
    breaker, now = NEW, NOW
    for is_success, seconds in steps:
        now += timedelta(seconds=seconds)
        breaker = after(breaker, [Try(now, is_success)], now=now, is_half_failing=False, max_in_flight=max_in_flight)
        assert breaker.allowed_in_flight is None or 1 <= breaker.allowed_in_flight <= max(1, max_in_flight)
        assert breaker.open_until is None or breaker.open_until <= now + 10 * MINUTE
        assert (breaker.failing_since is None) == (breaker.failures_in_a_row == 0)
