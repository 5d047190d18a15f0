"""The second factor: turned on with an app, asked for at every sign-in, replaced by recovery codes, turned off."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client

from tests.accounts.mailbox import subjects_to
from tests.builders import make_account

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

ALICE = {"login": "alice@acme.test", "password": "correct-horse-1"}


@pytest.fixture(autouse=True)
def _no_tries_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def browser() -> Any:
    make_account()
    browser: Any = Client()
    browser.post("/sign-in", ALICE)
    return browser


def code_for(secret: str) -> str:
    """What an authenticator app shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def turn_on(browser: Any) -> str:
    """Returns the secret that the app keeps."""
    asked = browser.get("/me/second-factor/on")["Location"]
    page = browser.get(browser.post(asked, {"password": ALICE["password"]})["Location"]).content.decode()
    found = re.search(r'<code class="secret">(\w+)</code>', page)
    assert found
    assert 'src="data:image/svg+xml;base64,' in page
    assert browser.post("/me/second-factor/on", {"code": code_for(found[1])})["Location"] == "/me/recovery-codes"
    return found[1]


def test_with_it_a_password_alone_lets_nobody_in(browser: Any) -> None:
    secret = turn_on(browser)
    assert subjects_to("alice@acme.test") == ["The second factor is on"]
    other: Any = Client()
    assert other.post("/sign-in", ALICE)["Location"] == "/sign-in/code"
    assert other.get("/me/")["Location"] == "/sign-in?next=/me/"
    assert other.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert other.post("/sign-in/code", {"code": "000000"}).status_code == 200
    assert other.get("/me/").status_code == 302
    assert other.post("/sign-in/code", {"code": code_for(secret)})["Location"] == "/"
    assert other.get("/me/").status_code == 200


def test_a_code_opens_once(browser: Any) -> None:
    secret = turn_on(browser)
    with time_machine.travel(time.time() + 60, tick=False):
        first: Any = Client()
        second: Any = Client()
        for browser in (first, second):
            browser.post("/sign-in", ALICE)
        code = code_for(secret)
        assert first.post("/sign-in/code", {"code": code})["Location"] == "/"
        answer = second.post("/sign-in/code", {"code": code})
    assert "This code is not right." in answer.content.decode()


def test_a_recovery_code_opens_once(browser: Any) -> None:
    turn_on(browser)
    codes = re.findall(r"<li>(\d{8})</li>", browser.get("/me/recovery-codes").content.decode())
    assert len(codes) == 10
    for code, status in ((codes[0], 302), (codes[0], 200), (codes[1], 302)):
        other: Any = Client()
        other.post("/sign-in", ALICE)
        assert other.post("/sign-in/code", {"code": code}).status_code == status


def test_the_secret_is_sealed_in_the_database(browser: Any) -> None:
    secret = turn_on(browser)
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored
    assert len(stored) > len(secret)


def test_turning_it_off_takes_a_password_and_is_told_by_mail(browser: Any) -> None:
    turn_on(browser)
    other: Any = Client()
    other.force_login(Authenticator.objects.filter(type="totp").get().user)
    assert other.post("/me/second-factor/off")["Location"].startswith("/me/confirm")
    assert Authenticator.objects.exists()
    assert browser.post("/me/second-factor/off")["Location"] == "/me/second-factor"
    assert not Authenticator.objects.exists()
    assert subjects_to("alice@acme.test") == ["The second factor is on", "The second factor is off"]
    assert Client().post("/sign-in", ALICE)["Location"] == "/"
