"""A lead that is here goes through the profiles again, by the API."""

import pytest

from delivery.models import Delivery
from tests.builders import Set, make_account, make_assignment, make_channel, make_partner, make_set

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


def receivers(acme: Set) -> list[str]:
    with acme.shop.open():
        return list(Delivery.objects.order_by("id").values_list("partner__name", flat=True))


def test_whoever_came_later_gets_it_and_nobody_twice(acme: Set) -> None:
    make_channel(acme.shop, make_assignment(acme.shop, acme.profile, make_partner(acme.shop, "Sunrise")))
    answer = acme.shop.call("POST", f"leads/{acme.lead.id}/redistribute").json()
    assert [(one["partner_name"], one["state"]) for one in answer["deliveries"]] == [("Sunrise", "queued")]
    reasons = {one["partner_name"]: one["reason"] for one in answer["decisions"][0]["assignments"]}
    assert reasons == {"Helios Direct": "Helios Direct has this lead already.", "Sunrise": "Chosen."}
    assert receivers(acme) == ["Helios Direct", "Sunrise"]


def test_a_dry_run_stores_nothing(acme: Set) -> None:
    answer = acme.shop.call("POST", f"leads/{acme.lead.id}/redistribute", {"sends_again": True, "dry_run": True}).json()
    assert [one["partner_name"] for one in answer["deliveries"]] == ["Helios Direct"]
    assert receivers(acme) == ["Helios Direct"]


def test_it_is_sent_again_where_that_is_wanted(acme: Set) -> None:
    acme.shop.call("POST", f"leads/{acme.lead.id}/redistribute", {"sends_again": True})
    assert receivers(acme) == ["Helios Direct", "Helios Direct"]


def test_an_erased_lead_goes_to_nobody(acme: Set) -> None:
    acme.shop.call("DELETE", f"leads/{acme.lead.id}")
    answer = acme.shop.call("POST", f"leads/{acme.lead.id}/redistribute")
    assert answer.status_code == 409
    assert "erased" in answer.json()["errors"][0]["detail"]


def test_a_mistyped_key_is_an_error(acme: Set) -> None:
    answer = acme.shop.call("POST", f"leads/{acme.lead.id}/redistribute", {"send_again": True})
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "send_again")
    assert receivers(acme) == ["Helios Direct"]
