"""An assignment's columns of routing in the admin."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from distribution.models import Assignment
from tests.builders import Shop, make_account, make_assignment, make_entity, make_partner, make_profile

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

FORM = {"priority": "5", "rules": "{}", "caps": "{}", "budgets": "{}", "at_cap": "skip", "weight": "1", "price": "7.50", "is_enabled": "on"}


@pytest.fixture
def acme() -> Shop:
    return make_account()


@pytest.fixture
def pair(acme: Shop) -> tuple[Assignment, Assignment]:
    make_entity(acme)
    profile = make_profile(acme)
    return make_assignment(acme, profile, make_partner(acme)), make_assignment(acme, profile, make_partner(acme, "Sunrise"))


def post(assignment: Assignment, **values: Any) -> Any:
    client = Client()
    client.force_login(User.objects.get(email="alice@acme.test"))
    return client.post(f"/admin/distribution/assignment/{assignment.id}/change/", {**FORM, **values})


def test_what_routing_is_told_can_be_changed(acme: Shop, pair: tuple[Assignment, Assignment]) -> None:
    helios, sunrise = pair
    answer = post(helios, at_cap="overflow", overflow_to=str(sunrise.id), weight="70", budgets='{"month": 2500}')
    assert answer.status_code == 302
    with acme.open():
        changed = Assignment.objects.get(id=helios.id)
        event = AuditEvent.objects.latest("id")
    assert (changed.at_cap, changed.overflow_to_id, changed.weight) == ("overflow", sunrise.id, 70)
    assert changed.budgets == {"month": "2500.00"}
    assert event.changes["overflow_to"] == [None, str(sunrise.id)]


@pytest.mark.parametrize("values", [{"at_cap": "overflow"}, {"budgets": '{"month": "much"}'}, {"repeat_days": "30"}, {"weight": "0"}])
def test_the_admin_refuses_what_the_domain_refuses(acme: Shop, pair: tuple[Assignment, Assignment], values: dict[str, str]) -> None:
    assert post(pair[0], **values).status_code == 200
    with acme.open():
        assert Assignment.objects.get(id=pair[0].id).price is None


def test_an_assignment_does_not_overflow_to_itself(acme: Shop, pair: tuple[Assignment, Assignment]) -> None:
    assert post(pair[0], at_cap="overflow", overflow_to=str(pair[0].id)).status_code == 200
    with acme.open():
        assert Assignment.objects.get(id=pair[0].id).overflow_to is None
