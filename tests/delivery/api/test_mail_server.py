from typing import Any

import pytest

from accounts.models import MailServer
from delivery.models import Delivery
from tests.builders import EMAIL, Set, make_account, make_set

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

SERVER = {"host": "127.0.0.1", "port": 2525, "security": "none", "from_address": "leads@acme.test", "from_name": "Acme"}


@pytest.fixture
def acme() -> Set:
    return make_set(make_account(), EMAIL)


def password_of(acme: Set) -> str | None:
    with acme.shop.open() as access:
        server = MailServer.objects.get()
        if server.sealed_password is None:
            return None
        return access.vault.open(server.sealed_password, purpose=MailServer.PASSWORD, record_id=server.id).decode()


def test_there_is_none_before_it_is_set(acme: Set) -> None:
    assert acme.shop.call("GET", "mail-server").status_code == 404


def test_it_is_set_and_read_without_its_password(acme: Set) -> None:
    answer = acme.shop.call("PUT", "mail-server", {**SERVER, "username": "acme", "password": " pass word "})
    assert answer.status_code == 200
    assert answer.json() | {"updated_at": ""} == {**SERVER, "username": "acme", "has_password": True, "updated_at": ""}
    assert acme.shop.get("mail-server") == answer.json()
    assert password_of(acme) == " pass word "


@pytest.mark.parametrize(("given", "kept"), [({}, "pass-word"), ({"password": None}, "pass-word"), ({"password": ""}, None)])
def test_a_password_left_out_is_kept_and_an_empty_one_removed(acme: Set, given: dict[str, Any], kept: str | None) -> None:
    acme.shop.call("PUT", "mail-server", {**SERVER, "password": "pass-word"})
    assert acme.shop.call("PUT", "mail-server", {**SERVER, **given}).json()["has_password"] is (kept is not None)
    assert password_of(acme) == kept


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": "localhost"}, "The server's host changed; "),
        ({"port": 587}, "The server's port changed; "),
        ({"security": "tls"}, "The server's security changed; "),
        ({"host": "localhost", "port": 587, "security": "tls"}, "The server's host and port and security changed; "),
    ],
)
@pytest.mark.parametrize("password", [{}, {"password": None}], ids=["left out", "null"])
def test_a_password_does_not_follow_to_another_server(acme: Set, change: dict[str, Any], words: str, password: dict[str, Any]) -> None:
    acme.shop.call("PUT", "mail-server", {**SERVER, "password": "pass-word"})
    before = acme.shop.get("mail-server")
    answer = acme.shop.call("PUT", "mail-server", {**SERVER, **change, **password})
    assert answer.status_code == 400
    ((attr, code, detail),) = [(error["attr"], error["code"], error["detail"]) for error in answer.json()["errors"]]
    assert (attr, code) == ("password", "required")
    assert detail == words + "give the password again, so that it goes to no one for whom it was not meant."
    assert acme.shop.get("mail-server") == before
    assert password_of(acme) == "pass-word"


@pytest.mark.parametrize(("given", "kept"), [("pass-word", "pass-word"), ("another", "another"), ("", None)])
def test_a_server_moves_with_a_password_that_is_given_again_or_without_one(acme: Set, given: str, kept: str | None) -> None:
    acme.shop.call("PUT", "mail-server", {**SERVER, "password": "pass-word"})
    assert acme.shop.call("PUT", "mail-server", {**SERVER, "host": "localhost", "password": given}).json()["host"] == "localhost"
    assert password_of(acme) == kept


def test_a_server_without_a_password_moves_freely(acme: Set) -> None:
    acme.shop.call("PUT", "mail-server", SERVER)
    assert acme.shop.call("PUT", "mail-server", {**SERVER, "host": "localhost", "port": 587}).status_code == 200


def test_mails_that_waited_for_it_are_queued(acme: Set) -> None:
    with acme.shop.open():
        Delivery.objects.update(state="held", reason="No mail server.", next_attempt_at=None)
    acme.shop.call("PUT", "mail-server", SERVER)
    with acme.shop.open():
        delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason, delivery.next_attempt_at is not None) == ("queued", "", True)


def test_mails_that_waited_for_a_partners_address_are_queued_when_it_has_one(acme: Set) -> None:
    with acme.shop.open():
        Delivery.objects.update(state="held", reason="No recipient.", next_attempt_at=None)
    acme.shop.call("PATCH", f"partners/{acme.partner.id}", {"notes": "Pays late."})
    with acme.shop.open():
        assert Delivery.objects.get().state == "held"
    acme.shop.call("PATCH", f"partners/{acme.partner.id}", {"email": "new@helios.test"})
    with acme.shop.open():
        assert Delivery.objects.get().state == "queued"


@pytest.mark.parametrize(
    ("values", "attr"),
    [
        ({"port": 0}, "port"),
        ({"port": 65536}, "port"),
        ({"security": "ssl"}, "security"),
        ({"host": "a b"}, "host"),
        ({"host": "mail.acme.test\n.x"}, "host"),
        ({"from_address": "nobody"}, "from_address"),
        ({"from_name": "A\nBcc: b@c.example"}, "from_name"),
        ({"use_tls": True}, "use_tls"),
    ],
)
def test_the_faults_of_a_mail_server(acme: Set, values: dict[str, Any], attr: str) -> None:
    answer = acme.shop.call("PUT", "mail-server", {**SERVER, **values})
    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == [attr]
