"""When a delivery is tried again. Every row carries its arithmetic."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.outcome import Outcome, Verdict
from delivery.retry import FAST, NONE, POLICIES, STANDARD, RetryPolicy, clean_retry, describe, next_try, policy_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3_600, 86_400
TWO = RetryPolicy("custom", (10, 100))


def failed(**changes: Any) -> Outcome:
    return Outcome(Verdict.RETRY, "http_503", "", **changes)


def wait(policy: RetryPolicy, outcome: Outcome, *, counted: int, made: int | None = None, jitter: float = 0.0, **more: Any) -> float | None:
    at = next_try(policy, outcome=outcome, counted_tries=counted, tries_made=made or counted, now=NOW, jitter=jitter, **more)
    return None if at is None else (at - NOW).total_seconds()


@pytest.mark.parametrize(
    ("policy", "waits"),
    [
        (STANDARD, [5, 30, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR, None]),
        (FAST, [5, 15, 45, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, None]),
        (NONE, [None]),
        (TWO, [10, 100, None]),
    ],
)
def test_the_waits_of_a_policy(policy: RetryPolicy, waits: list[int | None]) -> None:
    assert [wait(policy, failed(), counted=tries) for tries in range(1, len(waits) + 1)] == waits


def test_standard_is_11_tries_over_75_hours_35_minutes_and_35_seconds() -> None:
    assert STANDARD.tries == 11
    assert describe(STANDARD)[-1] == (11, 75 * HOUR + 35 * MINUTE + 35)


def test_a_policy_as_a_timeline() -> None:
    assert describe(FAST) == [(1, 0), (2, 5), (3, 5 + 15), (4, 20 + 45), (5, 65 + 120), (6, 185 + 300), (7, 485 + 900)]
    assert describe(NONE) == [(1, 0)]


@pytest.mark.parametrize("verdict", [Verdict.DELIVERED, Verdict.REJECTED, Verdict.FAILED, Verdict.HELD])
def test_only_retry_is_tried_again(verdict: Verdict) -> None:
    assert wait(STANDARD, Outcome(verdict, "", ""), counted=1) is None


@pytest.mark.parametrize(
    ("retry_after", "jitter", "expected"),
    [
        (None, 0.0, 10),
        (None, 0.5, 10 * 1.1),
        (7, 0.0, 10),  # the policy's own delay is longer
        (60, 0.0, 60),
        (60, 0.5, 60 * 1.1),  # jitter adds to what the partner asked for, so that not all come at once
        (DAY, 0.0, DAY),
        (30 * DAY, 0.0, DAY),  # honoured up to a day
    ],
)
def test_retry_after_is_a_floor(retry_after: float | None, jitter: float, expected: float) -> None:
    assert wait(TWO, failed(retry_after_seconds=retry_after), counted=1, jitter=jitter) == pytest.approx(expected)


@pytest.mark.parametrize(("counted", "expected"), [(1, 5), (2, 30), (3, None), (4, None)])
def test_an_outcome_may_limit_the_tries(counted: int, expected: int | None) -> None:
    assert wait(STANDARD, failed(max_tries=3), counted=counted) == expected


def test_a_limit_never_adds_tries() -> None:
    assert wait(TWO, failed(max_tries=30), counted=3) is None


@pytest.mark.parametrize(
    ("policy", "counted", "made", "expected"),
    [
        (STANDARD, 0, 1, 5),
        (STANDARD, 0, 2, 30),
        (STANDARD, 0, 4, 30 * MINUTE),
        (STANDARD, 0, 5, HOUR),  # 2 h in the policy
        (STANDARD, 0, 50, HOUR),
        (STANDARD, 0, 51, None),  # the 51st time
        (STANDARD, 10, 60, HOUR),
        (STANDARD, 10, 61, None),
        (NONE, 0, 1, MINUTE),
        (NONE, 0, 51, None),
        (TWO, 0, 7, 100),
    ],
)
def test_a_429_puts_off_without_using_up_a_try(policy: RetryPolicy, counted: int, made: int, expected: int | None) -> None:
    assert wait(policy, failed(is_counted=False), counted=counted, made=made) == expected


def test_a_fault_after_being_put_off_goes_on_where_the_policy_was() -> None:
    assert wait(TWO, failed(), counted=1, made=40) == 10


@pytest.mark.parametrize(("age", "expected"), [(8 * DAY - 5, 5), (8 * DAY - 4, None)])
def test_being_put_off_ends_after_8_days(age: int, expected: int | None) -> None:
    outcome = failed(is_counted=False)
    assert wait(STANDARD, outcome, counted=0, made=1, first_due_at=NOW - timedelta(seconds=age)) == expected


delays = st.lists(st.integers(1, DAY), min_size=1, max_size=20).map(tuple)
jitters = st.floats(0, 1, exclude_max=True)


@given(delays, st.integers(1, 25), jitters, st.none() | st.floats(0, 10 * DAY))
def test_never_earlier_than_promised_and_at_most_a_fifth_later(
    delays: tuple[int, ...], counted: int, jitter: float, retry_after: float | None
) -> None:
    seconds = wait(RetryPolicy("custom", delays), failed(retry_after_seconds=retry_after), counted=counted, jitter=jitter)
    if counted > len(delays):
        assert seconds is None
    else:
        floor = max(delays[counted - 1], min(retry_after or 0, DAY))
        assert seconds is not None
        assert floor - 0.001 <= seconds <= floor * 1.2 + 0.001


@given(delays)
def test_a_timeline_grows(delays: tuple[int, ...]) -> None:
    offsets = [offset for _, offset in describe(RetryPolicy("custom", delays))]
    assert offsets == sorted(set(offsets))
    assert len(offsets) == len(delays) + 1


@given(st.integers(0, 60), st.integers(1, 60), jitters)
def test_being_put_off_never_lasts_more_than_an_hour_and_its_jitter(counted: int, deferrals: int, jitter: float) -> None:
    seconds = wait(STANDARD, failed(is_counted=False), counted=counted, made=counted + deferrals, jitter=jitter)
    assert seconds is None if deferrals > 50 else seconds is not None and 5 <= seconds <= HOUR * 1.2


def test_ten_thousand_failures_at_once_spread_over_the_jitters_window() -> None:
    waits = [wait(STANDARD, failed(), counted=4, jitter=n / 10_000) for n in range(10_000)]
    assert max(w for w in waits if w) - min(w for w in waits if w) >= 0.9 * 0.2 * 30 * MINUTE


@pytest.mark.parametrize("name", list(POLICIES))
def test_a_named_policy_is_stored_by_its_name(name: str) -> None:
    stored, faults = clean_retry({"policy": name}, attr="config.retry")
    assert (stored, faults) == ({"policy": name}, [])
    assert policy_of({"retry": stored}) is POLICIES[name]


def test_a_custom_policy() -> None:
    stored, faults = clean_retry({"policy": "custom", "delays_seconds": [5, 60, 600]}, attr="config.retry")
    assert faults == []
    assert policy_of({"retry": stored}).delays_seconds == (5, 60, 600)


@pytest.mark.parametrize("config", [{}, {"retry": None}])
def test_without_a_setting_it_is_standard(config: dict[str, Any]) -> None:
    assert policy_of(config) is STANDARD
    assert clean_retry(None, attr="config.retry") == ({"policy": "standard"}, [])


@pytest.mark.parametrize(
    ("raw", "attr"),
    [
        ("standard", "config.retry"),
        ({"policy": "sometimes"}, "config.retry.policy"),
        ({"policy": None}, "config.retry.policy"),
        ({"policy": ["none"]}, "config.retry.policy"),
        ({"policy": "fast", "delays_seconds": [1]}, "config.retry.delays_seconds"),
        ({"policy": "none", "tries": 3}, "config.retry.tries"),
        ({"policy": "custom"}, "config.retry.delays_seconds"),
        ({"policy": "custom", "delays_seconds": []}, "config.retry.delays_seconds"),
        ({"policy": "custom", "delays_seconds": "5"}, "config.retry.delays_seconds"),
        ({"policy": "custom", "delays_seconds": [1] * 21}, "config.retry.delays_seconds"),
        ({"policy": "custom", "delays_seconds": [5, 0]}, "config.retry.delays_seconds.1"),
        ({"policy": "custom", "delays_seconds": [True]}, "config.retry.delays_seconds.0"),
        ({"policy": "custom", "delays_seconds": [1.5]}, "config.retry.delays_seconds.0"),
        ({"policy": "custom", "delays_seconds": [8 * DAY, 1]}, "config.retry.delays_seconds"),
    ],
)
def test_a_wrong_setting_names_its_place(raw: Any, attr: str) -> None:
    _, faults = clean_retry(raw, attr="config.retry")
    assert [fault.attr for fault in faults] == [attr]


def test_eight_days_are_the_most() -> None:
    assert clean_retry({"policy": "custom", "delays_seconds": [8 * DAY - 1, 1]}, attr="r")[1] == []
