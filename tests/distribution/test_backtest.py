"""A draft of a profile against the leads of the last days."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.ids import new_id
from accounts.models import AuditEvent
from distribution.backtest import BacktestRequest, run_backtest
from distribution.models import CapCounter, Decision, Lead, Turn
from tests.builders import FIELDS, Set, Shop, make_account, make_assignment, make_entity, make_lead, make_partner, make_profile, make_set

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NINE = {"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]}
BERLIN = {"all": [{"field": "zip", "operator": "matches", "value": "^10"}]}
RICH = {"all": [{"field": "budget", "operator": "at_least", "value": 2000}]}
SECRET = {"all": [{"field": "ssn", "operator": "equals", "value": "111"}]}


@pytest.fixture
def acme() -> Set:
    with time_machine.travel(NOW - timedelta(days=60), tick=False):
        return make_set(make_account())


@pytest.fixture(autouse=True)
def _at_noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def came(shop: Shop, before: timedelta = timedelta(hours=1), **values: Any) -> Lead:
    with time_machine.travel(NOW - before, tick=False):
        return make_lead(shop, **values)


def ask(acme: Set, *, key: str | None = None, **draft: Any) -> Any:
    return acme.shop.call("POST", f"profiles/{acme.profile.id}/backtest", draft, key=key)


def backtested(acme: Set, **draft: Any) -> Any:
    answer = ask(acme, **draft)
    assert answer.status_code == 200, answer.content
    return answer.json()


def faults_of(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.content
    return [(error["attr"], error["code"]) for error in answer.json()["errors"]]


def counts(result: Any) -> dict[str, tuple[int, int]]:
    return {partner["partner_name"]: (partner["before"], partner["after"]) for partner in result["partners"]}


def test_without_a_draft_nothing_differs(acme: Set) -> None:
    came(acme.shop)
    came(acme.shop, timedelta(days=6))
    assert backtested(acme) == {
        "leads": 2,
        "is_cut": False,
        "matched": {"before": 2, "after": 2},
        "newly_unmatched": {"count": 0, "leads": []},
        "newly_matched": {"count": 0, "leads": []},
        "partners": [
            {
                "assignment": str(acme.assignment.id),
                "partner": str(acme.partner.id),
                "partner_name": "Helios Direct",
                "before": 2,
                "after": 2,
                "capped_before": 0,
                "capped_after": 0,
            }
        ],
        "caps_hit": [],
    }


def test_a_drafted_rule_names_the_leads_that_come_and_go(acme: Set) -> None:
    acme.shop.call("PATCH", f"profiles/{acme.profile.id}", {"rules": NINE})
    stays, berlin = came(acme.shop, zip="90210"), came(acme.shop, zip="10115")
    lost = [came(acme.shop, timedelta(minutes=30 - number), zip="94105") for number in range(22)]
    rules = {"any": [BERLIN, {"all": [{"field": "zip", "operator": "equals", "value": "90210"}]}]}
    result = backtested(acme, rules=rules)
    assert result["matched"] == {"before": 23, "after": 2}
    assert result["newly_unmatched"] == {"count": 22, "leads": [str(lead.id) for lead in lost[:20]]}
    assert result["newly_matched"] == {"count": 1, "leads": [str(berlin.id)]}
    assert str(stays.id) not in str(result)
    assert counts(result) == {"Helios Direct": (23, 2)}


def test_the_days_bound_the_leads(acme: Set) -> None:
    came(acme.shop, timedelta(days=3))
    came(acme.shop, timedelta(days=8))
    assert [backtested(acme, days=days)["leads"] for days in (1, 5, 10, 90)] == [0, 1, 2, 3]
    assert backtested(acme)["leads"] == 1


def test_a_drafted_cap_counts_in_the_order_of_coming(acme: Set) -> None:
    came(acme.shop, timedelta(days=1), zip="90210")
    for hours in (3, 2, 1):
        came(acme.shop, timedelta(hours=hours), zip="90210")
    result = backtested(acme, assignments=[{"id": str(acme.assignment.id), "caps": {"day": 1}}])
    (partner,) = result["partners"]
    assert (partner["before"], partner["after"], partner["capped_before"], partner["capped_after"]) == (4, 2, 0, 2)
    assert result["caps_hit"] == [
        {
            "assignment": str(acme.assignment.id),
            "partner_name": "Helios Direct",
            "subject": "assignment",
            "measure": "leads",
            "period": "day",
            "limit": 1,
            "starts_at": "2026-11-20T08:00:00Z",
            "turned_away": 2,
        }
    ]


def test_both_sides_begin_with_empty_caps(acme: Set) -> None:
    assignment = f"profiles/{acme.profile.id}/assignments/{acme.assignment.id}"
    acme.shop.call("PATCH", assignment, {"caps": {"total": 2}})
    for _ in range(3):
        came(acme.shop)
    (partner,) = backtested(acme, assignments=[{"id": str(acme.assignment.id), "caps": {"total": 3}}])["partners"]
    assert (partner["before"], partner["after"], partner["capped_before"], partner["capped_after"]) == (2, 3, 1, 0)


def test_a_drafted_strategy_shares_the_leads_anew(acme: Set) -> None:
    make_assignment(acme.shop, acme.profile, make_partner(acme.shop, "Sunrise"), priority=5)
    for hours in (4, 3, 2, 1):
        came(acme.shop, timedelta(hours=hours))
    assert counts(backtested(acme, strategy="first_match")) == {"Helios Direct": (4, 4), "Sunrise": (4, 0)}
    assert counts(backtested(acme, strategy="round_robin")) == {"Helios Direct": (4, 2), "Sunrise": (4, 2)}


def test_drafts_of_assignments_change_what_they_name(acme: Set) -> None:
    sunrise = make_assignment(acme.shop, acme.profile, make_partner(acme.shop, "Sunrise"), priority=5, rules=RICH)
    acme.shop.call("PATCH", f"profiles/{acme.profile.id}", {"strategy": "first_match"})
    came(acme.shop, budget=1000)
    came(acme.shop, budget=3000)
    drafted = str(sunrise.id)
    assert counts(backtested(acme, assignments=[{"id": drafted, "priority": 20}])) == {"Helios Direct": (2, 1), "Sunrise": (0, 1)}
    assert counts(backtested(acme, assignments=[{"id": drafted, "priority": 20, "rules": {}}])) == {
        "Helios Direct": (2, 0),
        "Sunrise": (0, 2),
    }
    helios = {"id": str(acme.assignment.id), "is_enabled": False}
    assert counts(backtested(acme, assignments=[helios])) == {"Helios Direct": (2, 0), "Sunrise": (0, 1)}


def test_weights_and_prices_are_drafted_too(acme: Set) -> None:
    sunrise = make_assignment(acme.shop, acme.profile, make_partner(acme.shop, "Sunrise"), price="20.00")
    for hours in (4, 3, 2, 1):
        came(acme.shop, timedelta(hours=hours))
    heavy = backtested(acme, strategy="weighted", assignments=[{"id": str(sunrise.id), "weight": 3}])
    assert counts(heavy) == {"Helios Direct": (4, 1), "Sunrise": (4, 3)}
    dear = backtested(acme, strategy="highest_price", assignments=[{"id": str(acme.assignment.id), "price": "25.00"}])
    assert counts(dear) == {"Helios Direct": (4, 4), "Sunrise": (4, 0)}


def test_nobody_is_sent_twice_within_the_drafted_days(acme: Set) -> None:
    acme.shop.call("PATCH", "entities/solar_leads", {"duplicates": {"action": "create_anyway", "match": ["email"]}})
    came(acme.shop, timedelta(days=5), email="jane@example.com")
    came(acme.shop, timedelta(days=4), email="john@example.com")
    came(acme.shop, timedelta(days=3), email="jane@example.com")
    came(acme.shop, timedelta(days=1), email="jane@example.com")
    drafts = [{"id": str(acme.assignment.id), "repeat_days": days} for days in (2, 3, 4, 30)]
    assert [counts(backtested(acme, assignments=[draft])) for draft in drafts] == [
        {"Helios Direct": (4, 4 - repeats)} for repeats in (0, 1, 1, 2)
    ]


def test_encrypted_fields_are_compared(acme: Set) -> None:
    came(acme.shop, ssn="111")
    came(acme.shop, ssn="222")
    assert backtested(acme, rules=SECRET)["matched"] == {"before": 2, "after": 1}


def test_a_rule_on_an_encrypted_field_needs_the_scope_on_either_side(acme: Set) -> None:
    came(acme.shop, ssn="111")
    reader = acme.shop.key_with("read")
    assert ask(acme, key=reader, rules=NINE).status_code == 200
    drafted = ask(acme, key=reader, rules=SECRET)
    assert drafted.status_code == 403
    assert drafted.json()["errors"][0]["detail"] == "The rules ask for encrypted fields (ssn): this needs the scope 'read:encrypted'."
    acme.shop.call("PATCH", f"profiles/{acme.profile.id}", {"rules": SECRET})
    assert ask(acme, key=reader, rules=NINE).status_code == 403
    assert ask(acme, key=acme.shop.key_with("read", "read:encrypted"), rules=NINE).status_code == 200


def test_ages_are_taken_at_the_moment_the_lead_came(acme: Set) -> None:
    came(acme.shop, timedelta(days=5))
    fresh = {"all": [{"field": "created_at", "operator": "within_last_days", "value": 1}]}
    assert backtested(acme, rules=fresh)["matched"] == {"before": 1, "after": 1}


def test_the_newest_leads_are_looked_at_where_there_are_too_many(acme: Set) -> None:
    for hours, zip_code in ((3, "10115"), (2, "90210"), (1, "90211")):
        came(acme.shop, timedelta(hours=hours), zip=zip_code)
    wanted = BacktestRequest(profile={"rules": BERLIN})
    with acme.shop.open() as access:
        cut = run_backtest(access, acme.profile, wanted, most_leads=2)
        whole = run_backtest(access, acme.profile, wanted, most_leads=3)
    assert (cut["leads"], cut["is_cut"], cut["matched"]) == (2, True, {"before": 2, "after": 0})
    assert (whole["leads"], whole["is_cut"], whole["matched"]) == (3, False, {"before": 3, "after": 1})


def test_it_stops_when_the_time_is_over(acme: Set) -> None:
    for hours in (3, 2, 1):
        came(acme.shop, timedelta(hours=hours))
    with acme.shop.open() as access:
        result = run_backtest(access, acme.profile, BacktestRequest(), most_seconds=0)
    assert (result["leads"], result["is_cut"]) == (1, True)


def test_erased_leads_and_those_of_other_entities_are_left_out(acme: Set) -> None:
    erased = came(acme.shop)
    make_entity(acme.shop, name="Roofs", slug="roofs", fields=FIELDS)
    make_profile(acme.shop, "Roofs", entity="roofs")
    with acme.shop.open():
        Lead.objects.filter(id=erased.id).update(erased_at=NOW, values={}, sealed=None, wrapped_key=b"", note="")
    assert backtested(acme)["leads"] == 0


def test_nothing_is_stored(acme: Set) -> None:
    came(acme.shop)
    tables = (CapCounter, Turn, Decision, Lead, AuditEvent)
    with acme.shop.open():
        before = [list(table.objects.order_by("pk").values()) for table in tables]
    backtested(acme, strategy="weighted", rules=NINE, assignments=[{"id": str(acme.assignment.id), "caps": {"day": 1}, "weight": 5}])
    with acme.shop.open():
        assert [list(table.objects.order_by("pk").values()) for table in tables] == before
    profile = acme.shop.get(f"profiles/{acme.profile.id}")
    assert (profile["strategy"], profile["rules"]) == ("send_to_all", {})


def test_every_fault_of_the_draft_is_told_at_its_path(acme: Set) -> None:
    twice = str(acme.assignment.id)
    drafts = [
        {"id": twice, "rules": {"all": [{"field": "color", "operator": "equals", "value": "red"}]}, "caps": {"fortnight": 1}},
        {"id": twice},
        {"id": str(new_id())},
        {"priority": 1},
    ]
    rules = {"all": [{"field": "ssn", "operator": "contains", "value": "1"}]}
    assert faults_of(ask(acme, rules=rules, assignments=drafts)) == [
        ("rules.all.0.operator", "wrong_operator"),
        ("assignments.0.rules.all.0.field", "unknown_field"),
        ("assignments.0.caps.fortnight", "unknown"),
        ("assignments.1.id", "duplicate"),
        ("assignments.2.id", "does_not_exist"),
        ("assignments.3.id", "required"),
    ]


@pytest.mark.parametrize(
    ("draft", "fault"),
    [
        ({"days": 0}, ("days", "min_value")),
        ({"days": 91}, ("days", "max_value")),
        ({"strategy": "lottery"}, ("strategy", "invalid_choice")),
        ({"name": "New"}, ("name", "unknown")),
        ({"assignments": [{"id": str(new_id()), "weight": 0}]}, ("assignments.0.weight", "min_value")),
        ({"assignments": [{"id": "one"}]}, ("assignments.0.id", "invalid")),
        ({"assignments": [{"id": str(new_id()), "colour": "red"}]}, ("assignments.0.colour", "unknown")),
    ],
)
def test_what_is_no_draft_is_refused(acme: Set, draft: dict[str, Any], fault: tuple[str, str]) -> None:
    assert faults_of(ask(acme, **draft)) == [fault]


def test_an_assignment_of_another_account_is_none(acme: Set) -> None:
    other = make_set(make_account("Other", "charlie@other.test"))
    assert faults_of(ask(acme, assignments=[{"id": str(other.assignment.id)}])) == [("assignments.0.id", "does_not_exist")]
    assert ask(Set(acme.shop, acme.entity, acme.partner, other.profile, acme.assignment, acme.channel, acme.lead)).status_code == 404
