"""The rule builder on its pages: editing, counting past leads, trying one."""

from typing import Any

import pytest

from distribution.models import Profile
from tests.builders import Shop, make_account, make_assignment, make_entity, make_lead, make_partner, make_profile
from tests.pages import HTMX, Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

NINE = {"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]}
TYPED = {"name": "Solar West", "strategy": "send_to_all", "rule.kind": "all"}
NINE_TYPED = {**TYPED, "rule.0.field": "zip", "rule.0.operator": "starts_with", "rule.0.value": "9"}
SSN_TYPED = {**TYPED, "rule.0.field": "ssn", "rule.0.operator": "equals", "rule.0.value": "078-05-1120"}


@pytest.fixture
def shop() -> Shop:
    return make_account()


@pytest.fixture
def alice(shop: Shop) -> Visitor:
    return sign_in(shop)


@pytest.fixture
def solar(shop: Shop) -> Profile:
    make_entity(shop)
    return make_profile(shop, rules=NINE)


def send(visitor: Visitor, profile: Profile, do: str, typed: dict[str, Any], **options: Any) -> Any:
    answer = visitor.post(f"profiles/{profile.id}/", {**typed, "do": do}, **options)
    assert answer.status_code == 200
    return answer


def test_a_condition_is_added_and_nothing_is_saved(shop: Shop, alice: Visitor, solar: Profile) -> None:
    answer = send(alice, solar, "add:rule", {**NINE_TYPED, "rule.0.value": "8", "name": "Renamed"})
    assert [row.field for row in answer.context["rule"].items] == ["zip", ""]
    assert 'value="Renamed"' in answer.content.decode()
    with shop.open():
        assert (Profile.objects.get().name, Profile.objects.get().rules) == ("Solar West", NINE)


def test_htmx_gets_the_builder_alone(alice: Visitor, solar: Profile) -> None:
    part = send(alice, solar, "add:rule", NINE_TYPED, headers=HTMX).content.decode()
    assert part.lstrip().startswith("<fieldset")
    assert "<html" not in part
    assert 'name="rule.1.field"' in part


def test_the_next_key_is_for_what_was_added(alice: Visitor, solar: Profile) -> None:
    part = send(alice, solar, "group:rule", NINE_TYPED, headers=HTMX).content.decode()
    (focused,) = [tag for tag in part.split("<") if "autofocus" in tag]
    assert 'name="rule.1.0.field"' in focused


def test_another_field_offers_its_own_operators(alice: Visitor, solar: Profile) -> None:
    answer = send(alice, solar, "field:rule.0", {**NINE_TYPED, "rule.0.field": "budget"}, headers=HTMX)
    (row,) = answer.context["rule"].items
    assert row.operator == "equals"
    assert ("at_least", "is at least") in row.operators
    assert "starts_with" not in dict(row.operators)


def test_a_list_of_ten_thousand_is_shown_in_lines_and_saved_whole(shop: Shop, alice: Visitor, solar: Profile) -> None:
    zips = [str(number) for number in range(10_000, 20_000)]
    typed = {**TYPED, "rule.0.field": "zip", "rule.0.operator": "in_list", "rule.0.lines": "\r\n".join(zips)}
    alice.post(f"profiles/{solar.id}/", {**typed, "do": "save"})
    with shop.open():
        assert Profile.objects.get().rules["all"][0]["value"] == zips
    assert "One per line: 10000 values" in alice.html(f"profiles/{solar.id}/")


def test_how_many_past_leads_match_is_counted(shop: Shop, alice: Visitor, solar: Profile) -> None:
    for code in ("90210", "10115", "94110"):
        make_lead(shop, zip=code)
    part = send(alice, solar, "count", NINE_TYPED, headers=HTMX).content.decode()
    assert '<strong class="nums">2</strong> of the last <span class="nums">3</span> leads.' in part


def test_a_rule_that_is_not_finished_is_not_counted(alice: Visitor, solar: Profile) -> None:
    part = send(alice, solar, "count", {**NINE_TYPED, "rule.0.value": ""}, headers=HTMX).content.decode()
    assert part.strip() == "Finish the rule to see how many leads match."


def test_a_count_by_encrypted_fields_is_for_those_who_may_read_them(shop: Shop, alice: Visitor, solar: Profile) -> None:
    make_lead(shop)
    assert '<strong class="nums">1</strong>' in send(alice, solar, "count", SSN_TYPED, headers=HTMX).content.decode()
    part = send(sign_in(shop, "member"), solar, "count", SSN_TYPED, headers=HTMX).content.decode()
    assert "encrypted fields" in part
    assert "<strong" not in part


def test_a_viewer_sees_how_many_match_the_saved_rule(shop: Shop, solar: Profile) -> None:
    make_lead(shop)
    assert '<strong class="nums">1</strong>' in sign_in(shop, "viewer").html(f"profiles/{solar.id}/?count=1", headers=HTMX)


def test_the_rule_of_a_partner_is_counted_within_that_of_the_profile(shop: Shop, alice: Visitor, solar: Profile) -> None:
    for code, budget in (("90210", "10"), ("90210", "2000"), ("10115", "2000")):
        make_lead(shop, zip=code, budget=budget)
    assignment = make_assignment(shop, solar, make_partner(shop))
    typed = {"rule.0.field": "budget", "rule.0.operator": "at_least", "rule.0.value": "1000", "do": "count"}
    part = alice.post(f"profiles/{solar.id}/partners/{assignment.id}/", typed, headers=HTMX).content.decode()
    assert '<strong class="nums">1</strong> of the last <span class="nums">3</span> leads, with the profile' in part


def test_a_lead_is_tried_on_what_is_typed(shop: Shop, alice: Visitor, solar: Profile) -> None:
    lead = make_lead(shop, zip="10115")
    answer = send(alice, solar, "try", {**NINE_TYPED, "lead": str(lead.id)}, headers=HTMX)
    trial = answer.context["trial"]
    assert (trial["is_match"], trial["reason"]) == (False, "ZIP starts with 9 wanted, was 10115.")
    (found,) = trial["tried"].items
    assert (found.words, found.result, found.was) == ("ZIP starts with 9", False, "10115")
    assert "was <bdi>10115</bdi>" in answer.content.decode()


def test_what_a_lead_lacks_is_said_to_be_missing(shop: Shop, alice: Visitor, solar: Profile) -> None:
    lead = make_lead(shop, zip="")
    (found,) = send(alice, solar, "try", {**NINE_TYPED, "lead_id": f" {lead.id} "}).context["trial"]["tried"].items
    assert (found.result, found.was) == (False, "missing")


def test_encrypted_values_are_masked_and_their_results_only_told_to_who_may_read_them(shop: Shop, alice: Visitor, solar: Profile) -> None:
    lead = make_lead(shop)
    typed = {**SSN_TYPED, "lead": str(lead.id)}
    (found,) = send(alice, solar, "try", typed).context["trial"]["tried"].items
    assert (found.words, found.result, found.was) == ("SSN is •••", True, "•••")
    answer = send(sign_in(shop, "member"), solar, "try", typed, headers=HTMX)
    (found,) = answer.context["trial"]["tried"].items
    assert (answer.context["trial"]["is_match"], found.result) == (None, None)
    assert "078-05-1120" not in answer.content.decode()


def test_without_a_script_and_for_a_viewer_the_saved_rule_is_tried(shop: Shop, solar: Profile) -> None:
    lead = make_lead(shop)
    page = sign_in(shop, "viewer").html(f"profiles/{solar.id}/?lead={lead.id}")
    assert "The lead matches." in page
    assert '<dialog id="trial" aria-labelledby="trial-title" open>' in page


@pytest.mark.parametrize(
    ("lead", "said"),
    [("no-id", "This is not the id of a lead."), ("00000000-0000-7000-8000-000000000000", "There is no lead of this id")],
)
def test_a_lead_that_is_not_there_is_said_to_be_none(alice: Visitor, solar: Profile, lead: str, said: str) -> None:
    assert said in send(alice, solar, "try", {**NINE_TYPED, "lead": lead}, headers=HTMX).content.decode()


def test_a_rule_that_is_not_finished_is_not_tried(shop: Shop, alice: Visitor, solar: Profile) -> None:
    typed = {**NINE_TYPED, "rule.0.value": "", "lead": str(make_lead(shop).id)}
    assert "Finish the rule first" in send(alice, solar, "try", typed, headers=HTMX).content.decode()


def test_the_last_leads_are_offered_by_name(shop: Shop, alice: Visitor, solar: Profile) -> None:
    for number in range(22):
        make_lead(shop, first_name=f"Jane {number}")
    offered = alice.get(f"profiles/{solar.id}/").context["leads"]
    assert [one.name for one in offered] == [f"Jane {number}" for number in range(21, 1, -1)]
