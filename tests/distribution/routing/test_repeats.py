"""The same person is not sent to the same assignment twice within its days."""

from datetime import datetime, timedelta

import pytest

from distribution.caps import Usage
from distribution.routing import choose, match, once_per_person
from tests.distribution.routing.specs import HELIOS, IDS, LEAD, NOW, ROOFS, SUNNY, assignment, codes, only, own_day, profile, starts_with

SENT = NOW - timedelta(days=5)


def test_a_person_that_was_sent_before_is_a_duplicate() -> None:
    found = match(profile(assignment(HELIOS, repeat_days=30)), LEAD, NOW)
    assert only(choose(found, Usage(), repeats={IDS[HELIOS]: SENT})) == (
        "duplicate",
        "Helios was sent this person on May 10, 2026, 12:00 UTC; not again within 30 days.",
        {"sent_at": "2026-05-10T12:00:00Z", "repeat_days": 30},
    )


@pytest.mark.parametrize(
    ("sent_at", "code"),
    [
        (NOW, "duplicate"),
        (NOW - timedelta(days=5) + timedelta(microseconds=1), "duplicate"),
        (NOW - timedelta(days=5), "chosen"),
        (NOW - timedelta(days=500), "chosen"),
    ],
)
def test_after_its_days_the_person_is_sent_again(sent_at: datetime, code: str) -> None:
    found = match(profile(assignment(HELIOS, repeat_days=5)), LEAD, NOW)
    assert codes(choose(found, Usage(), repeats={IDS[HELIOS]: sent_at})) == {HELIOS: code}


def test_only_who_asks_for_it_is_spared_a_repetition() -> None:
    spec = profile(assignment(HELIOS, repeat_days=30), assignment(SUNNY), assignment(ROOFS, repeat_days=30, rule=starts_with("1")))
    found = match(spec, LEAD, NOW)
    assert [one.partner_name for one in once_per_person(found)] == [HELIOS]
    decision = choose(found, Usage(), repeats=dict.fromkeys(IDS.values(), SENT))
    assert codes(decision) == {HELIOS: "duplicate", SUNNY: "chosen", ROOFS: "rule"}


def test_a_duplicate_takes_no_seat_and_the_next_gets_the_lead() -> None:
    spec = profile(assignment(HELIOS, caps={"day": 0}, repeat_days=30), assignment(SUNNY, caps={"day": 5}), strategy="first_match")
    usage = Usage()
    decision = choose(match(spec, LEAD, NOW), usage, repeats={IDS[HELIOS]: SENT})
    assert codes(decision) == {HELIOS: "duplicate", SUNNY: "chosen"}
    assert usage.taken == {own_day(SUNNY): 1}


def test_nothing_overflows_to_who_was_sent_the_person() -> None:
    spec = profile(assignment(HELIOS, caps={"day": 0}, overflow_to=SUNNY), assignment(SUNNY, repeat_days=30), strategy="first_match")
    decision = choose(match(spec, LEAD, NOW), Usage(), repeats={IDS[SUNNY]: SENT})
    assert codes(decision) == {HELIOS: "cap", SUNNY: "duplicate"}
