"""Which of several assignments gets the lead."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distribution.caps import Usage
from distribution.routing import ProfileSpec, Turns, choose, match, turn_profiles
from tests.distribution.routing.specs import (
    DAY,
    HELIOS,
    IDS,
    LEAD,
    NOW,
    PARTNERS,
    ROOFS,
    SUNNY,
    assignment,
    chosen,
    codes,
    own_day,
    profile,
    reasons,
    send,
    starts_with,
)

ALL = (HELIOS, SUNNY, ROOFS)


def who_got(spec: ProfileSpec, leads: int, usage: Usage | None = None, turns: Turns | None = None) -> list[str]:
    usage, turns = usage or Usage(), turns or Turns()
    return [name for _ in range(leads) for name in chosen(send(spec, usage, turns))]


def test_of_many_the_highest_priorities_get_it_up_to_max_partners() -> None:
    spec = profile(assignment(HELIOS, priority=1), assignment(SUNNY, priority=3), assignment(ROOFS, priority=2), max_partners=2)
    decision = send(spec)
    assert codes(decision) == {HELIOS: "lost_to", SUNNY: "chosen", ROOFS: "chosen"}
    lost = decision.assignments[0]
    assert lost.reason == "The profile sends to at most 2 partners; Sunny and Roofs came first."
    assert lost.details == {"assignment": str(IDS[ROOFS]), "partner": str(PARTNERS[ROOFS]), "partner_name": ROOFS}


def test_of_equal_priorities_the_oldest_come_first_up_to_max_partners() -> None:
    spec = profile(*map(assignment, ALL), max_partners=1)
    assert reasons(send(spec))[ROOFS] == "The profile sends to at most 1 partner; Helios came first."


def test_who_is_full_leaves_its_place_to_the_next() -> None:
    spec = profile(assignment(HELIOS, caps={"day": 0}), assignment(SUNNY), assignment(ROOFS), max_partners=1)
    assert codes(send(spec)) == {HELIOS: "cap", SUNNY: "chosen", ROOFS: "lost_to"}


def test_of_many_winners_three_are_named() -> None:
    names = [f"P{number}" for number in range(1, 6)]
    spec = profile(*(assignment(HELIOS, id=UUID(int=place + 1), partner_name=name) for place, name in enumerate(names)), max_partners=4)
    assert reasons(send(spec))["P5"] == "The profile sends to at most 4 partners; P1, P2 and 2 more came first."


def test_round_robin_goes_round() -> None:
    spec = profile(*map(assignment, ALL), strategy="round_robin")
    assert who_got(spec, 7) == [HELIOS, SUNNY, ROOFS, HELIOS, SUNNY, ROOFS, HELIOS]


def test_round_robin_starts_with_the_highest_priority() -> None:
    spec = profile(assignment(HELIOS), assignment(SUNNY, priority=1), assignment(ROOFS), strategy="round_robin")
    assert who_got(spec, 4) == [SUNNY, HELIOS, ROOFS, SUNNY]


def test_round_robin_says_whose_turn_it_is() -> None:
    decision = send(profile(*map(assignment, ALL), strategy="round_robin"))
    assert reasons(decision)[ROOFS] == "Lost to Helios, whose turn it is."


def test_who_was_full_when_its_turn_came_has_waited_longest_afterwards() -> None:
    spec = profile(assignment(HELIOS, caps={"day": 1}), assignment(SUNNY), assignment(ROOFS), strategy="round_robin")
    usage, turns = Usage(), Turns()
    assert who_got(spec, 5, usage, turns) == [HELIOS, SUNNY, ROOFS, SUNNY, ROOFS]
    usage.used[own_day(HELIOS)] = 0
    assert who_got(spec, 2, usage, turns) == [HELIOS, SUNNY]


def test_a_turn_counts_all_leads_of_the_profile() -> None:
    """Sunny got the profile's 9th lead, though Roofs alone is asked now and had its 2nd."""
    turns = Turns(last={IDS[SUNNY]: 9, IDS[ROOFS]: 2}, latest={profile().id: 9})
    spec = profile(assignment(SUNNY, rule=starts_with("1")), assignment(ROOFS), strategy="round_robin")
    send(spec, turns=turns)
    assert (turns.last[IDS[ROOFS]], turns.latest[spec.id], turns.taken) == (10, 10, {IDS[ROOFS]})


def test_a_lead_that_nobody_gets_moves_no_turn() -> None:
    for strategy in ("round_robin", "weighted"):
        turns = Turns()
        send(profile(assignment(HELIOS, caps={"day": 0}), strategy=strategy), turns=turns)
        assert turns == Turns()


def test_weighted_gives_each_exactly_its_share() -> None:
    weights = {HELIOS: 70, SUNNY: 20, ROOFS: 10}
    spec = profile(*(assignment(name, weight=weight) for name, weight in weights.items()), strategy="weighted")
    assert Counter(who_got(spec, 100)) == weights


def test_weighted_spreads_the_shares() -> None:
    spec = profile(assignment(HELIOS, weight=5), assignment(SUNNY), assignment(ROOFS), strategy="weighted")
    assert who_got(spec, 7) == [HELIOS, HELIOS, SUNNY, HELIOS, ROOFS, HELIOS, HELIOS]


def test_weighted_says_who_is_owed_the_most() -> None:
    decision = send(profile(assignment(HELIOS), assignment(SUNNY, weight=2), strategy="weighted"))
    assert reasons(decision) == {HELIOS: "Lost to Sunny, which is owed the most of its share.", SUNNY: "Chosen."}


@pytest.mark.parametrize("changes", [{"caps": {"day": 0}}, {"rule": starts_with("1")}, {"is_enabled": False}])
def test_who_cannot_get_a_lead_gains_no_claim_by_it(changes: dict[str, Any]) -> None:
    spec = profile(assignment(HELIOS, weight=90, **changes), assignment(SUNNY, weight=3), assignment(ROOFS, weight=1), strategy="weighted")
    turns = Turns()
    assert Counter(who_got(spec, 40, turns=turns)) == {SUNNY: 30, ROOFS: 10}
    assert IDS[HELIOS] not in turns.credits


def test_highest_price_goes_to_who_pays_most() -> None:
    spec = profile(
        assignment(HELIOS, price="29.99", priority=9), assignment(SUNNY, price="1030.00"), assignment(ROOFS), strategy="highest_price"
    )
    decision = send(spec)
    assert codes(decision) == {HELIOS: "lost_to", SUNNY: "chosen", ROOFS: "lost_to"}
    assert reasons(decision)[ROOFS] == "Lost to Sunny, which pays 1,030.00."


def test_of_equal_prices_the_highest_priority_gets_it() -> None:
    spec = profile(
        assignment(HELIOS, price="30"), assignment(SUNNY, price="30", priority=1), assignment(ROOFS, price="5"), strategy="highest_price"
    )
    assert reasons(send(spec)) == {
        HELIOS: "Lost to Sunny, which pays 30.00 too and comes first.",
        SUNNY: "Chosen.",
        ROOFS: "Lost to Sunny, which pays 30.00.",
    }


def test_no_price_counts_as_nothing() -> None:
    spec = profile(assignment(HELIOS), assignment(SUNNY, price="0.00"), assignment(ROOFS, price="0.01"), strategy="highest_price")
    assert chosen(send(spec)) == [ROOFS]


def test_highest_price_goes_on_where_the_best_is_full() -> None:
    spec = profile(assignment(HELIOS, price="30", caps={"day": 0}), assignment(SUNNY, price="5"), strategy="highest_price")
    assert codes(send(spec)) == {HELIOS: "cap", SUNNY: "chosen"}


def test_an_unknown_strategy_is_an_error() -> None:
    with pytest.raises(KeyError, match="auction"):
        send(profile(assignment(HELIOS), strategy="auction"))


def test_only_profiles_that_take_turns_need_their_turns() -> None:
    takes_turns = profile(assignment(HELIOS), strategy="weighted")
    others = [profile(assignment(HELIOS), strategy="first_match"), profile(assignment(HELIOS, is_enabled=False), strategy="round_robin")]
    assert turn_profiles(match(spec, LEAD, NOW) for spec in [takes_turns, *others]) == {takes_turns.id}
    assert turn_profiles(match(spec, LEAD, NOW) for spec in others) == set()


WEIGHTS = st.lists(st.integers(1, 40), min_size=1, max_size=3)


@settings(max_examples=100)
@given(WEIGHTS, st.integers(1, 3))
def test_after_as_many_leads_as_the_weights_add_up_to_every_share_is_exact(weights: list[int], rounds: int) -> None:
    spec = profile(*(assignment(name, weight=weight) for name, weight in zip(ALL, weights, strict=False)), strategy="weighted")
    turns = Turns()
    got = Counter(who_got(spec, rounds * sum(weights), turns=turns))
    assert got == {name: rounds * weight for name, weight in zip(ALL, weights, strict=False)}
    assert set(turns.credits.values()) == {0}


CAPS = st.one_of(st.none(), st.integers(0, 5))
SINGLE = ["first_match", "round_robin", "weighted", "highest_price"]


@settings(max_examples=200)
@given(st.lists(st.tuples(CAPS, st.integers(0, 2), st.integers(1, 5)), min_size=1, max_size=3), st.sampled_from(SINGLE), st.integers(1, 20))
def test_exactly_one_gets_a_lead_as_long_as_one_has_a_seat(setting: list[Any], strategy: str, leads: int) -> None:
    spec = profile(
        *(
            assignment(name, caps={} if cap is None else {"day": cap}, price=str(price), priority=price, weight=weight)
            for name, (cap, price, weight) in zip(ALL, setting, strict=False)
        ),
        strategy=strategy,
    )
    got = who_got(spec, leads)
    seats = {name: leads if cap is None else cap for name, (cap, _, _) in zip(ALL, setting, strict=False)}
    assert len(got) == min(leads, sum(seats.values()))
    assert all(count <= seats[name] for name, count in Counter(got).items())


@settings(max_examples=50)
@given(st.lists(st.sets(st.sampled_from(ALL), min_size=1), min_size=1, max_size=60), st.sampled_from(["round_robin", "weighted"]))
def test_whoever_may_get_each_lead_nobody_else_does_and_claims_add_up_to_nothing(leads: list[set[str]], strategy: str) -> None:
    turns = Turns()
    for able in leads:
        spec = profile(*(assignment(name, is_enabled=name in able, weight=len(name)) for name in ALL), strategy=strategy)
        assert len(chosen(send(spec, turns=turns))) == 1
        assert set(chosen(send(spec, turns=turns))) <= able
    assert sum(turns.credits.values()) == 0


def test_the_order_of_priority_holds_whatever_the_order_of_creation() -> None:
    spec = profile(assignment(ROOFS, priority=-1), assignment(HELIOS, priority=7), assignment(SUNNY, priority=3), strategy="first_match")
    found = match(spec, LEAD, NOW)
    assert [candidate.assignment.partner_name for candidate in found.candidates] == [HELIOS, SUNNY, ROOFS]
    assert [one.partner_name for one in choose(found, Usage()).assignments] == [ROOFS, HELIOS, SUNNY]


def test_seats_are_those_of_the_periods_that_the_lead_comes_in() -> None:
    spec = profile(assignment(HELIOS, caps={"day": 5, "hour": 2}))
    starts = [
        {seat.key.period: seat.key.starts_at for seat in match(spec, LEAD, moment).candidates[0].seats}
        for moment in (NOW, NOW.replace(hour=13), NOW.replace(day=16, hour=0), NOW)
    ]
    next_day = datetime(2026, 5, 16, tzinfo=UTC)
    assert starts == [
        {"day": DAY, "hour": NOW},
        {"day": DAY, "hour": NOW.replace(hour=13)},
        {"day": next_day, "hour": next_day},
        {"day": DAY, "hour": NOW},
    ]
