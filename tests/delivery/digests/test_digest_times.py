"""When digests are due, over changes of the clock in both directions."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.digest_times import next_due

ZONES = [
    "UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo",
    "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns", "Atlantic/Azores", "Africa/Casablanca", "Pacific/Kiritimati",
]  # fmt: skip
WORKDAYS = [1, 2, 3, 4, 5]
EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]


def due(batching: dict[str, Any], now: str, zone: str) -> str:
    """Both in the zone's time, the answer with its offset."""
    moment = datetime.fromisoformat(now)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    return next_due(batching, now=moment, time_zone=zone).astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


def every(minutes: int) -> dict[str, Any]:
    return {"mode": "every", "minutes": minutes}


def daily(at: str, weekdays: list[int] | None = None) -> dict[str, Any]:
    return {"mode": "daily", "at": at, "weekdays": weekdays or EVERY_DAY}


@pytest.mark.parametrize(
    ("minutes", "now", "zone", "expected"),
    [
        (60, "2026-11-24T09:00", "Europe/Berlin", "2026-11-24T10:00+01:00"),
        (60, "2026-11-24T09:59:59", "Europe/Berlin", "2026-11-24T10:00+01:00"),
        (60, "2026-11-24T09:10", "Asia/Kolkata", "2026-11-24T10:00+05:30"),
        (15, "2026-11-24T09:14", "Asia/Kathmandu", "2026-11-24T09:15+05:45"),
        (1, "2026-11-24T09:14:30", "UTC", "2026-11-24T09:15+00:00"),
        (1_440, "2026-11-24T09:14", "Europe/Berlin", "2026-11-25T00:00+01:00"),
        # The count begins anew at midnight: 7 does not go into 1,440.
        (7, "2026-11-24T23:56", "UTC", "2026-11-25T00:00+00:00"),
        (7, "2026-11-24T23:50", "UTC", "2026-11-24T23:55+00:00"),
        # Clocks go forward from 02:00 to 03:00: the hour that is not there is not waited for.
        (60, "2026-03-29T01:30", "Europe/Berlin", "2026-03-29T03:00+02:00"),
        (60, "2026-03-29T03:30", "Europe/Berlin", "2026-03-29T04:00+02:00"),
        (90, "2026-03-29T01:40", "Europe/Berlin", "2026-03-29T04:00+02:00"),
        # Clocks go back from 03:00 to 02:00: the hour comes twice, and has two digests.
        (60, "2026-10-25T01:30", "Europe/Berlin", "2026-10-25T02:00+02:00"),
        (60, "2026-10-25T02:30+02:00", "Europe/Berlin", "2026-10-25T02:00+01:00"),
        (60, "2026-10-25T02:30+01:00", "Europe/Berlin", "2026-10-25T03:00+01:00"),
        # At midnight itself: to 01:00 in Cairo, and in Havana from 01:00 back to 00:00.
        (60, "2026-04-23T23:30", "Africa/Cairo", "2026-04-24T01:00+03:00"),
        (60, "2026-11-01T00:30-04:00", "America/Havana", "2026-11-01T00:00-05:00"),
        (1_440, "2026-04-23T12:00", "Africa/Cairo", "2026-04-24T01:00+03:00"),
        # By half an hour.
        (60, "2026-10-04T01:45", "Australia/Lord_Howe", "2026-10-04T02:30+11:00"),
    ],
)
def test_every_so_many_minutes(minutes: int, now: str, zone: str, expected: str) -> None:
    assert due(every(minutes), now, zone) == expected


@pytest.mark.parametrize(
    ("at", "weekdays", "now", "zone", "expected"),
    [
        ("08:00", EVERY_DAY, "2026-11-24T07:59", "America/Los_Angeles", "2026-11-24T08:00-08:00"),
        ("08:00", EVERY_DAY, "2026-11-24T08:00", "America/Los_Angeles", "2026-11-25T08:00-08:00"),
        # 24 November 2026 is a Tuesday.
        ("08:00", WORKDAYS, "2026-11-27T09:00", "Europe/Berlin", "2026-11-30T08:00+01:00"),
        ("08:00", [2], "2026-11-24T08:00", "Europe/Berlin", "2026-12-01T08:00+01:00"),
        ("08:00", [7], "2026-11-24T08:00", "Europe/Berlin", "2026-11-29T08:00+01:00"),
        # The day is the partner's: it is still Monday in Los Angeles.
        ("23:00", [1], "2026-11-24T06:30+00:00", "America/Los_Angeles", "2026-11-23T23:00-08:00"),
        # The same time of the clock on both sides of a change: 23 and 25 hours apart.
        ("08:00", EVERY_DAY, "2026-03-28T08:00", "Europe/Berlin", "2026-03-29T08:00+02:00"),
        ("08:00", EVERY_DAY, "2026-10-24T08:00", "Europe/Berlin", "2026-10-25T08:00+01:00"),
        ("08:00", EVERY_DAY, "2026-03-07T08:00", "America/Los_Angeles", "2026-03-08T08:00-07:00"),
        # A time that is skipped.
        ("02:30", EVERY_DAY, "2026-03-28T12:00", "Europe/Berlin", "2026-03-29T03:30+02:00"),
        ("02:30", EVERY_DAY, "2026-03-29T03:30", "Europe/Berlin", "2026-03-30T02:30+02:00"),
        ("00:00", EVERY_DAY, "2026-04-23T12:00", "Africa/Cairo", "2026-04-24T01:00+03:00"),
        # A time that comes twice is meant once.
        ("02:30", EVERY_DAY, "2026-10-24T12:00", "Europe/Berlin", "2026-10-25T02:30+02:00"),
        ("02:30", EVERY_DAY, "2026-10-25T02:30+02:00", "Europe/Berlin", "2026-10-26T02:30+01:00"),
        ("02:30", EVERY_DAY, "2026-10-25T02:10+01:00", "Europe/Berlin", "2026-10-26T02:30+01:00"),
        ("00:30", EVERY_DAY, "2026-11-01T00:30-04:00", "America/Havana", "2026-11-02T00:30-05:00"),
        # Samoa skipped Friday 30 December 2011.
        ("08:00", [5], "2011-12-29T12:00", "Pacific/Apia", "2011-12-31T08:00+14:00"),
    ],
)
def test_daily_on_chosen_days(at: str, weekdays: list[int], now: str, zone: str, expected: str) -> None:
    assert due(daily(at, weekdays), now, zone) == expected


def test_off_is_now() -> None:
    now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert next_due({"mode": "off"}, now=now, time_zone="Europe/Berlin") == now


moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them naive


@settings(max_examples=300)
@given(moments, st.sampled_from(ZONES), st.integers(1, 1_440))
def test_every_so_many_minutes_lets_no_lead_wait_longer(now: datetime, zone: str, minutes: int) -> None:
    at = next_due(every(minutes), now=now, time_zone=zone)
    assert now < at <= now + timedelta(minutes=minutes)
    # Asked again on the way, the answer is the same.
    assert next_due(every(minutes), now=now + (at - now) / 2, time_zone=zone) == at


@settings(max_examples=300)
@given(moments, st.sampled_from(ZONES), st.times(), st.sets(st.integers(1, 7), min_size=1))
def test_each_chosen_day_has_one_digest(now: datetime, zone: str, at: Any, weekdays: set[int]) -> None:
    batching = daily(at.strftime("%H:%M"), sorted(weekdays))
    days: list[date] = []
    moment = now
    for _ in range(20):
        following = next_due(batching, now=moment, time_zone=zone)
        assert following > moment
        moment = following
        local = moment.astimezone(ZoneInfo(zone))
        if local.strftime("%H:%M") != batching["at"]:
            # Only a time that the clock skips is another.
            assert (
                local.replace(hour=int(batching["at"][:2]), minute=int(batching["at"][3:])).astimezone(UTC).astimezone(ZoneInfo(zone))
                == local
            )
        days.append(local.date())
    assert len(set(days)) == 20
    expected: list[date] = []
    day = days[0]
    while len(expected) < 20:
        if day.isoweekday() in weekdays:
            expected.append(day)
        day += timedelta(days=1)
    assert days == expected
