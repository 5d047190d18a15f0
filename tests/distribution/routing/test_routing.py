"""Who gets a lead, and what is said of those who do not."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distribution.caps import CapKey, Usage
from distribution.routing import cap_keys, choose, decide, match
from distribution.strategies import STRATEGIES
from tests.distribution.routing.specs import (
    DAY,
    EPOCH,
    HELIOS,
    IDS,
    LEAD,
    NOW,
    PARTNERS,
    ROOFS,
    SUNNY,
    assignment,
    codes,
    only,
    profile,
    starts_with,
)


def test_send_to_all_chooses_every_match() -> None:
    decision = decide(profile(assignment(HELIOS), assignment(SUNNY, rule=starts_with("1")), assignment(ROOFS)), LEAD, Usage(), NOW)

    assert codes(decision) == {HELIOS: "chosen", SUNNY: "rule", ROOFS: "chosen"}
    assert decision.reason == "2 of 3 assignments chosen."
    assert [found.partner_name for found in decision.chosen] == [HELIOS, ROOFS]


def test_first_match_chooses_the_highest_priority() -> None:
    spec = profile(
        assignment(HELIOS, priority=1),
        assignment(SUNNY, priority=10),
        assignment(ROOFS, priority=5),
        strategy="first_match",
    )

    decision = decide(spec, LEAD, Usage(), NOW)

    assert codes(decision) == {HELIOS: "lost_to", SUNNY: "chosen", ROOFS: "lost_to"}
    assert decision.assignments[0].reason == "Lost to Sunny, which comes first."
    assert decision.assignments[0].details == {
        "assignment": str(IDS[SUNNY]),
        "partner": str(PARTNERS[SUNNY]),
        "partner_name": SUNNY,
    }


def test_of_equal_priorities_the_first_given_wins() -> None:
    decision = decide(profile(assignment(SUNNY), assignment(HELIOS), strategy="first_match"), LEAD, Usage(), NOW)

    assert codes(decision) == {SUNNY: "chosen", HELIOS: "lost_to"}


def test_first_match_goes_on_where_a_cap_is_full() -> None:
    spec = profile(assignment(HELIOS, priority=2, caps={"day": 0}), assignment(SUNNY, priority=1), strategy="first_match")

    assert codes(decide(spec, LEAD, Usage(), NOW)) == {HELIOS: "cap", SUNNY: "chosen"}


def test_a_profile_whose_rules_fail_refuses_every_assignment_and_says_why() -> None:
    decision = decide(profile(assignment(HELIOS), assignment(SUNNY), rule=starts_with("1")), LEAD, Usage(), NOW)

    assert not decision.is_matched
    assert decision.reason == "ZIP starts with 1 wanted, was 90210."
    assert codes(decision) == {HELIOS: "profile_rule", SUNNY: "profile_rule"}
    assert decision.as_json()["details"]["path"] == "rules.all.0"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"is_enabled": False, "is_partner_active": False}, ("disabled", "The assignment is disabled.", {})),
        ({"is_partner_active": False}, ("partner_inactive", "Helios is not active.", {})),
        ({"channel": "none"}, ("no_channel", "The assignment has no Delivery Channel.", {})),
        ({"channel": "paused"}, ("chosen", "Chosen; held until its channel is resumed.", {"is_held": True})),
        ({}, ("chosen", "Chosen.", {"is_held": False})),
    ],
)
def test_the_state_of_an_assignment_decides(changes: dict[str, Any], expected: tuple[str, str, dict[str, Any]]) -> None:
    assert only(decide(profile(assignment(HELIOS, **changes)), LEAD, Usage(), NOW)) == expected


def test_rules_come_before_a_missing_channel() -> None:
    code, reason, details = only(decide(profile(assignment(HELIOS, channel="none", rule=starts_with("1"))), LEAD, Usage(), NOW))

    assert (code, reason) == ("rule", "ZIP starts with 1 wanted, was 90210.")
    assert details["wanted"] == "1"


def test_a_full_cap_is_named_with_its_limit_and_reset() -> None:
    spec = profile(assignment(HELIOS, partner_caps={"day": 1_500}, time_zone="America/Los_Angeles"))
    usage = Usage({CapKey("partner", PARTNERS[HELIOS], "day", datetime(2026, 5, 15, 7, tzinfo=UTC)): 1_500})

    assert only(decide(spec, LEAD, usage, NOW.replace(hour=13))) == (
        "cap",
        "The cap of Helios, 1,500 leads per day, is full until May 16, 2026, 00:00 PDT.",
        {"subject": "partner", "measure": "leads", "period": "day", "limit": 1_500, "resets_at": "2026-05-16T07:00:00Z"},
    )


def test_of_several_full_caps_the_longest_lasting_is_named() -> None:
    code, reason, details = only(decide(profile(assignment(HELIOS, caps={"day": 0, "total": 0, "month": 5})), LEAD, Usage(), NOW))

    assert (code, reason) == ("cap", "The cap of the assignment, 0 leads in total, is full.")
    assert details["resets_at"] is None


def test_choosing_takes_a_seat_of_the_partner_and_of_the_assignment() -> None:
    usage = Usage({CapKey("partner", PARTNERS[HELIOS], "day", DAY): 3})

    decide(profile(assignment(HELIOS, caps={"total": 10}, partner_caps={"day": 4})), LEAD, usage, NOW)

    assert usage.used == {
        CapKey("partner", PARTNERS[HELIOS], "day", DAY): 4,
        CapKey("assignment", IDS[HELIOS], "total", EPOCH): 1,
    }
    assert usage.taken == {
        CapKey("partner", PARTNERS[HELIOS], "day", DAY): 1,
        CapKey("assignment", IDS[HELIOS], "total", EPOCH): 1,
    }


def test_a_full_cap_takes_no_seat_of_another() -> None:
    usage = Usage()

    decide(profile(assignment(HELIOS, caps={"day": 0}, partner_caps={"day": 5})), LEAD, usage, NOW)

    assert (usage.used, usage.taken) == ({}, {})


def test_losing_takes_no_seat() -> None:
    usage = Usage()

    decide(profile(assignment(HELIOS), assignment(SUNNY, caps={"day": 5}), strategy="first_match"), LEAD, usage, NOW)

    assert usage.taken == {}


def test_two_profiles_share_the_seats_of_a_partner() -> None:
    spec = profile(assignment(HELIOS, partner_caps={"day": 1}))
    usage = Usage()

    assert codes(decide(spec, LEAD, usage, NOW)) == {HELIOS: "chosen"}
    assert codes(decide(spec, LEAD, usage, NOW)) == {HELIOS: "cap"}


def test_only_counters_of_candidates_need_a_lock() -> None:
    spec = profile(
        assignment(HELIOS, caps={"day": 5}),
        assignment(SUNNY, caps={"day": 5}, rule=starts_with("1")),
        assignment(ROOFS, partner_caps={"total": 5}),
    )

    assert cap_keys([match(spec, LEAD, NOW)]) == {
        CapKey("assignment", IDS[HELIOS], "day", DAY),
        CapKey("partner", PARTNERS[ROOFS], "total", EPOCH),
    }


def test_a_profile_without_assignments_is_matched_by_nobody() -> None:
    decision = decide(profile(), LEAD, Usage(), NOW)

    assert decision.is_matched
    assert decision.reason == "0 of 0 assignments chosen."


def test_a_decision_is_json() -> None:
    decision = decide(profile(assignment(HELIOS)), LEAD, Usage(), NOW)

    assert json.loads(json.dumps(decision.as_json())) == {
        "profile": "00000000-0000-0000-0000-000000000009",
        "profile_name": "Solar West",
        "strategy": "send_to_all",
        "is_matched": True,
        "reason": "1 of 1 assignments chosen.",
        "details": {},
        "assignments": [
            {
                "assignment": "00000000-0000-0000-0000-000000000001",
                "partner": "00000000-0000-0000-0000-000000000065",
                "partner_name": "Helios",
                "is_chosen": True,
                "code": "chosen",
                "reason": "Chosen.",
                "details": {"is_held": False},
            }
        ],
    }


CAPS = st.dictionaries(st.sampled_from(["day", "week", "total"]), st.integers(0, 4), max_size=2)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(CAPS, CAPS, st.integers(0, 2)), max_size=3),
    st.sampled_from(STRATEGIES),
    st.integers(1, 8),
)
def test_no_cap_is_ever_exceeded_and_seats_are_counted_once(setting: list[Any], strategy: str, leads: int) -> None:
    spec = profile(
        *(
            assignment(name, caps=caps, partner_caps=partner_caps, priority=priority)
            for name, (caps, partner_caps, priority) in zip(PARTNERS, setting, strict=False)
        ),
        strategy=strategy,
    )
    limits = {seat.key: seat.limit for candidate in match(spec, LEAD, NOW).candidates for seat in candidate.seats}
    usage = Usage()
    chosen = [found.assignment_id for _ in range(leads) for found in choose(match(spec, LEAD, NOW), usage).chosen]

    for key, taken in usage.taken.items():
        owner = key.subject_id if key.subject == "assignment" else UUID(int=key.subject_id.int - 100)
        assert taken == chosen.count(owner)
        assert taken <= limits[key]
