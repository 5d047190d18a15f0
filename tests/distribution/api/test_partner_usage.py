from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import time_machine

from accounts.ids import new_id
from distribution.models import Assignment, CapCounter, Partner
from tests.builders import Shop, make_account, make_assignment, make_entity, make_partner, make_profile

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

NOW = datetime(2026, 5, 15, 20, tzinfo=UTC)
# Midnights in Los Angeles.
DAY, NEXT_DAY = datetime(2026, 5, 15, 7, tzinfo=UTC), datetime(2026, 5, 16, 7, tzinfo=UTC)
MONTH = datetime(2026, 5, 1, 7, tzinfo=UTC)


@pytest.fixture
def acme() -> Shop:
    shop = make_account()
    make_entity(shop)
    return shop


@pytest.fixture
def helios(acme: Shop) -> Partner:
    return make_partner(acme, caps={"total": 900, "day": 500}, budgets={"month": "25000.00"})


@pytest.fixture
def assignment(acme: Shop, helios: Partner) -> Assignment:
    return make_assignment(acme, make_profile(acme), helios, caps={"day": 100}, budgets={"day": "50"})


def count(acme: Shop, subject: str, subject_id: UUID, period: str, starts_at: datetime, used: int, measure: str = "leads") -> None:
    with acme.open() as access:
        CapCounter.objects.create(
            account_id=access.account_id, subject=subject, subject_id=subject_id, period=period, starts_at=starts_at, used=used,
            measure=measure,
        )  # fmt: skip


def usage(acme: Shop, partner: Partner) -> Any:
    with time_machine.travel(NOW, tick=False):
        return acme.get(f"partners/{partner.id}/usage")


def test_it_names_every_cap_and_budget_with_what_is_used(acme: Shop, helios: Partner, assignment: Assignment) -> None:
    count(acme, "partner", helios.id, "day", DAY, 12)
    count(acme, "partner", helios.id, "month", MONTH, 123_45, "money")
    count(acme, "assignment", assignment.id, "day", DAY, 7)
    count(acme, "assignment", assignment.id, "day", DAY, 49_00, "money")
    found = usage(acme, helios)
    assert (found["partner"], found["partner_name"], found["time_zone"]) == (str(helios.id), "Helios Direct", "America/Los_Angeles")
    own = {"subject": "partner", "assignment": None, "profile": None, "profile_name": None}
    its = {
        "subject": "assignment", "assignment": str(assignment.id), "profile": str(assignment.profile_id), "profile_name": "Solar West",
    }  # fmt: skip
    day = {"period": "day", "starts_at": "2026-05-15T07:00:00Z", "resets_at": "2026-05-16T07:00:00Z"}
    month = {"period": "month", "starts_at": "2026-05-01T07:00:00Z", "resets_at": "2026-06-01T07:00:00Z"}
    total = {"period": "total", "starts_at": "1970-01-01T00:00:00Z", "resets_at": None}
    assert found["limits"] == [
        {**own, **day, "measure": "leads", "used": 12, "limit": 500},
        {**own, **month, "measure": "money", "used": "123.45", "limit": "25000.00"},
        {**own, **total, "measure": "leads", "used": 0, "limit": 900},
        {**its, **day, "measure": "leads", "used": 7, "limit": 100},
        {**its, **day, "measure": "money", "used": "49.00", "limit": "50.00"},
    ]


def test_other_periods_and_other_subjects_are_not_counted(acme: Shop, helios: Partner) -> None:
    count(acme, "partner", helios.id, "day", NEXT_DAY, 5)
    count(acme, "partner", helios.id, "hour", DAY, 5)
    count(acme, "partner", new_id(), "day", DAY, 5)
    assert {limit["used"] for limit in usage(acme, helios)["limits"]} == {0, "0.00"}


def test_a_partner_without_limits_has_none(acme: Shop) -> None:
    assert usage(acme, make_partner(acme))["limits"] == []


def test_it_costs_the_same_number_of_queries_however_many_assignments(acme: Shop, helios: Partner, django_assert_num_queries: Any) -> None:
    for number in range(5):
        make_assignment(acme, make_profile(acme, f"Profile {number}"), helios, caps={"day": number})
    with django_assert_num_queries(7):
        assert len(usage(acme, helios)["limits"]) == 8
