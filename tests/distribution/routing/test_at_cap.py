"""What becomes of a lead that finds its assignment full: passed over, held for a later period, or sent to another."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from distribution.caps import CapKey, Usage
from distribution.routing import Turns
from distribution.strategies import STRATEGIES
from tests.distribution.routing.specs import (
    DAY,
    EPOCH,
    HELIOS,
    IDS,
    NOW,
    PARTNERS,
    ROOFS,
    SUNNY,
    assignment,
    chosen,
    codes,
    only,
    own_day,
    partner_day,
    profile,
    reasons,
    send,
)

TOMORROW = DAY + timedelta(days=1)


def test_a_held_lead_is_chosen_and_waits_for_the_cap_to_begin_anew() -> None:
    spec = profile(assignment(HELIOS, caps={"day": 1}, at_cap="hold"))
    usage = Usage({own_day(HELIOS): 1})
    decision = send(spec, usage)
    assert only(decision) == (
        "chosen",
        "Chosen; held until May 16, 2026, 00:00 UTC, when the cap of the assignment, 1 lead per day, begins anew.",
        {"is_held": True, "until": "2026-05-16T00:00:00Z"},
    )
    (found,) = decision.chosen
    assert found.due_at == TOMORROW
    assert usage.taken == {own_day(HELIOS, TOMORROW): 1}


def test_a_held_lead_waits_in_the_partners_zone() -> None:
    spec = profile(assignment(HELIOS, partner_caps={"day": 0, "hour": 9}, at_cap="hold", time_zone="America/Los_Angeles"))
    assert codes(send(spec)) == {HELIOS: "cap"}
    spec = profile(assignment(HELIOS, partner_caps={"day": 500}, at_cap="hold", time_zone="America/Los_Angeles"))
    decision = send(spec, Usage({partner_day(HELIOS, datetime(2026, 5, 15, 7, tzinfo=UTC)): 500}))
    assert decision.chosen[0].due_at == datetime(2026, 5, 16, 7, tzinfo=UTC)
    assert only(decision)[1] == "Chosen; held until May 16, 2026, 00:00 PDT, when the cap of Helios, 500 leads per day, begins anew."


def test_a_lead_with_a_seat_is_not_held() -> None:
    decision = send(profile(assignment(HELIOS, caps={"day": 1}, at_cap="hold")))
    assert only(decision) == ("chosen", "Chosen.", {"is_held": False})
    assert decision.chosen[0].due_at is None


def test_held_leads_fill_one_period_after_the_other() -> None:
    spec = profile(assignment(HELIOS, caps={"day": 2}, at_cap="hold"))
    usage = Usage()
    due = [send(spec, usage).chosen[0].due_at for _ in range(6)]
    assert due == [None, None, TOMORROW, TOMORROW, DAY + timedelta(days=2), DAY + timedelta(days=2)]


def test_a_held_lead_waits_for_the_longest_of_its_full_caps() -> None:
    """12:00 on a Friday: the hour is full, the week too; on Monday the day has been filled by others."""
    spec = profile(assignment(HELIOS, caps={"hour": 1, "day": 3, "week": 5}, at_cap="hold"))
    monday = datetime(2026, 5, 18, tzinfo=UTC)
    usage = Usage(
        {
            CapKey("assignment", IDS[HELIOS], "hour", NOW): 1,
            CapKey("assignment", IDS[HELIOS], "week", datetime(2026, 5, 11, tzinfo=UTC)): 5,
            CapKey("assignment", IDS[HELIOS], "day", monday): 3,
        }
    )
    decision = send(spec, usage)
    assert decision.chosen[0].due_at == monday + timedelta(days=1)
    assert usage.taken == {
        CapKey("assignment", IDS[HELIOS], "hour", monday + timedelta(days=1)): 1,
        CapKey("assignment", IDS[HELIOS], "day", monday + timedelta(days=1)): 1,
        CapKey("assignment", IDS[HELIOS], "week", monday): 1,
    }


@pytest.mark.parametrize(
    ("caps", "used"),
    [
        ({"total": 1}, {CapKey("assignment", IDS[HELIOS], "total", EPOCH): 1}),
        ({"day": 1, "total": 1}, {own_day(HELIOS): 1, CapKey("assignment", IDS[HELIOS], "total", EPOCH): 1}),
        ({"day": 0}, {}),
        ({"day": 1}, {own_day(HELIOS, DAY + timedelta(days=number)): 1 for number in range(101)}),
    ],
)
def test_what_never_has_room_again_holds_nothing(caps: dict[str, int], used: dict[CapKey, int]) -> None:
    usage = Usage(dict(used))
    assert codes(send(profile(assignment(HELIOS, caps=caps, at_cap="hold")), usage)) == {HELIOS: "cap"}
    assert usage.taken == {}


def test_a_lead_may_be_held_for_99_periods() -> None:
    usage = Usage({own_day(HELIOS, DAY + timedelta(days=number)): 1 for number in range(99)})
    decision = send(profile(assignment(HELIOS, caps={"day": 1}, at_cap="hold")), usage)
    assert decision.chosen[0].due_at == DAY + timedelta(days=99)


def test_a_held_lead_on_a_paused_channel_says_both() -> None:
    spec = profile(assignment(HELIOS, caps={"day": 1}, at_cap="hold", channel="paused"))
    code, reason, _ = only(send(spec, Usage({own_day(HELIOS): 1})))
    assert (code, reason.count("held until")) == ("chosen", 2)


def test_counters_of_later_periods_are_asked_for() -> None:
    asked: list[CapKey] = []

    def load(keys: Any) -> dict[CapKey, int]:
        asked.extend(keys)
        return {key: 1 if key.starts_at == TOMORROW else 0 for key in keys}

    usage = Usage({own_day(HELIOS): 1}, load=load)
    spec = profile(assignment(HELIOS, caps={"day": 1}, at_cap="hold"))
    assert send(spec, usage).chosen[0].due_at == DAY + timedelta(days=2)
    assert asked == [own_day(HELIOS, TOMORROW), own_day(HELIOS, DAY + timedelta(days=2))]
    assert send(spec, usage).chosen[0].due_at == DAY + timedelta(days=3)
    assert asked == [own_day(HELIOS, DAY + timedelta(days=number)) for number in (1, 2, 3)]


def test_what_overflows_goes_to_the_other_and_both_say_so() -> None:
    spec = profile(
        assignment(HELIOS, priority=2, caps={"day": 1}, overflow_to=ROOFS),
        assignment(SUNNY, priority=1),
        assignment(ROOFS, caps={"day": 5}),
        strategy="first_match",
    )
    usage = Usage({own_day(HELIOS): 1})
    decision = send(spec, usage)
    assert codes(decision) == {HELIOS: "overflow", SUNNY: "lost_to", ROOFS: "chosen"}
    assert reasons(decision) == {
        HELIOS: "The cap of the assignment, 1 lead per day, is full; sent to Roofs instead.",
        SUNNY: "Lost to Helios, which comes first.",
        ROOFS: "Chosen instead of Helios, whose cap is full.",
    }
    assert decision.assignments[0].details == {
        "subject": "assignment",
        "measure": "leads",
        "period": "day",
        "limit": 1,
        "resets_at": "2026-05-16T00:00:00Z",
        "assignment": str(IDS[ROOFS]),
        "partner": str(PARTNERS[ROOFS]),
        "partner_name": ROOFS,
    }
    assert decision.assignments[2].details == {"is_held": False, "overflow_of": str(IDS[HELIOS])}
    assert usage.taken == {own_day(ROOFS): 1}


FULL = {"caps": {"day": 0}}


@pytest.mark.parametrize(
    ("roofs", "code"),
    [
        ({"is_enabled": False}, "disabled"),
        ({"is_partner_active": False}, "partner_inactive"),
        ({"channel": "none"}, "no_channel"),
        (FULL, "cap"),
        ({**FULL, "overflow_to": HELIOS}, "cap"),
        ({**FULL, "overflow_to": ROOFS}, "cap"),
        ({**FULL, "at_cap": "hold"}, "cap"),
    ],
)
def test_where_the_other_cannot_take_it_the_lead_goes_on_to_the_next(roofs: dict[str, Any], code: str) -> None:
    spec = profile(
        assignment(HELIOS, priority=3, **FULL, overflow_to=ROOFS),
        assignment(SUNNY, priority=2),
        assignment(ROOFS, priority=1, **roofs),
        strategy="first_match",
    )
    decision = send(spec)
    assert codes(decision) == {HELIOS: "cap", SUNNY: "chosen", ROOFS: "lost_to" if code == "cap" else code}


def test_an_overflow_flows_on() -> None:
    spec = profile(
        assignment(HELIOS, priority=3, **FULL, overflow_to=SUNNY),
        assignment(SUNNY, priority=2, **FULL, overflow_to=ROOFS),
        assignment(ROOFS, priority=1),
        strategy="first_match",
    )
    assert codes(send(spec)) == {HELIOS: "overflow", SUNNY: "lost_to", ROOFS: "chosen"}


def test_who_gets_a_lead_already_does_not_get_it_again() -> None:
    spec = profile(assignment(SUNNY, priority=9), assignment(HELIOS, **FULL, overflow_to=SUNNY))
    assert codes(send(spec)) == {SUNNY: "chosen", HELIOS: "cap"}


def test_what_overflowed_to_it_counts_as_the_one_place_of_max_partners() -> None:
    usage = Usage()
    spec = profile(
        assignment(HELIOS, priority=9, **FULL, overflow_to=ROOFS), assignment(SUNNY), assignment(ROOFS, caps={"day": 5}), max_partners=2
    )
    decision = send(spec, usage)
    assert codes(decision) == {HELIOS: "overflow", SUNNY: "chosen", ROOFS: "chosen"}
    assert usage.taken == {own_day(ROOFS): 1}


def test_whose_turn_overflows_has_had_its_turn() -> None:
    spec = profile(assignment(HELIOS, **FULL, overflow_to=ROOFS), assignment(SUNNY), assignment(ROOFS), strategy="round_robin")
    turns = Turns()
    picked = [codes(send(spec, turns=turns)) for _ in range(3)]
    assert picked == [
        {HELIOS: "overflow", SUNNY: "lost_to", ROOFS: "chosen"},
        {HELIOS: "lost_to", SUNNY: "chosen", ROOFS: "lost_to"},
        {HELIOS: "lost_to", SUNNY: "lost_to", ROOFS: "chosen"},
    ]


def test_who_holds_or_overflows_keeps_its_share() -> None:
    for at_cap in ({"at_cap": "hold"}, {"overflow_to": ROOFS}):
        spec = profile(
            assignment(HELIOS, weight=3, caps={"day": 1}, **at_cap), assignment(SUNNY, weight=1), assignment(ROOFS, weight=1),
            strategy="weighted",
        )  # fmt: skip
        usage, turns = Usage(), Turns()
        got: Counter[str] = Counter()
        for _ in range(10):
            decision = send(spec, usage, turns)
            assert len(decision.chosen) == 1
            got.update(name for name, code in codes(decision).items() if code == "overflow")
            got.update(chosen(decision))
        if "at_cap" in at_cap:
            assert got == {HELIOS: 6, SUNNY: 2, ROOFS: 2}
        else:
            assert got == {HELIOS: 6, SUNNY: 2, ROOFS: 2 + 5}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("at_cap", [{"at_cap": "hold"}, {"overflow_to": SUNNY}])
def test_who_is_full_and_skips_is_passed_over_for_who_holds_or_overflows(strategy: str, at_cap: dict[str, str]) -> None:
    spec = profile(
        assignment(ROOFS, priority=3, price="30", caps={"day": 0}),
        assignment(HELIOS, priority=2, price="20", caps={"day": 1}, **at_cap),
        assignment(SUNNY, priority=1, price="10"),
        strategy=strategy,
    )
    decision = send(spec, Usage({own_day(HELIOS): 1}))
    found = codes(decision)
    assert found[ROOFS] == "cap"
    assert found[HELIOS] == ("chosen" if "at_cap" in at_cap else "overflow")


def test_the_seats_taken_are_told_as_json() -> None:
    spec = profile(assignment(HELIOS, price="25.5", caps={"day": 1}, partner_budgets={"month": "100"}, at_cap="hold"))
    decision = send(spec, Usage({own_day(HELIOS): 1}))
    assert decision.chosen[0].seats_taken == [
        ["partner", str(PARTNERS[HELIOS]), "money", "month", "2026-05-01T00:00:00+00:00", 2550],
        ["assignment", str(IDS[HELIOS]), "leads", "day", "2026-05-16T00:00:00+00:00", 1],
    ]
    assert send(profile(assignment(HELIOS))).chosen[0].seats_taken is None
