"""What is done with leads in the dashboard: added by hand, distributed again, erased."""

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from delivery.models import Delivery
from distribution.models import Decision, Lead
from distribution.profiles import change_profile
from tests.builders import Set, make_account, make_assignment, make_channel, make_entity, make_partner, make_set
from tests.pages import Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


@pytest.fixture
def alice(acme: Set) -> Visitor:
    return sign_in(acme.shop)


def test_a_lead_added_by_hand_is_routed_like_every_other(acme: Set, alice: Visitor) -> None:
    answer = alice.post("leads/new/solar_leads", {"value_first_name": "Maria", "value_zip": "90001", "note": "By telephone"})
    with acme.shop.open():
        lead = Lead.objects.latest("id")
        assert (lead.source, lead.values["first_name"], lead.note, lead.deliveries.count()) == ("manual", "Maria", "By telephone", 1)
    assert answer["Location"] == alice.url(f"leads/{lead.id}/")


def test_who_would_get_it_is_told_and_nothing_stays(acme: Set, alice: Visitor) -> None:
    page = alice.post("leads/new/solar_leads", {"value_first_name": "Maria", "rehearse": "1"})
    assert "Helios Direct" in page.content.decode()
    with acme.shop.open():
        assert (Lead.objects.count(), Delivery.objects.count()) == (1, 1)


def test_what_is_wrong_with_a_typed_value_stands_at_its_field(acme: Set, alice: Visitor) -> None:
    answer = alice.post("leads/new/solar_leads", {"value_email": "nobody", "value_budget": "many"})
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"value_first_name", "value_email", "value_budget"}
    with acme.shop.open():
        assert Lead.objects.count() == 1


def test_an_address_is_typed_by_its_parts(alice: Visitor, acme: Set) -> None:
    make_entity(acme.shop, name="Roofs", slug="roofs", fields=[{"key": "home", "label": "Home", "type": "address"}])
    alice.post("leads/new/roofs", {"value_home.street": "Main St", "value_home.postcode": "90210"})
    with acme.shop.open():
        assert Lead.objects.latest("id").values == {"home": {"street": "Main St", "postcode": "90210"}}


def test_a_lead_is_redistributed_to_those_who_did_not_have_it(acme: Set, alice: Visitor) -> None:
    make_channel(acme.shop, make_assignment(acme.shop, acme.profile, make_partner(acme.shop, "Sunrise")))
    answer = alice.post(f"leads/{acme.lead.id}/redistribute", follow=True)
    assert "1 new delivery." in answer.content.decode()
    with acme.shop.open():
        assert sorted(delivery.partner.name for delivery in acme.lead.deliveries.all()) == ["Helios Direct", "Sunrise"]
        decision = Decision.objects.latest("id")
        assert AuditEvent.objects.filter(action="redistributed", object_id=acme.lead.id).exists()
    assert decision.detail["after"] == {"reason": "Distributed again."}
    assert "Nobody else gets it" in alice.post(f"leads/{acme.lead.id}/redistribute", follow=True).content.decode()


def test_an_erased_lead_shows_nothing_and_goes_nowhere(acme: Set, alice: Visitor) -> None:
    page = alice.post(f"leads/{acme.lead.id}/erase", follow=True).content.decode()
    assert "Jane" not in page.split("<main")[1]
    assert "Nothing is left of it." in page
    assert "The lead was erased" in alice.post(f"leads/{acme.lead.id}/redistribute", follow=True).content.decode()


def test_before_a_lead_is_distributed_again_the_page_says_to_whom(acme: Set, alice: Visitor) -> None:
    make_channel(acme.shop, make_assignment(acme.shop, acme.profile, make_partner(acme.shop, "Sunrise")))
    page = alice.get(f"leads/{acme.lead.id}/redistribute")
    assert page.context["receivers"] == ["Sunrise"]
    assert "Helios Direct has this lead already." in page.content.decode()
    with acme.shop.open():
        assert (Delivery.objects.count(), Decision.objects.count(), AuditEvent.objects.filter(action="redistributed").count()) == (1, 1, 0)


def test_it_goes_a_second_time_to_those_who_have_it_where_that_was_ticked(acme: Set, alice: Visitor) -> None:
    alice.post(f"leads/{acme.lead.id}/redistribute", {"sends_again": "on"})
    with acme.shop.open():
        assert [delivery.partner_id for delivery in acme.lead.deliveries.all()] == [acme.partner.id] * 2


def test_a_partner_who_rejected_it_is_asked_again(acme: Set, alice: Visitor) -> None:
    with acme.shop.open():
        acme.lead.deliveries.update(state="rejected", finished_at=timezone.now())
    alice.post(f"leads/{acme.lead.id}/redistribute")
    with acme.shop.open():
        assert sorted(acme.lead.deliveries.values_list("state", flat=True)) == ["queued", "rejected"]


def test_without_a_profile_there_is_nobody_to_distribute_it_to(acme: Set, alice: Visitor) -> None:
    with acme.shop.open() as access:
        change_profile(access, acme.profile, {"is_enabled": False})
    for answer in (
        alice.get(f"leads/{acme.lead.id}/redistribute", follow=True),
        alice.post(f"leads/{acme.lead.id}/redistribute", follow=True),
    ):
        assert "No profile of Solar Leads is switched on" in answer.content.decode()
