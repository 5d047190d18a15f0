"""The first page of an account."""

import pytest

from accounts.models import Account
from tests.builders import make_account, make_entity, make_lead, make_set
from tests.pages import sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def test_an_empty_account_is_told_its_first_steps() -> None:
    page = sign_in(make_account()).get("")
    assert [(step.title, step.is_done) for step in page.context["steps"]] == [
        ("Create an Entity", False),
        ("Add a partner", False),
        ("Create a Distribution Profile", False),
        ("Set up its Delivery Channel", False),
        ("See a lead delivered", False),
    ]


def test_steps_tick_themselves() -> None:
    shop = make_account()
    make_set(shop)
    assert [step.is_done for step in sign_in(shop).get("").context["steps"]] == [True, True, True, True, False]


def test_leads_that_went_to_nobody_need_attention() -> None:
    shop = make_account()
    make_entity(shop)
    make_lead(shop)
    make_lead(shop)
    page = sign_in(shop).get("")
    assert page.context["unmatched"] == 2
    assert "2 leads</a> of the last day went to nobody" in page.content.decode()


def test_the_span_is_one_of_those_offered() -> None:
    visitor = sign_in(make_account())
    assert [visitor.get(f"?days={days}").context["days"] for days in ("7", "90", "12", "x")] == [7, 90, 30, 30]


def test_a_name_that_is_hostile_stays_text() -> None:
    shop = make_account()
    with shop.open():
        Account.objects.update(name="<script>alert(1)</script>" + "x" * 60)
    page = sign_in(shop).html("")
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
