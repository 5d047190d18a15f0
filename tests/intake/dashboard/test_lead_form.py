"""The public form of an Entity, set up in the dashboard."""

from typing import Any

import pytest
from django.test import Client

from distribution.models import Entity
from intake.models import LeadForm
from tests.builders import Shop, make_account, make_entity
from tests.pages import Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

PAGE = "leads/form/solar_leads"
SETTINGS: dict[str, Any] = {
    "is_enabled": "on",
    "title": "Get a quote",
    "field_keys": ["first_name", "zip"],
    "button": "Ask",
    "thank_you": "Thanks!",
    "redirect_url": "",
    "allowed_origins": "https://www.example.com\nhttps://example.org",
}


@pytest.fixture
def shop() -> Shop:
    return make_account()


@pytest.fixture
def entity(shop: Shop) -> Entity:
    return make_entity(shop)


@pytest.fixture
def alice(shop: Shop, entity: Entity) -> Visitor:
    return sign_in(shop)


def stored(shop: Shop) -> LeadForm | None:
    with shop.open():
        return LeadForm.objects.first()


def test_it_begins_closed_with_the_plain_fields(shop: Shop, alice: Visitor) -> None:
    form = alice.get(PAGE).context["form"]
    assert (form["is_enabled"].value(), form["field_keys"].value()) == (False, ["first_name", "email", "zip", "budget"])
    assert stored(shop) is None


def test_once_saved_it_has_an_address_and_a_snippet(shop: Shop, alice: Visitor) -> None:
    assert alice.post(PAGE, SETTINGS)["Location"] == alice.url(PAGE)
    form = stored(shop)
    assert form is not None
    assert (form.is_enabled, form.field_keys) == (True, ["first_name", "zip"])
    assert form.allowed_origins == ["https://www.example.com", "https://example.org"]
    page = alice.get(PAGE)
    assert page.context["address"].endswith(f"/f/{form.public_key}/")
    assert page.context["snippet"].startswith(f'<iframe src="{page.context["address"]}"')
    assert Client().get(f"/f/{form.public_key}/").status_code == 200


def test_switched_off_it_is_closed(shop: Shop, alice: Visitor) -> None:
    alice.post(PAGE, SETTINGS)
    alice.post(PAGE, {name: value for name, value in SETTINGS.items() if name != "is_enabled"})
    form = stored(shop)
    assert form is not None
    assert Client().get(f"/f/{form.public_key}/").status_code == 404


def test_faults_stand_at_their_fields_with_what_was_typed(shop: Shop, alice: Visitor) -> None:
    wrong = {**SETTINGS, "field_keys": ["zip"], "redirect_url": "http://x.test", "allowed_origins": "*", "title": ""}
    answer = alice.post(PAGE, wrong)
    assert (answer.status_code, set(answer.context["form"].errors)) == (400, {"title"})
    answer = alice.post(PAGE, {**wrong, "title": "<script>x"})
    assert (answer.status_code, set(answer.context["form"].errors)) == (400, {"field_keys", "redirect_url", "allowed_origins"})
    assert "<script>x" not in answer.content.decode()
    assert stored(shop) is None


def test_a_new_address_is_given_on_request(shop: Shop, alice: Visitor) -> None:
    assert "save it first" in alice.post(f"{PAGE}/address", follow=True).content.decode()
    alice.post(PAGE, SETTINGS)
    before = stored(shop)
    alice.post(f"{PAGE}/address")
    after = stored(shop)
    assert before is not None
    assert after is not None
    assert before.public_key != after.public_key


def test_a_viewer_looks_and_changes_nothing(shop: Shop, entity: Entity) -> None:
    viewer = sign_in(shop, "viewer")
    assert '<fieldset class="plain stack" disabled>' in viewer.html(PAGE)
    assert viewer.post(PAGE, SETTINGS).status_code == 403
    assert viewer.post(f"{PAGE}/address").status_code == 403
    assert stored(shop) is None


def test_another_accounts_form_is_not_there(entity: Entity) -> None:
    charlie = sign_in(make_account("Charlie", "charlie@charlie.test"))
    assert charlie.get(PAGE).status_code == 404
    assert charlie.post(PAGE, SETTINGS).status_code == 404
