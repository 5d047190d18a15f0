"""Send test: one real try, with request and answer in place. That no transaction is open meanwhile only a database without one around it shows."""

from typing import Any

import pytest

from accounts.models import Account, MailServer
from delivery.models import Attempt
from tests.builders import EMAIL, Set, make_account, make_set
from tests.delivery.api.test_trials import Receiver, receiver
from tests.delivery.channels.test_email_sending import Server, running
from tests.delivery.dashboard.test_channel_page import path_of
from tests.pages import HTMX, Visitor, sign_in

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

__all__ = ["receiver"]


@pytest.fixture
def acme(receiver: Receiver, settings: Any) -> Set:
    settings.OUTBOUND_PORTS = settings.OUTBOUND_PORTS | {receiver.server_port}
    shop = make_account()
    with shop.open():
        Account.objects.update(is_http_allowed=True)
    return make_set(shop, {"kind": "webhook", "fields": {"mode": "all", "include_encrypted": True}, "config": {"url": receiver.url}})


@pytest.fixture
def alice(acme: Set) -> Visitor:
    return sign_in(acme.shop)


def test_request_and_answer_are_shown_in_place(acme: Set, alice: Visitor, receiver: Receiver) -> None:
    answer = alice.post(path_of(acme, "/test"), headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<!doctype html>" not in page
    assert "Accepted." in page
    assert (answer.context["attempt"].http_status, answer.context["response_body"]) == (200, "thanks")
    assert '"first_name": "Sample First name"' in answer.context["request_body"]
    assert len(receiver.bodies) == 1


def test_no_transaction_is_open_while_the_partner_is_waited_for(acme: Set, alice: Visitor, receiver: Receiver) -> None:
    alice.post(path_of(acme, "/test"))
    assert receiver.was_in_transaction == [False]


def test_without_javascript_the_result_is_a_page_with_links_that_propose_rules(acme: Set, alice: Visitor) -> None:
    answer = alice.post(path_of(acme, "/test"))
    assert "<!doctype html>" in answer.content.decode()
    assert [one.words for one in answer.context["proposals"]] == ["The text “thanks”", "The status 200"]
    assert f'href="{alice.url(path_of(acme))}?rules=' in answer.content.decode()


def test_a_partner_that_refuses_is_told_in_words(acme: Set, alice: Visitor, receiver: Receiver) -> None:
    receiver.status = 503
    answer = alice.post(path_of(acme, "/test"))
    assert (answer.context["word"], answer.context["attempt"].code) == ("Not delivered", "http_503")
    assert answer.context["attempt"].reason in answer.content.decode()


def test_a_lead_can_be_sent_and_who_may_not_see_encrypted_values_sees_no_body(acme: Set, receiver: Receiver) -> None:
    answer = sign_in(acme.shop, "member").post(path_of(acme, "/test"), {"lead": str(acme.lead.id)})
    assert b"078-05-1120" in receiver.bodies[0]
    assert "078-05-1120" not in answer.content.decode()
    assert "read:encrypted" in answer.context["request_note"]


def test_a_viewer_sends_nothing(acme: Set, receiver: Receiver) -> None:
    assert sign_in(acme.shop, "viewer").post(path_of(acme, "/test")).status_code == 403
    assert receiver.bodies == []


def test_what_is_missing_is_told_and_nothing_recorded() -> None:
    acme = make_set(make_account(), EMAIL)
    answer = sign_in(acme.shop).post(path_of(acme, "/test"))
    assert "Nothing was sent." in answer.content.decode()
    assert "mail server" in answer.context["problem"]
    with acme.shop.open():
        assert Attempt.objects.count() == 0


def test_a_mail_that_was_sent_is_shown_by_what_it_says() -> None:
    acme = make_set(make_account(), EMAIL)
    with running(Server()) as server:
        with acme.shop.open() as access:
            MailServer.objects.create(
                account_id=access.account_id, host="127.0.0.1", port=server.port, security="none", from_address="leads@acme.test"
            )
        answer = sign_in(acme.shop).post(path_of(acme, "/test"))
    assert answer.context["request_body"].startswith("From: leads@acme.test\nSubject: New Lead: Sample First name\n\n")
    assert answer.context["response_body"] == "leads@helios.test: 250 Stored as 42"
