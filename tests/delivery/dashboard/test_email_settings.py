"""Email settings: the account's mail server, and a test message in the server's own words."""

import asyncio
from typing import Any

import pytest
from django.db import connection

from accounts.models import MailServer
from delivery.models import Delivery
from tests.builders import EMAIL, Set, Shop, make_account, make_set
from tests.delivery.api.test_trials import OPEN_TRANSACTIONS
from tests.delivery.channels.test_email_sending import Server, running
from tests.pages import HTMX, Visitor, sign_in

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

SERVER: dict[str, Any] = {
    "host": "127.0.0.1",
    "port": "2525",
    "security": "none",
    "username": "",
    "password": "",
    "from_address": "leads@acme.test",
    "from_name": "Acme",
}


@pytest.fixture
def shop() -> Shop:
    return make_account()


@pytest.fixture
def alice(shop: Shop) -> Visitor:
    return sign_in(shop)


def stored_password(shop: Shop) -> str | None:
    with shop.open() as access:
        server = MailServer.objects.get()
        if server.sealed_password is None:
            return None
        return access.vault.open(server.sealed_password, purpose=MailServer.PASSWORD, record_id=server.id).decode()


def test_a_server_is_saved_and_its_password_never_shown(shop: Shop, alice: Visitor) -> None:
    answer = alice.post("email/", {**SERVER, "username": "acme", "password": " pass word "})
    assert (answer.status_code, answer["Location"]) == (302, alice.url("email/"))
    page = alice.html("email/")
    assert 'value="leads@acme.test"' in page
    assert "pass word" not in page
    assert "••••••" in page
    assert stored_password(shop) == " pass word "


@pytest.mark.parametrize(("typed", "kept"), [({}, "pass-word"), ({"password": "new"}, "new"), ({"forget_password": "on"}, None)])
def test_an_empty_password_is_the_stored_one_unless_it_is_to_be_forgotten(
    shop: Shop, alice: Visitor, typed: dict[str, str], kept: str | None
) -> None:
    alice.post("email/", {**SERVER, "username": "acme", "password": "pass-word"})
    alice.post("email/", {**SERVER, "username": "acme", **typed})
    assert stored_password(shop) == kept


def test_faults_stand_at_their_fields_and_nothing_is_saved(shop: Shop, alice: Visitor) -> None:
    answer = alice.post("email/", {**SERVER, "host": "mail acme", "port": "70000", "from_address": "nobody", "from_name": "a\nb"})
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"host", "port", "from_address", "from_name"}
    with shop.open():
        assert MailServer.objects.count() == 0


def test_mails_that_were_held_for_want_of_a_server_are_queued() -> None:
    acme: Set = make_set(make_account(), EMAIL)
    with acme.shop.open():
        Delivery.objects.update(state="held", next_attempt_at=None, reason="no server")
    sign_in(acme.shop).post("email/", SERVER)
    with acme.shop.open():
        assert Delivery.objects.get().state == "queued"


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_only_those_who_run_the_account_open_it(shop: Shop, role: str) -> None:
    visitor = sign_in(shop, role)
    assert visitor.get("email/").status_code == 403
    assert visitor.post("email/", SERVER).status_code == 403
    assert visitor.post("email/test").status_code == 403


def test_a_test_message_goes_to_whoever_asks_for_it(alice: Visitor) -> None:
    with running(Server()) as server:
        alice.post("email/", {**SERVER, "port": str(server.port)})
        answer = alice.post("email/test", headers=HTMX)
    page = answer.content.decode()
    assert "The server took the message." in page
    assert "alice@acme.test: 250 Stored as 42" in page
    assert "<!doctype html>" not in page
    ((recipients, mail),) = server.mails
    assert recipients == ["alice@acme.test"]
    assert b"Subject: Leadflip: test message" in mail


def test_a_refusal_is_told_in_the_servers_own_words(alice: Visitor) -> None:
    refusal = "550 5.7.1 <b>We do not know you</b>"
    with running(Server(refusals={"alice@acme.test": refusal})) as server:
        alice.post("email/", {**SERVER, "port": str(server.port)})
        answer = alice.post("email/test")
    page = answer.content.decode()
    assert "5.7.1 &lt;b&gt;We do not know you&lt;/b&gt;" in page
    assert "The server took the message." not in page


def test_no_transaction_is_open_while_the_server_is_waited_for(alice: Visitor) -> None:
    seen: list[bool] = []

    def look() -> None:
        with connection.cursor() as cursor:
            cursor.execute(OPEN_TRANSACTIONS)
            seen.append(cursor.fetchone()[0] > 0)
        connection.close()

    class Watching(Server):
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
            await asyncio.to_thread(look)
            return "250 OK"

    with running(Watching()) as server:
        alice.post("email/", {**SERVER, "port": str(server.port)})
        alice.post("email/test")
    assert seen == [False]


def test_without_a_server_there_is_nothing_to_test(alice: Visitor) -> None:
    assert alice.post("email/test").status_code == 302
    assert "Save a mail server first." in alice.html("email/")
