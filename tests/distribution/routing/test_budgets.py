"""Most money per period, spent by the prices of the leads that are chosen."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from distribution.caps import CapKey, Usage
from tests.distribution.routing.specs import (
    DAY,
    EPOCH,
    HELIOS,
    IDS,
    PARTNERS,
    SUNNY,
    assignment,
    codes,
    only,
    own_day,
    profile,
    reasons,
    send,
)

TOMORROW = DAY + timedelta(days=1)
MONTH = datetime(2026, 5, 1, tzinfo=UTC)


def test_a_budget_is_spent_by_the_price_of_the_assignment() -> None:
    spec = profile(assignment(HELIOS, price="30.10", budgets={"day": "100.00"}, partner_budgets={"month": "2500.00"}))
    usage = Usage()
    assert [len(send(spec, usage).chosen) for _ in range(5)] == [1, 1, 1, 0, 0]
    assert usage.taken == {
        CapKey("assignment", IDS[HELIOS], "day", DAY, "money"): 90_30,
        CapKey("partner", PARTNERS[HELIOS], "month", MONTH, "money"): 90_30,
    }


def test_a_budget_may_be_spent_to_the_last_penny() -> None:
    usage = Usage({CapKey("assignment", IDS[HELIOS], "total", EPOCH, "money"): 70_00})
    spec = profile(assignment(HELIOS, price="30.00", budgets={"total": "100.00"}))
    assert [codes(send(spec, usage))[HELIOS] for _ in range(2)] == ["chosen", "cap"]


def test_a_budget_that_is_used_up_is_named() -> None:
    spec = profile(assignment(HELIOS, price="0.01", partner_budgets={"month": "2500"}))
    assert only(send(spec, Usage({CapKey("partner", PARTNERS[HELIOS], "month", MONTH, "money"): 2500_00}))) == (
        "cap",
        "The budget of Helios, 2,500.00 per month, is used up until Jun 1, 2026, 00:00 UTC.",
        {"subject": "partner", "measure": "money", "period": "month", "limit": "2500.00", "resets_at": "2026-06-01T00:00:00Z"},
    )


@pytest.mark.parametrize("price", [None, Decimal(0)])
def test_who_pays_nothing_is_stopped_by_no_budget(price: Decimal | None) -> None:
    spec = profile(assignment(HELIOS, **({} if price is None else {"price": price}), budgets={"day": "0.00"}, partner_budgets={"day": "0"}))
    usage = Usage({CapKey("assignment", IDS[HELIOS], "day", DAY, "money"): 5})
    assert codes(send(spec, usage)) == {HELIOS: "chosen"}
    assert usage.taken == {}


def test_caps_and_budgets_of_one_period_are_counted_apart() -> None:
    usage = Usage()
    send(profile(assignment(HELIOS, price="7", caps={"day": 9}, budgets={"day": "9"})), usage)
    assert usage.taken == {own_day(HELIOS): 1, CapKey("assignment", IDS[HELIOS], "day", DAY, "money"): 7_00}


def test_a_used_up_budget_overflows_and_holds_too() -> None:
    money = CapKey("assignment", IDS[HELIOS], "day", DAY, "money")
    spec = profile(assignment(HELIOS, price="7", budgets={"day": "9"}, overflow_to=SUNNY), assignment(SUNNY), strategy="first_match")
    assert reasons(send(spec, Usage({money: 7_00}))) == {
        HELIOS: "The budget of the assignment, 9.00 per day, is used up; sent to Sunny instead.",
        SUNNY: "Chosen instead of Helios, whose budget is used up.",
    }
    spec = profile(assignment(HELIOS, price="7", budgets={"day": "9"}, at_cap="hold"))
    assert send(spec, Usage({money: 7_00})).chosen[0].due_at == TOMORROW
    spec = profile(assignment(HELIOS, price="10", budgets={"day": "9"}, at_cap="hold"))
    assert codes(send(spec)) == {HELIOS: "cap"}
