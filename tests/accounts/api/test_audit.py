from typing import Any

import pytest

from tests.builders import Shop, make_account, make_partner

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Shop:
    return make_account()


def test_a_change_is_told_with_who_and_what_and_old_and_new(acme: Shop) -> None:
    partner = make_partner(acme)
    answer = acme.call("PATCH", f"partners/{partner.id}", {"caps": {"day": 5}})
    event = acme.get("audit")["results"][0]
    assert event["actor"]["kind"] == "api_key"
    assert event["actor"]["label"].startswith("First key (lf_")
    assert (event["action"], event["object_type"], event["object"], event["object_label"]) == (
        "updated", "partner", str(partner.id), "Helios Direct",
    )  # fmt: skip
    assert event["changes"] == {"caps": [{}, {"day": 5}]}
    assert event["request_id"] == answer["X-Request-Id"]


def test_a_password_is_not_told_only_that_it_changed(acme: Shop) -> None:
    server = {"host": "mail.acme.test", "from_address": "leads@acme.test", "password": "pass-word-1"}
    acme.call("PUT", "mail-server", server)
    acme.call("PUT", "mail-server", {**server, "password": "pass-word-2"})
    answer = acme.call("GET", "audit")
    assert answer.json()["results"][0]["changes"] == {"sealed_password": ["••••••", "••••••"]}
    assert "pass-word" not in answer.content.decode()


def test_a_change_that_changes_nothing_leaves_no_event(acme: Shop) -> None:
    partner = make_partner(acme)
    before = len(acme.get("audit")["results"])
    acme.call("PATCH", f"partners/{partner.id}", {"name": "Helios Direct"})
    assert len(acme.get("audit")["results"]) == before


def test_it_is_filtered_by_object_and_by_time(acme: Shop) -> None:
    partner = make_partner(acme)
    make_partner(acme, "Sunrise")
    (event,) = acme.get(f"audit?object={partner.id}")["results"]
    assert acme.get("audit?to=2020-01-01")["results"] == []
    assert event in acme.get(f"audit?from={event['at']}")["results"]


@pytest.mark.parametrize("query", ["object=x", "from=yesterday", "to=2026-13-01", "from=2026-01-01T99:00"])
def test_a_filter_that_says_nothing_is_refused(acme: Shop, query: str) -> None:
    answer = acme.call("GET", f"audit?{query}")
    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == [query.partition("=")[0]]


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(acme: Shop, django_assert_num_queries: Any) -> None:
    for number in range(5):
        make_partner(acme, f"P{number}")
    acme.get("audit")  # notes the key's use, once a minute
    with django_assert_num_queries(4):
        assert len(acme.get("audit")["results"]) >= 5
