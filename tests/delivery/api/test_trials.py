"""Tests and previews of a channel over the API; that no transaction is open meanwhile, only a database without one around it can show."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.db import connection

from accounts.ids import new_id
from accounts.models import Account
from delivery.models import Attempt, Delivery
from tests.builders import EMAIL, Set, make_account, make_set

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

OPEN_TRANSACTIONS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%%' AND pid <> pg_backend_pid()
"""


class Receiver(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[bytes] = []
        self.was_in_transaction: list[bool] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/leads"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        with connection.cursor() as cursor:
            cursor.execute(OPEN_TRANSACTIONS)
            self.server.was_in_transaction.append(cursor.fetchone()[0] > 0)
        connection.close()
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(b"thanks")

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def acme(receiver: Receiver, settings: Any) -> Set:
    settings.OUTBOUND_PORTS = settings.OUTBOUND_PORTS | {receiver.server_port}
    shop = make_account()
    with shop.open():
        Account.objects.update(is_http_allowed=True)
    return make_set(shop, {"kind": "webhook", "fields": {"mode": "all"}, "config": {"url": receiver.url}})


def test_a_sample_is_sent_now_and_answered_with_what_came_back(acme: Set, receiver: Receiver) -> None:
    answer = acme.shop.call("POST", f"channels/{acme.channel.id}/test", {})
    assert answer.status_code == 200, answer.content
    tried = answer.json()
    assert (tried["outcome"], tried["http_status"], tried["trigger"], tried["delivery_state"]) == ("delivered", 200, "test", "delivered")
    assert tried["request"]["body"].encode() == receiver.bodies[0]
    assert tried["request"]["url"] == receiver.url
    assert tried["response"]["body"] == "thanks"
    listed = acme.shop.get(f"deliveries/{tried['delivery']}")
    assert (listed["is_test"], listed["lead"], [one["id"] for one in listed["attempts"]]) == (True, None, [tried["id"]])


def test_no_transaction_is_open_while_the_partner_is_waited_for(acme: Set, receiver: Receiver) -> None:
    acme.shop.call("POST", f"channels/{acme.channel.id}/test", {})
    assert receiver.was_in_transaction == [False]


def test_a_lead_of_the_account_can_be_sent(acme: Set, receiver: Receiver) -> None:
    tried = acme.shop.call("POST", f"channels/{acme.channel.id}/test", {"lead": str(acme.lead.id)}).json()
    assert b'"zip":"90210"' in receiver.bodies[0].replace(b" ", b"")
    assert acme.shop.get(f"deliveries/{tried['delivery']}")["lead"] == str(acme.lead.id)


def test_a_partner_that_refuses_is_told_as_it_is(acme: Set, receiver: Receiver) -> None:
    receiver.status = 503
    tried = acme.shop.call("POST", f"channels/{acme.channel.id}/test", {}).json()
    assert (tried["http_status"], tried["code"], tried["next_attempt_at"]) == (503, "http_503", None)


@pytest.mark.parametrize("what", ["test", "preview"])
@pytest.mark.parametrize("body", [{"lead": str(new_id())}, {"lead": "x"}, {"laed": None}])
def test_a_lead_that_there_is_not_sends_nothing(acme: Set, receiver: Receiver, what: str, body: dict[str, Any]) -> None:
    answer = acme.shop.call("POST", f"channels/{acme.channel.id}/{what}", body)
    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == list(body)
    with acme.shop.open():
        assert (Attempt.objects.count(), Delivery.objects.count(), receiver.bodies) == (0, 1, [])


def test_another_account_sends_nothing(acme: Set, receiver: Receiver) -> None:
    other = make_account("Other", "charlie@other.test")
    assert other.call("POST", f"channels/{acme.channel.id}/test", {}).status_code == 404
    assert receiver.bodies == []


def test_a_preview_sends_nothing_and_masks_what_is_secret(acme: Set, receiver: Receiver) -> None:
    acme.shop.call("PATCH", f"channels/{acme.channel.id}", {"fields": {"mode": "all", "include_encrypted": True}})
    shown = acme.shop.call("POST", f"channels/{acme.channel.id}/preview", {"lead": str(acme.lead.id)})
    assert shown.status_code == 200
    assert (shown.json()["method"], shown.json()["url"]) == ("POST", receiver.url)
    assert "90210" in shown.json()["body"]
    assert b"078-05-1120" not in shown.content
    assert receiver.bodies == []


def test_a_mail_without_a_mail_server_is_refused_with_the_reason() -> None:
    acme = make_set(make_account(), EMAIL)
    answer = acme.shop.call("POST", f"channels/{acme.channel.id}/test", {})
    assert answer.status_code == 409
    assert "mail server" in answer.json()["errors"][0]["detail"]
    shown = acme.shop.call("POST", f"channels/{acme.channel.id}/preview", {}).json()
    assert (shown["kind"], shown["to"]) == ("email", ["leads@helios.test"])
