"""Leads that leave a digest: erased, or their delivery cancelled."""

import pytest
from django.utils import timezone

from accounts.isolation import account_scope
from delivery.erasure import erase_leads
from delivery.models import Attempt, Rendering
from delivery.queue import ANSWER_ERASED
from tests.delivery.digests.collecting import Collecting, deliver, start_collecting, work
from tests.delivery.digests.mails import names_received
from tests.flows.inbox import Inbox

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "engine"])


@pytest.fixture
def shop(inbox: Inbox) -> Collecting:
    return start_collecting(inbox, attach_csv=True)


def erase(shop: Collecting, *lead_ids: object) -> None:
    with shop.shop.open():
        assert len(erase_leads(lead_ids, now=timezone.now())) == len(lead_ids)  # type: ignore[arg-type]


def put_together(shop: Collecting) -> None:
    work()
    shop.pass_an_hour()
    work()


def body(shop: Collecting, digest_id: object) -> dict[str, object]:
    (attempt,) = shop.shop.get(f"digests/{digest_id}")["attempts"]
    request: dict[str, object] = attempt["request"]
    return request


def test_one_that_is_erased_while_it_collects_is_in_no_digest(shop: Collecting, inbox: Inbox) -> None:
    _, second, _ = shop.send(3)
    work()
    erase(shop, second)
    shop.send_digests()
    assert names_received(inbox) == ["Lead 1", "Lead 3"]
    assert shop.states() == ["delivered", "cancelled", "delivered"]


def test_a_mail_is_put_together_again_without_one_that_is_erased_before_it_went_out(shop: Collecting, inbox: Inbox) -> None:
    first, _, _ = shop.send(3)
    put_together(shop)
    erase(shop, first)
    # The engine may come before the background.
    deliver()
    assert (inbox.raw, shop.carriers()[0].state) == ([], "held")
    work()
    deliver()
    assert names_received(inbox) == ["Lead 2", "Lead 3"]
    assert shop.states() == ["cancelled", "delivered", "delivered"]
    assert shop.digests()[0].lead_count == 2


def test_a_later_try_is_without_one_that_was_erased_since_the_first(shop: Collecting, inbox: Inbox) -> None:
    inbox.answer = lambda place: "451 Jane Doe, later" if place == 1 else "250 Stored"
    first, _ = shop.send(2)
    put_together(shop)
    deliver()
    erase(shop, first)
    with account_scope(shop.shop.account.id):
        assert Attempt.objects.get().reason == ANSWER_ERASED
    shop.try_again()
    work()
    deliver()
    assert names_received(Inbox(raw=inbox.raw[1:])) == ["Lead 2"]
    assert inbox.mails[0]["Message-ID"] == inbox.mails[1]["Message-ID"]


def test_a_digest_whose_leads_are_all_erased_is_cancelled(shop: Collecting, inbox: Inbox) -> None:
    lead_ids = shop.send(2)
    put_together(shop)
    erase(shop, *lead_ids)
    work()
    deliver()
    assert inbox.raw == []
    assert [(one.state, one.reason) for one in shop.carriers()] == [("cancelled", "No lead is left in this digest.")]


def test_an_open_digest_that_nothing_waits_for_is_gone(shop: Collecting, inbox: Inbox) -> None:
    lead_ids = shop.send(2)
    work()
    assert len(shop.digests()) == 1
    erase(shop, *lead_ids)
    shop.send_digests()
    assert (shop.digests(), shop.carriers(), inbox.raw) == ([], [], [])


def test_a_sent_mail_can_no_longer_be_read_once_a_lead_of_it_is_erased(shop: Collecting) -> None:
    first, _ = shop.send(2)
    put_together(shop)
    deliver()
    (digest,) = shop.digests()
    assert "Subject: 2 New Leads" in str(body(shop, digest.id)["body"])
    erase(shop, first)
    shown = body(shop, digest.id)
    assert shown["body"] is None
    assert "erased" in str(shown["note"])
    (changed,) = shop.digests()
    assert bytes(changed.wrapped_key) == b""
    with account_scope(shop.shop.account.id):
        assert Rendering.objects.count() > 1


def test_sent_again_it_is_without_one_that_was_erased(shop: Collecting, inbox: Inbox) -> None:
    first, _ = shop.send(2)
    put_together(shop)
    deliver()
    erase(shop, first)
    (digest,) = shop.digests()
    assert shop.shop.call("POST", f"digests/{digest.id}/resend").status_code == 200
    work()
    deliver()
    assert names_received(Inbox(raw=inbox.raw[1:])) == ["Lead 2"]


def test_one_that_is_cancelled_leaves_the_mail(shop: Collecting, inbox: Inbox) -> None:
    shop.send(3)
    put_together(shop)
    cancelled = shop.members()[1]
    assert shop.shop.call("POST", f"deliveries/{cancelled.id}/cancel").status_code == 200
    work()
    deliver()
    assert names_received(inbox) == ["Lead 1", "Lead 3"]
    assert shop.states() == ["delivered", "cancelled", "delivered"]
