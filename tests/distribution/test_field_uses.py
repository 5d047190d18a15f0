"""What uses a field, and what happens to those who would take it away."""

from typing import Any

import pytest

from tests.builders import (
    EMAIL,
    FIELDS,
    Shop,
    make_account,
    make_assignment,
    make_channel,
    make_entity,
    make_lead,
    make_partner,
    make_profile,
)

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

NINE = {"all": [{"any": [{"field": "zip", "operator": "starts_with", "value": "9"}]}]}
EXACT = {"none": [{"field": "email", "operator": "not_equals", "value": "jane@example.com"}]}
PHONE = {"key": "phone", "label": "Phone", "type": "phone"}
SELECTED = {"mode": "selected", "selected": [{"key": "first_name"}, {"key": "zip", "as": "postcode"}]}
TEMPLATES = {
    "subject": "{{ lead.first_name }}",
    "body_template": "{% if lead.zip %}{{ email }}{% endif %}",
    "csv": {"file_name": "{{ lead['zip'] }}.csv"},
}
CHANNEL = "the channel of Helios Direct in Solar West"


@pytest.fixture
def acme() -> Shop:
    acme = make_account()
    make_entity(acme)
    return acme


def set_up(shop: Shop, *, rules: Any = None, own_rules: Any = None, channel: dict[str, Any] | None = None) -> None:
    profile = make_profile(shop, rules=rules)
    assignment = make_assignment(shop, profile, make_partner(shop), rules=own_rules)
    if channel:
        make_channel(shop, assignment, channel)


def mail(config: dict[str, Any], fields: Any = None) -> dict[str, Any]:
    return {**EMAIL, "fields": fields or {"mode": "all"}, "config": {"recipients": ["leads@helios.test"], "subject": "News", **config}}


def without(*keys: str) -> list[dict[str, Any]]:
    return [field for field in FIELDS if field["key"] not in keys]


def changed(key: str, **values: Any) -> list[dict[str, Any]]:
    return [{**field, **values} if field["key"] == key else field for field in FIELDS]


def patch(shop: Shop, fields: list[dict[str, Any]], query: str = "", **values: Any) -> Any:
    return shop.call("PATCH", f"entities/solar_leads{query}", {"fields": fields, **values})


def refusals(answer: Any) -> list[tuple[str, str, str]]:
    assert answer.status_code == 400, answer.content
    return [(error["attr"], error["code"], error["detail"]) for error in answer.json()["errors"]]


def users_of(shop: Shop) -> dict[str, list[str]]:
    return {field["key"]: [use["words"] for use in field["uses"]] for field in shop.get("entities/solar_leads/uses")["fields"]}


def test_uses_are_listed_for_every_field_in_order(acme: Shop) -> None:
    set_up(acme, rules=NINE, own_rules=EXACT, channel=mail(TEMPLATES, SELECTED | {"selected": [*SELECTED["selected"], {"key": "email"}]}))
    acme.call(
        "PATCH",
        "entities/solar_leads",
        {"display_field": "first_name", "duplicates": {"action": "skip", "match": [["email", "zip"], ["email"]]}},
    )
    assert users_of(acme) == {
        "first_name": ["the display field", CHANNEL, f"the subject of {CHANNEL}"],
        "email": ["the rules of Helios Direct in Solar West", "the match keys of duplicates", CHANNEL, f"the body of {CHANNEL}"],
        "zip": [
            "the rules of the profile Solar West",
            "the match keys of duplicates",
            CHANNEL,
            f"the body of {CHANNEL}",
            f"the file name of {CHANNEL}",
        ],
        "budget": [],
        "ssn": [],
    }


def test_a_use_names_what_to_change(acme: Shop) -> None:
    set_up(acme, rules=NINE)
    profile_id = acme.get("profiles")["results"][0]["id"]
    (use,) = acme.get("entities/solar_leads/uses")["fields"][2]["uses"]
    assert use == {"kind": "profile", "id": profile_id, "words": "the rules of the profile Solar West"}


def test_a_part_of_an_address_is_a_use_of_the_address(acme: Shop) -> None:
    acme.call("PATCH", "entities/solar_leads", {"fields": [*FIELDS, {"key": "home", "label": "Home", "type": "address"}]})
    rules = {
        "all": [{"field": "home.city", "operator": "equals", "value": "Berlin"}, {"field": "status", "operator": "equals", "value": "new"}]
    }
    set_up(acme, rules=rules, channel=mail({"body_template": "{{ lead.home.city }}"}))
    assert users_of(acme)["home"] == ["the rules of the profile Solar West", f"the body of {CHANNEL}"]


def test_a_field_in_use_is_not_removed(acme: Shop) -> None:
    set_up(acme, rules=NINE, channel=mail({}, SELECTED))
    detail = f"zip is used by the rules of the profile Solar West and by {CHANNEL}. Change these first, or send force=1."
    assert refusals(patch(acme, without("zip"), name="Sun")) == [("fields.zip", "in_use", detail)]
    entity = acme.get("entities/solar_leads")
    assert entity["name"] == "Solar Leads"
    assert [field["key"] for field in entity["fields"]] == ["first_name", "email", "zip", "budget", "ssn"]


def test_every_field_in_use_is_told_at_once(acme: Shop) -> None:
    set_up(acme, rules=NINE, own_rules=EXACT)
    answer = acme.call("PUT", "entities/solar_leads", {"name": "Solar Leads", "fields": without("zip", "email")})
    assert {(attr, code) for attr, code, _ in refusals(answer)} == {("fields.zip", "in_use"), ("fields.email", "in_use")}


def test_the_type_of_a_field_in_use_stays(acme: Shop) -> None:
    set_up(acme, rules=NINE)
    assert refusals(patch(acme, changed("zip", type="number"))) == [
        ("fields.zip", "in_use", "zip is used by the rules of the profile Solar West. Change these first, or send force=1.")
    ]
    assert patch(acme, changed("budget", type="text")).status_code == 200


def test_encryption_is_refused_where_an_operator_could_not_compare_any_more(acme: Shop) -> None:
    set_up(acme, rules=NINE, own_rules=EXACT)
    assert [attr for attr, _, _ in refusals(patch(acme, changed("zip", is_encrypted=True)))] == ["fields.zip"]
    assert patch(acme, changed("email", is_encrypted=True)).status_code == 200


def test_encryption_is_refused_where_a_template_would_lose_the_value(acme: Shop) -> None:
    set_up(acme, channel=mail(TEMPLATES))
    detail = f"email is used by the body of {CHANNEL}. Change these first, or send force=1."
    assert refusals(patch(acme, changed("email", is_encrypted=True))) == [("fields.email", "in_use", detail)]


def test_encryption_of_a_field_that_a_channel_names_is_no_loss(acme: Shop) -> None:
    set_up(acme, channel=mail({"body_template": "{{ lead.zip }}"}, SELECTED))
    assert patch(acme, changed("zip", is_encrypted=True)).status_code == 200


def test_labels_order_and_options_change_freely(acme: Shop) -> None:
    set_up(acme, rules=NINE, channel=mail(TEMPLATES))
    fields = [*reversed(changed("zip", label="Postcode", options={"max_length": 9}, required=True)), PHONE]
    answer = patch(acme, fields)
    assert answer.status_code == 200, answer.content
    assert [field["key"] for field in answer.json()["fields"]] == ["ssn", "budget", "zip", "email", "first_name", "phone"]
    assert "warnings" not in answer.json()


def test_force_makes_the_change_and_says_what_stops_working(acme: Shop) -> None:
    set_up(acme, rules=NINE, channel=mail(TEMPLATES, SELECTED | {"selected": [*SELECTED["selected"], {"key": "email"}]}))
    answer = patch(acme, without("zip"), "?force=1")
    assert answer.status_code == 200
    assert answer.json()["warnings"] == [
        "zip was removed: in the rules of the profile Solar West conditions on it that no longer fit are false.",
        f"zip was removed: in {CHANNEL} it is sent without a value.",
        f"zip was removed: in the body of {CHANNEL} it can no longer be filled in.",
        f"zip was removed: in the file name of {CHANNEL} it can no longer be filled in.",
    ]
    assert "zip" not in users_of(acme)
    assert make_lead(acme).id


def test_what_stops_working_is_told_by_the_kind_of_change(acme: Shop) -> None:
    set_up(acme, rules=NINE)
    loss = "in the rules of the profile Solar West conditions on it that no longer fit are false."
    assert patch(acme, changed("zip", is_encrypted=True), "?force=1").json()["warnings"] == [f"zip is encrypted now: {loss}"]
    assert patch(acme, changed("zip", type="number"), "?force=true").json()["warnings"] == [f"zip is of the type number now: {loss}"]


def test_a_rule_that_does_not_fit_any_more_still_holds_its_field(acme: Shop) -> None:
    set_up(acme, rules=NINE)
    assert patch(acme, changed("zip", type="number"), "?force=1").status_code == 200
    assert users_of(acme)["zip"] == ["the rules of the profile Solar West"]


def test_a_forced_removal_of_the_display_field_leaves_none(acme: Shop) -> None:
    acme.call("PATCH", "entities/solar_leads", {"display_field": "zip"})
    assert [attr for attr, _, _ in refusals(patch(acme, without("zip")))] == ["fields.zip"]
    answer = patch(acme, without("zip"), "?force=1").json()
    assert (answer["display_field"], answer["warnings"]) == ("", ["zip was removed: in the display field leads go by another name."])


def test_a_field_and_its_use_in_the_entity_may_go_together(acme: Shop) -> None:
    acme.call("PATCH", "entities/solar_leads", {"display_field": "zip", "duplicates": {"action": "skip", "match": ["zip"]}})
    answer = patch(acme, without("zip"), display_field="email", duplicates=None)
    assert answer.status_code == 200, answer.content
    assert answer.json()["display_field"] == "email"


def test_uses_of_another_account_do_not_count(acme: Shop) -> None:
    other = make_account("Other", "charlie@other.test")
    make_entity(other)
    set_up(other, rules=NINE)
    assert patch(acme, without("zip")).status_code == 200
    assert other.call("GET", f"entities/{acme.get('entities')['results'][0]['id']}/uses").status_code == 404


BY_EMAIL = {"action": "off", "match": [["email"]], "window_days": None}
NO_KEYS: dict[str, Any] = {"action": "off", "match": [], "window_days": None}


def once_a_month(shop: Shop) -> None:
    """An assignment that is not sent the same person twice within thirty days."""
    assert shop.call("PATCH", "entities/solar_leads", {"duplicates": BY_EMAIL}).status_code == 200
    make_assignment(shop, make_profile(shop), make_partner(shop), repeat_days=30)


def test_match_keys_are_not_taken_from_under_repeat_days(acme: Shop) -> None:
    once_a_month(acme)
    answer = acme.call("PATCH", "entities/solar_leads", {"duplicates": NO_KEYS})
    detail = "The match keys are used by repeat_days of Helios Direct in Solar West. Set it to null there first, or send force=1."
    assert refusals(answer) == [("duplicates.match", "in_use", detail)]
    assert acme.get("entities/solar_leads")["duplicates"] == BY_EMAIL
    other = {**BY_EMAIL, "match": [["email", "zip"]]}
    assert acme.call("PATCH", "entities/solar_leads", {"duplicates": other}).status_code == 200


def test_match_keys_that_are_taken_all_the_same_leave_a_warning(acme: Shop) -> None:
    once_a_month(acme)
    answer = acme.call("PATCH", "entities/solar_leads?force=1", {"duplicates": NO_KEYS})
    assert answer.status_code == 200
    assert answer.json()["warnings"] == ["There are no match keys any more: repeat_days of Helios Direct in Solar West has no effect."]


def test_match_keys_that_nobody_needs_may_go(acme: Shop) -> None:
    assert acme.call("PATCH", "entities/solar_leads", {"duplicates": BY_EMAIL}).status_code == 200
    assert acme.call("PATCH", "entities/solar_leads", {"duplicates": NO_KEYS}).status_code == 200
