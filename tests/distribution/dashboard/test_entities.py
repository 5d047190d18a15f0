"""Entities and their fields in the dashboard."""

from typing import Any

import pytest

from accounts.models import Job
from distribution.models import Entity, Field
from tests.builders import Shop, make_account, make_entity, make_lead, make_profile
from tests.pages import Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def shop() -> Shop:
    return make_account()


@pytest.fixture
def alice(shop: Shop) -> Visitor:
    return sign_in(shop)


def _keys(shop: Shop) -> list[str]:
    with shop.open():
        return list(Field.objects.order_by("position").values_list("key", flat=True))


def test_an_entity_is_made_with_contact_fields(shop: Shop, alice: Visitor) -> None:
    answer = alice.post("entities/new", {"name": "Solar Leads", "has_contact": "on"})
    assert answer["Location"] == alice.url("entities/solar_leads/")
    assert _keys(shop) == ["first_name", "last_name", "email", "phone", "zip"]


def test_a_slug_that_will_not_do_is_refused_at_its_field(alice: Visitor) -> None:
    answer = alice.post("entities/new", {"name": "Solar", "slug": "No Good!"})
    assert answer.status_code == 400
    assert "slug" in answer.context["form"].errors


def test_a_field_is_added_with_its_choices_and_its_key_made_from_the_label(shop: Shop, alice: Visitor) -> None:
    make_entity(shop)
    alice.post("entities/solar_leads/", {"label": "Kind of roof", "type": "select", "choices": "flat\npitched = Pitched roof"})
    with shop.open():
        field = Field.objects.get(key="kind_of_roof")
    assert field.options == {"choices": [{"value": "flat", "label": "flat"}, {"value": "pitched", "label": "Pitched roof"}]}


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ({"label": "Email", "type": "text", "key": "mail"}, "label"),
        ({"label": "Roof", "type": "text", "key": "9"}, "key"),
        ({"label": "Roof", "type": "select", "choices": ""}, "choices"),
        ({"label": "Roof", "type": "select", "choices": "flat\nflat"}, "choices"),
        ({"label": "Size", "type": "number", "min": "5", "max": "1"}, "max"),
        ({"label": "Size", "type": "number", "default": "many"}, "default"),
        ({"label": "", "type": "text"}, "label"),
    ],
)
def test_what_is_wrong_with_a_field_stands_at_its_place(shop: Shop, alice: Visitor, typed: dict[str, Any], place: str) -> None:
    make_entity(shop)
    answer = alice.post("entities/solar_leads/", typed)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [place]


def test_a_field_moves_by_one_place(shop: Shop, alice: Visitor) -> None:
    make_entity(shop)
    alice.post("entities/solar_leads/fields/email/move", {"to": "up"})
    assert _keys(shop)[:2] == ["email", "first_name"]
    alice.post("entities/solar_leads/fields/email/move", {"to": "up"})
    assert _keys(shop)[:2] == ["email", "first_name"]


def test_removing_a_field_in_use_names_its_users_and_wants_a_word_more(shop: Shop, alice: Visitor) -> None:
    make_entity(shop)
    make_profile(shop, rules={"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]})
    refused = alice.post("entities/solar_leads/fields/zip/delete", follow=True)
    assert "the rules of the profile Solar West" in refused.content.decode()
    assert "zip" in _keys(shop)
    forced = alice.post("entities/solar_leads/fields/zip/delete", {"is_forced": "on"}, follow=True)
    assert "conditions on it that no longer fit are false" in forced.content.decode()
    assert "zip" not in _keys(shop)


def test_a_field_names_what_uses_it(shop: Shop, alice: Visitor) -> None:
    make_entity(shop)
    make_profile(shop, rules={"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]})
    rows = {row["field"].key: row for row in alice.get("entities/solar_leads/").context["rows"]}
    assert (rows["zip"]["type"], [use.words for use in rows["zip"]["uses"]]) == ("Text", ["the rules of the profile Solar West"])
    assert rows["email"]["uses"] == []
    assert "<bdi>The rules of the profile Solar West</bdi>" in alice.html("entities/solar_leads/")


def test_the_key_of_a_field_stays_whatever_is_sent(shop: Shop, alice: Visitor) -> None:
    make_entity(shop)
    alice.post("entities/solar_leads/fields/zip/", {"label": "ZIP code", "type": "text", "key": "post_code"})
    with shop.open():
        assert Field.objects.get(label="ZIP code").key == "zip"


def test_encrypting_a_field_starts_sealing_what_is_there(shop: Shop, alice: Visitor) -> None:
    make_entity(shop)
    make_lead(shop)
    answer = alice.post("entities/solar_leads/fields/email/", {"label": "Email", "type": "email", "is_encrypted": "on"}, follow=True)
    assert "being re-sealed in the background" in answer.content.decode()
    with shop.open():
        assert Job.objects.get().kind == "reseal"


def test_duplicates_and_retention_are_saved_from_words(shop: Shop, alice: Visitor) -> None:
    make_entity(shop)
    typed = {
        "name": "Solar", "slug": "solar", "action": "skip", "match": "email\nzip, first_name", "window_days": "30", "retention_days": "365",
        "display_field": "email",
    }  # fmt: skip
    assert alice.post("entities/solar_leads/settings", typed).status_code == 302
    with shop.open():
        entity = Entity.objects.get()
    assert entity.duplicates == {"action": "skip", "match": [["email"], ["zip", "first_name"]], "window_days": 30}
    assert (entity.slug, entity.retention_days, entity.display_field) == ("solar", 365, "email")


def test_a_match_key_of_no_field_is_refused_where_it_was_typed(shop: Shop, alice: Visitor) -> None:
    make_entity(shop)
    answer = alice.post("entities/solar_leads/settings", {"name": "Solar", "slug": "solar", "action": "skip", "match": "shoe_size"})
    assert list(answer.context["form"].errors) == ["match"]


def test_an_entity_with_leads_stays(shop: Shop, alice: Visitor) -> None:
    make_entity(shop)
    make_lead(shop)
    assert "so it stays" in alice.post("entities/solar_leads/delete", follow=True).content.decode()
    with shop.open():
        assert Entity.objects.exists()


def test_a_viewer_looks_and_changes_nothing(shop: Shop) -> None:
    make_entity(shop)
    viewer = sign_in(shop, "viewer")
    assert "Add a field" not in viewer.html("entities/solar_leads/")
    for path in ("entities/solar_leads/", "entities/solar_leads/fields/zip/delete", "entities/solar_leads/settings", "entities/new"):
        assert viewer.post(path).status_code == 403
    assert "zip" in _keys(shop)


def test_another_accounts_entity_is_not_there(shop: Shop) -> None:
    make_entity(shop)
    charlie = sign_in(make_account("Charlie", "charlie@charlie.test"))
    assert charlie.get("entities/solar_leads/").status_code == 404


def test_hostile_labels_stay_text(shop: Shop, alice: Visitor) -> None:
    make_entity(shop, name="<script>x</script>", fields=[{"key": "a", "label": "<img src=x onerror=alert(1)>", "type": "text"}])
    for path in ("entities/", "entities/solar_leads/", "entities/solar_leads/fields/a/", "entities/solar_leads/settings"):
        page = alice.html(path)
        assert "<img src=x" not in page
        assert "<script>x" not in page


def test_the_pages_cost_the_same_queries_however_many_fields_there_are(shop: Shop, alice: Visitor) -> None:
    make_entity(shop)
    make_entity(shop, slug="many", fields=[{"key": f"f{number}", "type": "text"} for number in range(40)])
    assert alice.count_queries("entities/solar_leads/") == alice.count_queries("entities/many/")
    assert alice.count_queries("entities/many/") <= 20
