"""Back-tests in the dashboard."""

from typing import Any

import pytest

from distribution.models import Assignment, Profile
from tests.builders import Shop, make_account, make_assignment, make_entity, make_lead, make_partner, make_profile
from tests.pages import HTMX, Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

DRAFT = {"name": "Solar West", "strategy": "send_to_all", "do": "backtest", "days": "30"}
NINE = {"rule.kind": "all", "rule.0.field": "zip", "rule.0.operator": "starts_with", "rule.0.value": "9"}


@pytest.fixture
def shop() -> Shop:
    return make_account()


@pytest.fixture
def alice(shop: Shop) -> Visitor:
    return sign_in(shop)


@pytest.fixture
def solar(shop: Shop) -> Profile:
    make_entity(shop)
    profile = make_profile(shop)
    make_assignment(shop, profile, make_partner(shop))
    for code in ("90210", "10115", "94110"):
        make_lead(shop, zip=code)
    return profile


def run(visitor: Visitor, profile: Profile, **typed: Any) -> Any:
    return visitor.post(f"profiles/{profile.id}/backtest", {**DRAFT, **typed})


def test_the_page_begins_with_the_profile_as_it_is_saved(shop: Shop, alice: Visitor) -> None:
    make_entity(shop)
    profile = make_profile(shop, rules={"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]}, strategy="weighted")
    page = alice.get(f"profiles/{profile.id}/backtest")
    assert page.context["rule"].items[0].low == "9"
    assert page.context["form"]["strategy"].value() == "weighted"


def test_a_draft_is_run_and_nothing_is_saved(shop: Shop, alice: Visitor, solar: Profile) -> None:
    answer = run(alice, solar, **NINE)
    result = answer.context["backtest"]
    assert (answer.status_code, result["leads"], result["days"]) == (200, 3, 30)
    assert result["matched"] == {"before": 3, "after": 2}
    assert result["newly_unmatched"]["count"] == 1
    assert [(one["before"], one["after"]) for one in result["partners"]] == [(3, 2)]
    assert "Leads that would no longer match" in answer.content.decode()
    with shop.open():
        assert Profile.objects.get().rules == {}


def test_htmx_gets_the_result_alone(alice: Visitor, solar: Profile) -> None:
    part = alice.post(f"profiles/{solar.id}/backtest", {**DRAFT, **NINE}, headers=HTMX).content.decode()
    assert part.lstrip().startswith("<dl")


def test_the_draft_goes_on_to_be_edited_and_saved(shop: Shop, alice: Visitor, solar: Profile) -> None:
    page = run(alice, solar, **NINE, is_enabled="on").content.decode()
    assert 'name="rule.0.value" value="9"' in page
    assert '<input type="hidden" name="is_enabled" value="on">' in page
    assert f'formaction="{alice.url(f"profiles/{solar.id}/")}"' in page


def test_a_draft_that_could_not_be_saved_is_refused_at_its_place(alice: Visitor, solar: Profile) -> None:
    answer = run(alice, solar, **{**NINE, "rule.0.operator": "at_least"})
    assert answer.status_code == 400
    assert "operator" in answer.context["rule"].items[0].errors
    assert "The draft cannot be run as it is" in answer.content.decode()


@pytest.mark.parametrize("days", ["0", "91", "soon", ""])
def test_days_beyond_the_limit_are_refused(alice: Visitor, solar: Profile, days: str) -> None:
    answer = run(alice, solar, days=days)
    assert answer.context["backtest"] == {"is_unfinished": True}
    assert "days" in answer.context["days_form"].errors


def test_encrypted_fields_are_for_those_who_may_read_them(shop: Shop, solar: Profile) -> None:
    typed = {"rule.0.field": "ssn", "rule.0.operator": "equals", "rule.0.value": "078-05-1120"}
    answer = run(sign_in(shop, "member"), solar, **typed)
    assert answer.context["backtest"].keys() == {"missing"}
    assert "only those who may read them can back-test" in answer.content.decode()


def test_a_viewer_runs_none(shop: Shop, solar: Profile) -> None:
    viewer = sign_in(shop, "viewer")
    assert "Run the back-test" not in viewer.html(f"profiles/{solar.id}/backtest")
    assert run(viewer, solar).status_code == 403


def test_the_caps_of_one_partner_are_back_tested_on_its_page(shop: Shop, alice: Visitor, solar: Profile) -> None:
    with shop.open():
        assignment = Assignment.objects.get()
    typed = {"priority": "1", "weight": "1", "at_cap": "skip", "is_enabled": "on", "caps_total": "1", "do": "backtest", "days": "7"}
    answer = alice.post(f"profiles/{solar.id}/partners/{assignment.id}/", typed)
    result = answer.context["backtest"]
    assert [(one["before"], one["after"], one["capped_after"]) for one in result["partners"]] == [(3, 1, 2)]
    assert [(hit["limit"], hit["period"], hit["turned_away"]) for hit in result["caps_hit"]] == [(1, "total", 2)]
    with shop.open():
        assert Assignment.objects.get().caps == {}
