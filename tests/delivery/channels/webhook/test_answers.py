"""What a partner's answer means: every status, every form of Retry-After."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.channels.webhook.answers import Judgement, judge_status, reason_of, retry_after_seconds, verdict_of
from delivery.outcome import Verdict

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def expected(status: int) -> tuple[Verdict, int | None]:
    if status in range(200, 300):
        return Verdict.DELIVERED, None
    if status in {408, 409, 425, 429, *range(500, 600)}:
        return Verdict.RETRY, None
    if status in set(range(400, 500)) - {410}:
        return Verdict.RETRY, 3
    return Verdict.FAILED, None


@pytest.mark.parametrize("status", [0, 99, *range(100, 600), 600, 700, 999])
def test_every_status_has_a_verdict_and_a_sentence(status: int) -> None:
    assert verdict_of(status) == expected(status)
    reason = reason_of(status)
    assert str(status) in reason
    assert reason.endswith(".")
    assert reason[0].isupper()


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_in_full(status: int) -> None:
    verdict, max_tries = expected(status)
    code = "ok" if verdict is Verdict.DELIVERED else f"http_{status}"
    assert judge_status(status) == Judgement(verdict, code, reason_of(status), max_tries, pauses_channel=status == 410)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (204, "The partner took the lead: 204 No Content."),
        (302, "The address answers 302 Found and points elsewhere, where Leadflip does not follow: enter the final URL."),
        (404, "The partner has nothing at this address: check the URL (404 Not Found)."),
        (410, "The address answers 410: the partner has removed it."),
        (429, "The partner asks for a slower pace (429 Too Many Requests)."),
        (499, "The partner refuses the request (499)."),
        (599, "The partner has a fault (599)."),
        (101, "The address answers 101 Switching Protocols, which is no answer to a webhook."),
    ],
)
def test_reasons_in_words_of_the_trade(status: int, reason: str) -> None:
    assert reason_of(status) == reason


def after(value: str) -> float | None:
    return retry_after_seconds((("Content-Type", "text/plain"), ("RETRY-after", value)), now=NOW)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("86400", 86_400),
        ("86401", 86_400),
        ("9999999999", 86_400),
        ("Tue, 24 Nov 2026 12:02:00 GMT", 120),  # IMF-fixdate
        ("Tuesday, 24-Nov-26 12:02:00 GMT", 120),  # RFC 850
        ("Tue Nov 24 12:02:00 2026", 120),  # asctime
        ("Wed, 25 Nov 2027 12:00:00 GMT", 86_400),
        ("Tue, 24 Nov 2026 11:59:00 GMT", None),  # past
        ("Tue, 24 Nov 2026 12:00:00 GMT", None),
        ("0", None),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),  # a digit of another script
        ("12345678901", None),
        ("soon", None),
        ("", None),
        ("Tue, 99 Nov 2026 12:02:00 GMT", None),
        ("Tue, 24 Nov 99999 12:02:00 GMT", None),
        ("x" * 100_000, None),
        ("120, 240", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert after(value) == seconds


def test_no_retry_after() -> None:
    assert retry_after_seconds((), now=NOW) is None


@given(st.text())
def test_no_text_upsets_it(value: str) -> None:
    seconds = after(value)
    assert seconds is None or 0 < seconds <= 86_400


@given(st.integers(1, 86_400))
def test_every_moment_of_the_next_day(seconds: int) -> None:
    assert after(format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)) == seconds
