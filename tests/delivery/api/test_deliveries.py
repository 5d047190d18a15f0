from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.ids import new_id
from delivery.models import Delivery
from distribution.models import Lead
from tests.builders import EMAIL, FIELDS, Set, make_account, make_assignment, make_channel, make_lead, make_partner, make_set
from tests.delivery.api.tries import make_attempt

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


def test_a_delivery_is_listed_with_where_it_stands(acme: Set) -> None:
    (row,) = acme.shop.get(f"deliveries?lead={acme.lead.id}")["results"]
    assert row | {"created_at": "", "updated_at": "", "next_attempt_at": ""} == {
        "id": str(acme.delivery_id),
        "lead": str(acme.lead.id),
        "channel": str(acme.channel.id),
        "channel_kind": "webhook",
        "profile": str(acme.profile.id),
        "profile_name": "Solar West",
        "partner": str(acme.partner.id),
        "partner_name": "Helios Direct",
        "state": "queued",
        "reason": "",
        "is_test": False,
        "attempts_made": 0,
        "next_attempt_at": "",
        "created_at": "",
        "updated_at": "",
        "finished_at": None,
        "digest": None,
        "resent_at": None,
        "partner_reference": "",
        "partner_price": None,
    }


def test_deliveries_are_filtered_by_each_of_their_sides(acme: Set) -> None:
    other = make_assignment(acme.shop, acme.profile, make_partner(acme.shop, "Sunrise"))
    mail = make_channel(acme.shop, other, EMAIL)
    late = make_lead(acme.shop)
    with acme.shop.open():
        Delivery.objects.filter(channel=mail).update(state="held")

    def found(query: str) -> int:
        return len(acme.shop.get(f"deliveries?{query}")["results"])

    assert found("") == 3
    assert found("state=queued") == 2
    assert found("state=queued,held") == found("state=queued&state=held") == 3
    assert found("state=failed") == 0
    assert found(f"channel={mail.id}") == found(f"partner={other.partner_id}") == 1
    assert found(f"profile={acme.profile.id}") == 3
    assert found(f"lead={late.id}") == 2
    assert found(f"lead={late.id}&state=held") == 1
    assert found(f"lead={new_id()}") == 0


def test_a_span_of_time_begins_with_its_first_moment_and_ends_before_its_last(acme: Set) -> None:
    with acme.shop.open():
        moment = Delivery.objects.get().created_at

    def found(query: str) -> int:
        return len(acme.shop.get(f"deliveries?{query}".replace("+", "%2B"))["results"])

    assert found(f"from={moment.isoformat()}") == 1
    assert found(f"to={moment.isoformat()}") == 0
    assert found(f"from={(moment + timedelta(microseconds=1)).isoformat()}") == 0
    assert found(f"from={moment.date()}&to={(moment + timedelta(days=1)).date()}") == 1
    assert found("from=0001-01-01&to=9999-12-31") == 1


@pytest.mark.parametrize("query", ["state=lost", "channel=x", "profile=x", "partner=x", "lead=x", "from=x", "to=x"])
def test_a_filter_that_says_nothing_is_refused(acme: Set, query: str) -> None:
    answer = acme.shop.call("GET", f"deliveries?{query}")
    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == [query.partition("=")[0]]


def test_a_delivery_tells_what_was_sent_and_what_came_back(acme: Set) -> None:
    make_attempt(acme, body='{"lead":{"city":"Köln"}}'.encode(), response=b'{"ok":true}')
    delivery = acme.shop.get(f"deliveries/{acme.delivery_id}")
    assert (delivery["state"], delivery["attempts_made"]) == ("delivered", 1)
    (attempt,) = delivery["attempts"]
    assert (attempt["number"], attempt["outcome"], attempt["reason"], attempt["http_status"]) == (1, "delivered", "Accepted.", 200)
    assert attempt["duration_ms"] == 0.0
    assert attempt["request"] == {
        "method": "POST",
        "url": "https://partner.example.com/leads",
        "headers": {"webhook-id": str(acme.delivery_id), "X-Api-Key": "••••••"},
        "body": '{"lead":{"city":"Köln"}}',
        "note": "",
        "is_masked": False,
        "is_truncated": False,
    }
    assert attempt["response"] == {
        "status": 200,
        "headers": {"server": "nginx", "set-cookie": "a=1, b=2"},
        "body": '{"ok":true}',
        "note": "",
        "is_masked": False,
        "is_truncated": False,
    }


def test_attempts_stand_in_their_order(acme: Set) -> None:
    for _ in range(3):
        make_attempt(acme)
    attempts = acme.shop.get(f"deliveries/{acme.delivery_id}")["attempts"]
    assert [(attempt["number"], attempt["trigger"]) for attempt in attempts] == [(1, "automatic"), (2, "retry"), (3, "retry")]


def test_an_answer_that_is_no_text_is_shown_as_far_as_it_can_be(acme: Set) -> None:
    make_attempt(acme, response=b"\xff\x00ok", is_response_truncated=True)
    (attempt,) = acme.shop.get(f"deliveries/{acme.delivery_id}")["attempts"]
    assert (attempt["response"]["body"], attempt["response"]["is_truncated"]) == ("\ufffd\x00ok", True)


def test_a_body_with_an_encrypted_value_needs_the_scope(acme: Set) -> None:
    make_attempt(acme, body=b'{"ssn":"078-05-1120"}', response=b"got 078-05-1120", has_encrypted=True)
    path = f"deliveries/{acme.delivery_id}"
    answer = acme.shop.call("GET", path, key=acme.shop.key_with("read"))
    assert b"078-05-1120" not in answer.content
    (masked,) = answer.json()["attempts"]
    for part in ("request", "response"):
        assert (masked[part]["body"], masked[part]["is_masked"]) == (None, True)
        assert "read:encrypted" in masked[part]["note"]
    (clear,) = acme.shop.get(path, key=acme.shop.key_with("read", "read:encrypted"))["attempts"]
    assert (clear["request"]["body"], clear["response"]["body"]) == ('{"ssn":"078-05-1120"}', "got 078-05-1120")


def test_a_body_made_before_its_field_was_encrypted_needs_the_scope_too(acme: Set) -> None:
    path, reader = f"deliveries/{acme.delivery_id}", acme.shop.key_with("read")
    make_attempt(acme, response=b"got 90210")
    (before,) = acme.shop.get(path, key=reader)["attempts"]
    assert (before["request"]["body"], before["response"]["body"]) == ('{"lead":{"zip":"90210"}}', "got 90210")
    encrypt(acme, "ssn", "zip")
    (masked,) = acme.shop.get(path, key=reader)["attempts"]
    assert [(masked[part]["body"], masked[part]["is_masked"]) for part in ("request", "response")] == [(None, True), (None, True)]
    (clear,) = acme.shop.get(path, key=acme.shop.key_with("read", "read:encrypted"))["attempts"]
    assert clear["request"]["body"] == '{"lead":{"zip":"90210"}}'
    encrypt(acme, "ssn")
    assert acme.shop.get(path, key=reader)["attempts"] == [before]


@pytest.mark.parametrize(("seconds", "is_masked"), [(89, True), (91, False)])
def test_a_body_made_after_the_switch_hides_nothing_once_no_engine_can_have_the_old_fields(
    acme: Set, seconds: int, is_masked: bool
) -> None:
    encrypt(acme, "ssn", "zip")
    with time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=False):
        make_attempt(acme, body=b"{}")
        (attempt,) = acme.shop.get(f"deliveries/{acme.delivery_id}", key=acme.shop.key_with("read"))["attempts"]
    assert attempt["request"]["is_masked"] is is_masked


def encrypt(acme: Set, *keys: str) -> None:
    """Let exactly these fields be encrypted."""
    fields = [{**field, "is_encrypted": field["key"] in keys} for field in FIELDS]
    assert acme.shop.call("PATCH", "entities/solar_leads", {"fields": fields}).status_code == 200


def test_of_an_erased_lead_the_times_and_states_are_left(acme: Set) -> None:
    make_attempt(acme)
    with acme.shop.open():
        Lead.objects.filter(id=acme.lead.id).update(wrapped_key=b"", sealed=None, values={})
    (attempt,) = acme.shop.get(f"deliveries/{acme.delivery_id}")["attempts"]
    assert (attempt["outcome"], attempt["http_status"]) == ("delivered", 200)
    for part in ("request", "response"):
        assert attempt[part]["body"] is None
        assert "erased" in attempt[part]["note"]


def test_attempts_are_listed_newest_first_and_filtered(acme: Set) -> None:
    make_attempt(acme)
    last = make_attempt(acme)
    listed = acme.shop.get("attempts")["results"]
    assert [attempt["number"] for attempt in listed] == [2, 1]
    assert (listed[0]["id"], listed[0]["delivery"], listed[0]["lead"], listed[0]["partner_name"]) == (
        str(last.id), str(acme.delivery_id), str(acme.lead.id), "Helios Direct",
    )  # fmt: skip
    assert len(acme.shop.get(f"attempts?delivery={acme.delivery_id}&outcome=delivered")["results"]) == 2
    assert acme.shop.get("attempts?outcome=failed,retry")["results"] == []
    assert acme.shop.get(f"attempts?channel={new_id()}")["results"] == []
    assert acme.shop.get("attempts?to=2020-01-01")["results"] == []


def test_lists_cost_the_same_number_of_queries_however_long_they_are(acme: Set, django_assert_num_queries: Any) -> None:
    for _ in range(4):
        make_lead(acme.shop)
        make_attempt(acme)
    delivery_id = acme.delivery_id
    acme.shop.get("deliveries")  # notes the key's use, once a minute
    with django_assert_num_queries(8):
        assert len(acme.shop.get("deliveries")["results"]) == 5
    with django_assert_num_queries(6):
        assert len(acme.shop.get("attempts")["results"]) == 4
    with django_assert_num_queries(10):
        assert len(acme.shop.get(f"deliveries/{delivery_id}")["attempts"]) == 4
