"""Periods of caps in a partner's time zone, across the changes of clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distribution.caps import clean_caps, period_start, resets_at, zone


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "zone_name", "now", "start", "end"),
    [
        ("day", "UTC", "2026-05-15T12:00", "2026-05-15T00:00", "2026-05-16T00:00"),
        # 23:30 on the 14th in Los Angeles (UTC-7).
        ("day", "America/Los_Angeles", "2026-05-15T06:30", "2026-05-14T07:00", "2026-05-15T07:00"),
        # Clocks forward on 2026-03-08: 23 hours, from UTC-8 to UTC-7.
        ("day", "America/Los_Angeles", "2026-03-08T20:00", "2026-03-08T08:00", "2026-03-09T07:00"),
        # Clocks back on 2026-11-01: 25 hours.
        ("day", "America/Los_Angeles", "2026-11-01T20:00", "2026-11-01T07:00", "2026-11-02T08:00"),
        # Midnight of 2026-09-06 is skipped: the day begins at 01:00, UTC-3.
        ("day", "America/Santiago", "2026-09-06T12:00", "2026-09-06T04:00", "2026-09-07T03:00"),
        # 2026-04-04 ends twice: 24:00 becomes 23:00, UTC-4.
        ("day", "America/Santiago", "2026-04-05T03:30", "2026-04-04T03:00", "2026-04-05T04:00"),
        # 2026-05-15 is a Friday.
        ("week", "Europe/Berlin", "2026-05-15T12:00", "2026-05-10T22:00", "2026-05-17T22:00"),
        ("week", "UTC", "2026-05-11T00:00", "2026-05-11T00:00", "2026-05-18T00:00"),
        ("month", "UTC", "2026-01-31T23:59", "2026-01-01T00:00", "2026-02-01T00:00"),
        ("month", "Europe/Berlin", "2026-03-15T12:00", "2026-02-28T23:00", "2026-03-31T22:00"),
        ("month", "UTC", "2026-12-31T12:00", "2026-12-01T00:00", "2027-01-01T00:00"),
        # 17:50 in Kolkata (UTC+5:30).
        ("hour", "Asia/Kolkata", "2026-05-15T12:20", "2026-05-15T11:30", "2026-05-15T12:30"),
        # The second 01:30 of the night in which clocks go back.
        ("hour", "America/Los_Angeles", "2026-11-01T09:30", "2026-11-01T09:00", "2026-11-01T10:00"),
    ],
)
def test_a_period_begins_and_resets_in_the_partners_zone(period: str, zone_name: str, now: str, start: str, end: str) -> None:
    assert period_start(period, utc(now), zone(zone_name)) == utc(start)
    assert resets_at(period, utc(now), zone(zone_name)) == utc(end)


def test_total_never_resets() -> None:
    assert period_start("total", utc("2026-05-15"), zone("UTC")) == utc("1970-01-01")
    assert resets_at("total", utc("2026-05-15"), zone("UTC")) is None


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "a\x00b"])
def test_a_zone_that_is_none_counts_as_utc(name: str) -> None:
    assert zone(name).key == "UTC"


ZONES = [
    "UTC",
    "America/Los_Angeles",
    "America/Havana",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Pacific/Apia",
]
MOMENTS = st.datetimes(datetime(2011, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=200)
@given(MOMENTS, st.sampled_from(ZONES), st.sampled_from(["hour", "day", "week", "month"]))
def test_periods_follow_each_other_without_gap_or_overlap(now: datetime, zone_name: str, period: str) -> None:
    tz = zone(zone_name)
    end = resets_at(period, now, tz)

    assert end is not None
    assert period_start(period, now, tz) <= now < end
    assert period_start(period, end, tz) == end
    assert period_start(period, end - timedelta(microseconds=1), tz) == period_start(period, now, tz)


def test_caps_are_whole_numbers_per_period() -> None:
    assert clean_caps({"day": 0, "total": 500, "week": None}) == ({"day": 0, "total": 500}, [])
    assert clean_caps(None) == ({}, [])


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ([], ("caps", "invalid")),
        ({"year": 1}, ("caps.year", "unknown")),
        ({"day": -1}, ("caps.day", "invalid")),
        ({"day": True}, ("caps.day", "invalid")),
        ({"day": "5"}, ("caps.day", "invalid")),
        ({"day": 10**10}, ("caps.day", "invalid")),
    ],
)
def test_other_caps_are_refused(raw: Any, fault: tuple[str, str]) -> None:
    caps, faults = clean_caps(raw)

    assert caps == {}
    assert [(found.attr, found.code) for found in faults] == [fault]
