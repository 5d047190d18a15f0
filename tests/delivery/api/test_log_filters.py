"""The log's filters, its counts by state, and what a page of it costs."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.ids import new_id
from delivery import log_counts
from delivery.models import Attempt, Delivery
from tests.builders import (
    EMAIL,
    Set,
    make_account,
    make_assignment,
    make_channel,
    make_entity,
    make_lead,
    make_partner,
    make_profile,
    make_set,
)
from tests.delivery.api.tries import make_attempt

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Set:
    """Two leads to Helios, of which the first was delivered at its second try."""
    acme = make_set(make_account())
    make_attempt(acme)
    make_attempt(acme)
    make_lead(acme.shop)
    return acme


def found(acme: Set, path: str) -> int:
    return len(acme.shop.get(path.replace("+", "%2B"))["results"])


def add_roofs(acme: Set) -> dict[str, Any]:
    """A delivery of another Entity, profile, partner and channel, held."""
    roofs = make_entity(acme.shop, name="Roofs", slug="roofs")
    profile = make_profile(acme.shop, "Roofs West", entity="roofs")
    partner = make_partner(acme.shop, "Sunrise")
    channel = make_channel(acme.shop, make_assignment(acme.shop, profile, partner), EMAIL)
    with acme.shop.open():
        Delivery.objects.create(
            account_id=acme.shop.account.id, lead=acme.lead, channel=channel, profile=profile, partner=partner, state="held",
            created_at=acme.lead.created_at, updated_at=acme.lead.created_at,
        )  # fmt: skip
    return {"entity": roofs.id, "profile": profile.id, "partner": partner.id, "channel": channel.id}


def test_deliveries_are_found_by_each_side_and_by_several_at_once(acme: Set) -> None:
    roofs = add_roofs(acme)
    assert found(acme, "deliveries") == 3
    for name, value in roofs.items():
        assert found(acme, f"deliveries?{name}={value}") == 1, name
        assert found(acme, f"deliveries?{name}={new_id()}") == 0, name
    assert found(acme, f"deliveries?entity={acme.entity.id}") == found(acme, f"deliveries?partner={acme.partner.id}") == 2
    assert found(acme, f"deliveries?partner={acme.partner.id}&entity={roofs['entity']}") == 0
    assert found(acme, f"deliveries?partner={acme.partner.id}&state=delivered") == 1
    assert found(acme, f"deliveries?lead={acme.lead.id}&state=held,delivered") == 2


def test_tests_are_shown_alone_or_left_out(acme: Set) -> None:
    with acme.shop.open():
        Delivery.objects.filter(state="queued").update(is_test=True)
        attempt = Attempt.objects.get(number=2)
        attempt.id, attempt.trigger, attempt.delivery = new_id(), "test", Delivery.objects.get(is_test=True)
        attempt.save(force_insert=True)
    assert [found(acme, f"deliveries?is_test={value}") for value in ("true", "false", "true,false")] == [1, 1, 2]
    assert [found(acme, f"attempts?is_test={value}") for value in ("true", "false", "true,false")] == [1, 2, 3]


def test_attempts_are_found_by_what_their_delivery_is_of(acme: Set) -> None:
    assert found(acme, "attempts") == 2
    for name, value in {
        "delivery": acme.delivery_id, "channel": acme.channel.id, "profile": acme.profile.id, "partner": acme.partner.id,
        "lead": acme.lead.id, "entity": acme.entity.id,
    }.items():  # fmt: skip
        assert found(acme, f"attempts?{name}={value}") == 2, name
        assert found(acme, f"attempts?{name}={new_id()}") == 0, name
    assert found(acme, f"attempts?partner={acme.partner.id}&outcome=delivered") == 2
    assert found(acme, f"attempts?partner={acme.partner.id}&outcome=retry") == 0


def test_a_try_is_asked_for_its_outcome_and_not_for_a_state(acme: Set) -> None:
    answer = acme.shop.call("GET", "attempts?state=delivered")
    assert (answer.status_code, [error["attr"] for error in answer.json()["errors"]]) == (400, ["state"])


def test_a_span_of_tries_begins_with_its_first_moment_and_ends_before_its_last(acme: Set) -> None:
    with acme.shop.open():
        first, second = Attempt.objects.order_by("number").values_list("started_at", flat=True)
    assert found(acme, f"attempts?from={first.isoformat()}") == 2
    assert found(acme, f"attempts?from={second.isoformat()}") == 1
    assert found(acme, f"attempts?to={second.isoformat()}") == 1
    assert found(acme, f"attempts?from={(second + timedelta(microseconds=1)).isoformat()}") == 0


@pytest.mark.parametrize("path", ["deliveries", "deliveries/counts", "deliveries/export", "attempts"])
@pytest.mark.parametrize(
    "query", ["state=lost", "channel=x", "profile=x", "partner=x", "lead=x", "entity=x", "is_test=maybe", "from=x", "to=x"]
)
def test_a_filter_that_says_nothing_is_refused_by_its_name(acme: Set, path: str, query: str) -> None:
    answer = acme.shop.call("GET", f"{path}?{query}")
    assert (answer.status_code, [error["attr"] for error in answer.json()["errors"]]) == (400, [query.partition("=")[0]])


def test_all_faults_are_told_at_once(acme: Set) -> None:
    answer = acme.shop.call("GET", "attempts?outcome=lost&state=lost&from=x")
    assert {error["attr"] for error in answer.json()["errors"]} == {"outcome", "state", "from"}


def test_deliveries_are_counted_by_state(acme: Set) -> None:
    add_roofs(acme)
    counts = acme.shop.get("deliveries/counts")
    assert {state: count["count"] for state, count in counts.items()} == {
        "queued": 1, "sending": 0, "delivered": 1, "rejected": 0, "failed": 0, "collecting": 0, "held": 1, "cancelled": 0,
    }  # fmt: skip
    assert all(count["is_exact"] for count in counts.values())
    assert acme.shop.get(f"deliveries/counts?state=held,queued&partner={acme.partner.id}") == {
        "held": {"count": 0, "is_exact": True},
        "queued": {"count": 1, "is_exact": True},
    }


def test_counting_ends_where_nobody_counts_on(acme: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_counts, "MAX_COUNTED", 2)
    make_lead(acme.shop)
    assert acme.shop.get("deliveries/counts?state=queued") == {"queued": {"count": 2, "is_exact": True}}
    make_lead(acme.shop)
    assert acme.shop.get("deliveries/counts?state=queued") == {"queued": {"count": 2, "is_exact": False}}


def test_a_page_with_every_filter_costs_one_query_more_than_one_without(acme: Set, django_assert_num_queries: Any) -> None:
    query = f"channel={acme.channel.id}&profile={acme.profile.id}&partner={acme.partner.id}&entity={acme.entity.id}&lead={acme.lead.id}&is_test=false"
    acme.shop.get("deliveries")  # notes the key's use, once a minute
    for path, queries in (("deliveries", 8), ("attempts", 6)):
        with django_assert_num_queries(queries):
            acme.shop.get(path)
        with django_assert_num_queries(queries + 1):
            assert acme.shop.get(f"{path}?{query}&from=2020-01-01")["results"]
