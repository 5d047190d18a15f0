"""Periods of caps in a partner's time zone, across the changes of clocks."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distribution.caps import amount_shown, clean_budgets, clean_caps, hundredths, period_start, resets_at, zone


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
        # Weeks of 167 and of 169 hours.
        ("week", "America/Los_Angeles", "2026-03-08T20:00", "2026-03-02T08:00", "2026-03-09T07:00"),
        ("week", "America/Los_Angeles", "2026-11-01T20:00", "2026-10-26T07:00", "2026-11-02T08:00"),
        # Months begin with the clocks as they are then.
        ("month", "America/Los_Angeles", "2026-03-31T12:00", "2026-03-01T08:00", "2026-04-01T07:00"),
        ("month", "America/Los_Angeles", "2026-11-30T12:00", "2026-11-01T07:00", "2026-12-01T08:00"),
        ("month", "UTC", "2028-02-29T12:00", "2028-02-01T00:00", "2028-03-01T00:00"),
        # The week of Santiago's skipped midnight.
        ("week", "America/Santiago", "2026-09-06T12:00", "2026-08-31T04:00", "2026-09-07T03:00"),
        # Midnight comes twice on 2026-11-01 in Havana: the day begins with the first, at UTC-4, and lasts 25 hours.
        ("day", "America/Havana", "2026-11-01T05:30", "2026-11-01T04:00", "2026-11-02T05:00"),
        # Midnight of 2026-03-08 is skipped there.
        ("day", "America/Havana", "2026-03-08T05:00", "2026-03-08T05:00", "2026-03-09T04:00"),
        ("day", "America/Havana", "2026-03-08T04:59:59", "2026-03-07T05:00", "2026-03-08T05:00"),
        # Cairo skips the midnight of Friday 2026-04-24.
        ("day", "Africa/Cairo", "2026-04-24T12:00", "2026-04-23T22:00", "2026-04-24T21:00"),
        # Quarters of an hour: UTC+5:45, UTC+12:45.
        ("day", "Asia/Kathmandu", "2026-05-15T18:14", "2026-05-14T18:15", "2026-05-15T18:15"),
        ("hour", "Asia/Kathmandu", "2026-05-15T12:20", "2026-05-15T12:15", "2026-05-15T13:15"),
        ("day", "Pacific/Chatham", "2026-05-15T12:00", "2026-05-15T11:15", "2026-05-16T11:15"),
        # Lord Howe Island moves its clocks by half an hour: a day of 24:30 hours, and one of 23:30.
        ("day", "Australia/Lord_Howe", "2026-04-05T06:00", "2026-04-04T13:00", "2026-04-05T13:30"),
        ("day", "Australia/Lord_Howe", "2026-10-04T06:00", "2026-10-03T13:30", "2026-10-04T13:00"),
        # 02:00 becomes 01:30, at 15:00 UTC: the hour from 01:00 is over, and half of another follows.
        ("hour", "Australia/Lord_Howe", "2026-04-04T14:50", "2026-04-04T14:00", "2026-04-04T15:00"),
        ("hour", "Australia/Lord_Howe", "2026-04-04T15:00", "2026-04-04T15:00", "2026-04-04T15:30"),
        ("hour", "Australia/Lord_Howe", "2026-04-04T15:40", "2026-04-04T15:30", "2026-04-04T16:30"),
        # 02:00 becomes 02:30, at 15:30 UTC.
        ("hour", "Australia/Lord_Howe", "2026-10-03T15:20", "2026-10-03T14:30", "2026-10-03T15:30"),
        ("hour", "Australia/Lord_Howe", "2026-10-03T15:40", "2026-10-03T15:30", "2026-10-03T16:00"),
        # 17:50 in Kolkata (UTC+5:30).
        ("hour", "Asia/Kolkata", "2026-05-15T12:20", "2026-05-15T11:30", "2026-05-15T12:30"),
        # 01:59 and 03:00 of the night in which clocks go forward.
        ("hour", "America/Los_Angeles", "2026-03-08T09:59", "2026-03-08T09:00", "2026-03-08T10:00"),
        ("hour", "America/Los_Angeles", "2026-03-08T10:00", "2026-03-08T10:00", "2026-03-08T11:00"),
        # The first and the second 01:30 of the night in which clocks go back.
        ("hour", "America/Los_Angeles", "2026-11-01T08:30", "2026-11-01T08:00", "2026-11-01T09:00"),
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
    "Pacific/Chatham",
    "Australia/Lord_Howe",
    "America/Scoresbysund",
    "Asia/Beirut",
    "Antarctica/Troll",
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


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("2500.00", "2500.00"),
        ("2500", "2500.00"),
        ("0", "0.00"),
        ("0.5", "0.50"),
        ("007.10", "7.10"),
        ("9999999999.99", "9999999999.99"),
        (2500, "2500.00"),
        (0, "0.00"),
        (Decimal("12.5"), "12.50"),
        (Decimal("1E+2"), "100.00"),
        (Decimal("0.00"), "0.00"),
    ],
)
def test_budgets_are_amounts_with_two_decimals(raw: Any, clean: str) -> None:
    assert clean_budgets({"month": raw, "day": None}) == ({"month": clean}, [])


def test_no_budgets_are_none() -> None:
    assert clean_budgets(None) == ({}, [])


@pytest.mark.parametrize(
    "amount",
    [
        "", " 5", "5 ", "+5", "-1", "1.234", "1,000.00", "1e3", ".5", "5.", "NaN", "Infinity", "much", "12345678901", "٣", "5\n", "0x10",
        -1, 10**10, pytest.param(10**5000, id="huge"), True, 1.5, Decimal("-0.01"), Decimal("1.001"), Decimal("1e400000000"), Decimal("1e-400000000"),
        Decimal("NaN"), Decimal("Infinity"), [], {"amount": "5"},
    ],
)  # fmt: skip
def test_other_amounts_are_refused(amount: Any) -> None:
    budgets, faults = clean_budgets({"month": amount})
    assert budgets == {}
    assert [(fault.attr, fault.code) for fault in faults] == [("budgets.month", "invalid")]
    assert faults[0].detail.endswith("wanted an amount of 0 or more with at most two decimals and 12 digits, such as '2500.00'.")


@pytest.mark.parametrize(("raw", "fault"), [([], ("budgets", "invalid")), ({"year": "1"}, ("budgets.year", "unknown"))])
def test_other_budgets_are_refused(raw: Any, fault: tuple[str, str]) -> None:
    budgets, faults = clean_budgets(raw)
    assert budgets == {}
    assert [(found.attr, found.code) for found in faults] == [fault]


@given(st.decimals(0, 9_999_999_999, places=2))
def test_money_is_exact_to_the_penny(amount: Decimal) -> None:
    assert amount_shown(hundredths(str(amount)), "money") == f"{amount:.2f}"
