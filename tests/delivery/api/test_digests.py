"""/api/digests"""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.ids import new_id
from accounts.models import AuditEvent
from delivery.models import Delivery, Digest
from tests.delivery.digests.collecting import Collecting, deliver, start_collecting, work
from tests.delivery.digests.mails import names_received, numbered
from tests.flows.inbox import Inbox

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "engine"])


@pytest.fixture
def shop(inbox: Inbox) -> Collecting:
    return start_collecting(inbox, attach_csv=True)


def only(shop: Collecting) -> Any:
    (row,) = shop.shop.get("digests")["results"]
    return row


def test_an_open_digest_shows_what_waits_for_it(shop: Collecting) -> None:
    shop.send(3)
    work()
    row = only(shop)
    assert (row["state"], row["lead_count"], row["closed_at"], row["attempts_made"]) == ("collecting", 3, None, 0)
    assert row["profile_name"] == "Solar West"
    with shop.shop.open():
        due_at = Digest.objects.get().due_at
    assert timezone.now() < due_at <= timezone.now() + timedelta(hours=1)
    assert (due_at.minute, due_at.second) == (0, 0)
    members = shop.shop.get(f"digests/{row['id']}/deliveries?limit=2")
    assert [member["state"] for member in members["results"]] == ["collecting"] * 2
    assert members["next"]


def test_a_sent_digest_shows_its_mail_and_its_deliveries(shop: Collecting, inbox: Inbox) -> None:
    shop.send(2)
    shop.send_digests()
    row = shop.shop.get(f"digests/{only(shop)['id']}")
    assert (row["state"], row["lead_count"], row["size"]) == ("delivered", 2, len(inbox.raw[0]))
    assert row["recipients"] == ["leads@helios.test"]
    (attempt,) = row["attempts"]
    assert (attempt["delivery"], attempt["outcome"], attempt["url"]) == (row["id"], "delivered", "leads@helios.test")
    assert inbox.raw[0].decode().startswith(attempt["request"]["body"])
    assert attempt["response"]["body"] == "leads@helios.test: 250 Stored"
    members = shop.shop.get(f"digests/{row['id']}/deliveries")["results"]
    assert [(member["state"], member["digest"]) for member in members] == [("delivered", row["id"])] * 2


def test_the_log_of_each_delivery_has_the_digests_tries(shop: Collecting) -> None:
    shop.send(2)
    shop.send_digests()
    row = only(shop)
    for member in shop.shop.get("deliveries")["results"]:
        (attempt,) = shop.shop.get(f"deliveries/{member['id']}")["attempts"]
        assert (attempt["delivery"], attempt["number"], attempt["outcome"]) == (row["id"], 1, "delivered")
        assert "Subject: 2 New Leads" in attempt["request"]["body"]


def test_what_carries_a_digest_is_no_delivery_of_a_lead(shop: Collecting) -> None:
    shop.send(2)
    work()
    digest_id = only(shop)["id"]
    assert digest_id not in [row["id"] for row in shop.shop.get("deliveries")["results"]]
    for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/resend")):
        assert shop.shop.call(method, f"deliveries/{digest_id}{path}", {}).status_code == 404
    assert shop.shop.get("deliveries/counts")["collecting"] == {"count": 2, "is_exact": True}


def test_a_mail_with_encrypted_values_is_masked_without_the_scope(inbox: Inbox) -> None:
    shop = start_collecting(inbox, attach_csv=True, fields={"mode": "all", "include_encrypted": True})
    shop.send(1, ssn="078-05-1120")
    shop.send_digests()
    path = f"digests/{only(shop)['id']}"
    key = shop.shop.key_with("read")
    for masked in (path, f"deliveries/{shop.members()[0].id}"):
        (attempt,) = shop.shop.get(masked, key=key)["attempts"]
        assert (attempt["request"]["body"], attempt["request"]["is_masked"], attempt["response"]["is_masked"]) == (None, True, True)
    assert not shop.shop.get(path)["attempts"][0]["request"]["is_masked"]


def test_digests_are_filtered_by_channel_and_state(shop: Collecting) -> None:
    shop.send(1)
    shop.send_digests()
    shop.send(1)
    work()

    def found(query: str) -> list[str]:
        return [row["state"] for row in shop.shop.get(f"digests?{query}")["results"]]

    assert found("") == ["collecting", "delivered"]
    assert found("state=delivered") == ["delivered"]
    assert found("state=delivered,collecting") == ["collecting", "delivered"]
    assert found(f"channel={shop.channel.id}&state=collecting") == ["collecting"]
    assert found(f"channel={new_id()}") == []
    assert shop.shop.call("GET", "digests?state=lost").status_code == 400


def test_an_open_digest_is_sent_now(shop: Collecting, inbox: Inbox) -> None:
    shop.send(2)
    work()
    answer = shop.shop.call("POST", f"digests/{only(shop)['id']}/send")
    assert answer.status_code == 200
    work()
    deliver()
    assert names_received(inbox) == numbered(2)
    with shop.shop.open():
        assert AuditEvent.objects.filter(object_type="digest", action="sent").count() == 1


def test_the_next_try_of_a_digest_is_made_now(shop: Collecting, inbox: Inbox) -> None:
    inbox.answer = lambda place: "451 Later" if place == 1 else "250 Stored"
    shop.send(2)
    shop.send_digests()
    assert shop.shop.call("POST", f"digests/{only(shop)['id']}/send").json()["state"] == "queued"
    deliver()
    assert only(shop)["state"] == "delivered"
    again = shop.shop.call("POST", f"digests/{only(shop)['id']}/send")
    assert (again.status_code, again.json()["errors"][0]["detail"]) == (
        409,
        "This digest is delivered already; there is nothing left to send.",
    )


def test_a_digest_of_a_paused_channel_is_not_sent(shop: Collecting) -> None:
    shop.send(2)
    work()
    assert shop.shop.call("POST", f"channels/{shop.channel.id}/pause").status_code == 200
    assert shop.shop.call("POST", f"digests/{only(shop)['id']}/send").status_code == 409


@pytest.mark.parametrize("end", ["250 Stored", "554 Spam"])
def test_a_digest_is_sent_again_byte_for_byte(shop: Collecting, inbox: Inbox, end: str) -> None:
    inbox.answer = lambda place: end if place == 1 else "250 Stored"
    shop.send(2)
    shop.send_digests()
    answer = shop.shop.call("POST", f"digests/{only(shop)['id']}/resend")
    assert (answer.status_code, answer.json()["state"]) == (200, "queued")
    assert shop.states() == ["collecting"] * 2
    deliver()
    assert len(inbox.raw) == 2
    assert inbox.raw[0] == inbox.raw[1]
    assert shop.states() == ["delivered"] * 2
    assert [attempt.trigger for attempt in shop.attempts()] == ["automatic", "resend"]


def test_a_digest_that_still_collects_cannot_be_sent_again(shop: Collecting) -> None:
    shop.send(2)
    work()
    answer = shop.shop.call("POST", f"digests/{only(shop)['id']}/resend")
    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (409, "This digest still collects; send it first.")


def test_a_test_goes_out_at_once_as_a_digest_of_one_lead(shop: Collecting, inbox: Inbox) -> None:
    answer = shop.shop.call("POST", f"channels/{shop.channel.id}/test", {})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "delivered")
    (mail,) = inbox.mails
    assert mail["Subject"].startswith("New Lead: ")
    assert names_received(inbox)
    assert shop.digests() == []


def test_a_preview_is_a_digest_of_one_lead(shop: Collecting) -> None:
    shown = shop.shop.call("POST", f"channels/{shop.channel.id}/preview", {}).json()
    assert shown["text"].startswith("This is a test. No lead was sent.")
    assert shown["subject"].startswith("New Lead: ")


def test_a_digest_costs_the_list_no_further_query(shop: Collecting, django_assert_max_num_queries: Any) -> None:
    for _ in range(3):
        shop.send(1)
        shop.send_digests()
    with shop.shop.open():
        assert Delivery.objects.filter(is_digest=True).count() == 3
    with django_assert_max_num_queries(8):
        assert len(shop.shop.get("digests")["results"]) == 3
