"""How people come in: signing up, confirming an address, signing in, a forgotten password, a changed address, limits."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client

from accounts.access import accounts_of
from accounts.isolation import account_scope
from accounts.models import AuditEvent, Member, OutgoingMail, User
from tests.accounts.mailbox import link_in, mails_to, subjects_to
from tests.builders import make_account

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

PASSWORD = "correct-horse-1"
JANE = {"name": "Jane Roe", "company": "Helios Direct", "email": "Jane@Helios.test", "password1": PASSWORD}


@pytest.fixture(autouse=True)
def _no_tries_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def browser() -> Any:
    return Client()


def sign_in(browser: Any, email: str, password: str = PASSWORD, **more: str) -> Any:
    return browser.post("/sign-in", {"login": email, "password": password, **more})


def is_signed_in(browser: Any) -> bool:
    return "_auth_user_id" in browser.session


def errors_of(answer: Any) -> list[str]:
    return [text.strip() for text in re.findall(r'class="error"[^>]*>([^<]+)<', answer.content.decode())]


def test_who_signs_up_owns_a_new_account_once_the_address_is_confirmed(browser: Any) -> None:
    assert browser.post("/sign-up", JANE)["Location"] == "/sign-up/sent"
    assert not is_signed_in(browser)
    [mail] = mails_to("jane@helios.test")
    assert mail.subject == "Confirm your email address"
    link = link_in(mail)
    assert browser.get(link).status_code == 200
    assert not is_signed_in(browser), "a mail program that opens links confirms nothing"
    assert browser.post(link)["Location"] == "/"
    assert is_signed_in(browser)
    user = User.objects.get(email="jane@helios.test")
    [(account_id, slug, _)] = accounts_of(user)
    assert (user.name, slug, user.is_staff) == ("Jane Roe", "helios-direct", False)
    with account_scope(account_id):
        assert Member.objects.get().role == "owner"
        assert AuditEvent.objects.get().action == "created"


def test_links_in_mails_begin_with_the_public_address_whatever_host_was_asked(browser: Any, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    browser.post("/sign-up", JANE, headers={"Host": "evil.test"})
    assert "evil.test" not in OutgoingMail.objects.get().text


def test_until_then_nobody_gets_in(browser: Any) -> None:
    browser.post("/sign-up", JANE)
    cache.clear()
    assert sign_in(Client(), "jane@helios.test")["Location"] == "/sign-up/sent"
    assert len(mails_to("jane@helios.test")) == 2, "and the mail is sent again"


def test_two_companies_of_one_name_have_different_addresses(browser: Any) -> None:
    make_account("Helios Direct", "alice@acme.test")
    browser.post("/sign-up", JANE)
    [(_, slug, _)] = accounts_of(User.objects.get(email="jane@helios.test"))
    assert re.fullmatch(r"helios-direct-[0-9a-f]{6}", slug)


def test_signing_up_with_an_address_that_has_a_sign_in_looks_the_same_and_tells_its_owner(browser: Any) -> None:
    make_account("Acme", "jane@helios.test")
    assert browser.post("/sign-up", JANE)["Location"] == "/sign-up/sent"
    assert subjects_to("jane@helios.test") == ["You have a sign-in already"]
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"password1": "short"}, ["This password is too short. It must contain at least 10 characters."]),
        ({"email": "jane"}, ["Enter a valid email address."]),
        ({"company": ""}, ["Company is missing."]),
        ({"name": "Jane\nRoe"}, ["Wanted one line, without control characters."]),
    ],
)
def test_what_is_wrong_with_a_sign_up_stands_at_its_field(browser: Any, change: dict[str, str], errors: list[str]) -> None:
    answer = browser.post("/sign-up", {**JANE, **change})
    assert errors_of(answer) == errors
    assert not User.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_a_person_signs_in_and_out_again(browser: Any) -> None:
    make_account()
    assert sign_in(browser, "Alice@Acme.test")["Location"] == "/"
    assert browser.get("/")["Location"] == "/a/acme/"
    assert browser.post("/sign-out")["Location"] == "/sign-in"
    assert not is_signed_in(browser)


def test_signing_in_leads_to_where_one_wanted_to_go_within_leadflip(browser: Any) -> None:
    make_account()
    asked = browser.get("/a/acme/team/")["Location"]
    assert asked == "/sign-in?next=/a/acme/team/"
    assert sign_in(browser, "alice@acme.test", next="/a/acme/team/")["Location"] == "/a/acme/team/"
    assert sign_in(Client(), "alice@acme.test", next="https://evil.test/")["Location"] == "/"


@pytest.mark.parametrize(("email", "password"), [("alice@acme.test", "wrong-horse-1"), ("nobody@acme.test", PASSWORD)])
def test_a_wrong_password_and_an_unknown_address_are_answered_alike(browser: Any, email: str, password: str) -> None:
    make_account()
    answer = sign_in(browser, email, password)
    assert "No sign-in has this email address and this password." in answer.content.decode()
    assert not is_signed_in(browser)


def test_after_five_wrong_passwords_the_right_one_has_to_wait(browser: Any) -> None:
    make_account()
    for _ in range(5):
        sign_in(browser, "alice@acme.test", "wrong-horse-1")
    answer = sign_in(browser, "alice@acme.test")
    assert "Too many tries have failed." in answer.content.decode()
    assert not is_signed_in(browser)


def test_who_sends_too_much_gets_a_page_that_says_so(browser: Any) -> None:
    answers = [browser.post("/sign-up", {}) for _ in range(21)]
    assert [answer.status_code for answer in answers[-2:]] == [200, 429]
    assert "Too many tries" in answers[-1].content.decode()


def test_a_forgotten_password_is_set_anew_by_the_link_in_the_mail_once(browser: Any) -> None:
    make_account()
    assert browser.post("/password/forgotten", {"email": "alice@acme.test"})["Location"] == "/password/forgotten/sent"
    [mail] = mails_to("alice@acme.test")
    link = link_in(mail)
    form = browser.get(link)["Location"]
    assert form.endswith("-set-password"), "the key is not kept in the address"
    answer = browser.post(form, {"password1": "another-horse-2", "password2": "another-horse-2"})
    assert answer["Location"] == "/password/new"
    assert not is_signed_in(browser)
    assert sign_in(browser, "alice@acme.test", "another-horse-2")["Location"] == "/"
    assert "This link does not work" in Client().get(link).content.decode()
    assert subjects_to("alice@acme.test") == ["Set a new password", "Your password was reset"]


def test_a_reset_for_nobody_looks_the_same(browser: Any) -> None:
    assert browser.post("/password/forgotten", {"email": "nobody@acme.test"})["Location"] == "/password/forgotten/sent"
    assert subjects_to("nobody@acme.test") == ["No sign-in with this address"]


def test_a_changed_password_signs_out_every_other_browser(browser: Any) -> None:
    make_account()
    other = Client()
    sign_in(browser, "alice@acme.test")
    sign_in(other, "alice@acme.test")
    passwords = {"oldpassword": PASSWORD, "password1": "another-horse-2", "password2": "another-horse-2"}
    assert browser.post("/me/password", passwords)["Location"] == "/me/"
    assert browser.get("/me/").status_code == 200
    assert other.get("/me/")["Location"] == "/sign-in?next=/me/"
    assert subjects_to("alice@acme.test") == ["Your password was changed"]


def test_a_new_address_counts_once_it_is_confirmed(browser: Any) -> None:
    make_account()
    sign_in(browser, "alice@acme.test")
    asked = browser.post("/me/email", {"email": "Alice@New.test", "action_add": "1"})["Location"]
    assert asked == "/me/confirm?next=%2Fme%2Femail"
    assert not OutgoingMail.objects.exists(), "an unlocked screen is not enough"
    assert browser.post(asked, {"password": PASSWORD})["Location"] == "/me/email"
    assert User.objects.get().email == "alice@acme.test"
    [mail] = mails_to("alice@new.test")
    browser.post(link_in(mail))
    assert User.objects.get().email == "alice@new.test"
    assert [(address.email, address.verified, address.primary) for address in EmailAddress.objects.all()] == [
        ("alice@new.test", True, True)
    ]
    assert subjects_to("alice@acme.test") == ["Your email address was changed"]


def test_an_address_of_another_sign_in_is_refused(browser: Any) -> None:
    make_account()
    make_account("Other", "charlie@other.test")
    sign_in(browser, "alice@acme.test")
    answer = browser.post("/me/email", {"email": "charlie@other.test", "action_add": "1"})
    assert errors_of(answer) == ["This email address has a sign-in already."]
    assert not OutgoingMail.objects.exists()


def test_an_address_that_became_somebody_elses_before_the_click_stays_theirs(browser: Any) -> None:
    make_account()
    sign_in(browser, "alice@acme.test")
    asked = browser.post("/me/email", {"email": "jane@helios.test", "action_add": "1"})["Location"]
    browser.post(asked, {"password": PASSWORD})
    link = link_in(mails_to("jane@helios.test")[0])
    User.objects.create_user("jane@helios.test", PASSWORD)
    browser.post(link)
    assert sorted(User.objects.values_list("email", flat=True)) == ["alice@acme.test", "jane@helios.test"]


def test_a_person_names_themselves(browser: Any) -> None:
    make_account()
    sign_in(browser, "alice@acme.test")
    assert browser.post("/me/", {"name": "Alice Doe"})["Location"] == "/me/"
    assert User.objects.get().name == "Alice Doe"
    assert errors_of(browser.post("/me/", {"name": "Alice\x00"})) != []
    assert User.objects.get().name == "Alice Doe"


def test_signing_out_everywhere_else_ends_every_session_but_this_one(browser: Any) -> None:
    make_account()
    other = Client()
    sign_in(browser, "alice@acme.test")
    sign_in(other, "alice@acme.test")
    assert browser.post("/me/sign-out-elsewhere")["Location"] == "/me/"
    assert "You are signed out on every other device." in browser.get("/me/").content.decode()
    assert other.get("/me/")["Location"] == "/sign-in?next=/me/"
    sign_in(other, "alice@acme.test")
    assert other.get("/me/").status_code == 200, "signing in anew works as before"


def test_nothing_is_signed_out_by_a_link(browser: Any) -> None:
    make_account()
    sign_in(browser, "alice@acme.test")
    assert browser.get("/me/sign-out-elsewhere").status_code == 405
    assert User.objects.get().signed_out_at is None


def test_accounts_go_by_their_names(browser: Any) -> None:
    make_account("Acme & Sons", "alice@acme.test")
    sign_in(browser, "alice@acme.test")
    assert ">Acme &amp; Sons</a>" in browser.get("/me/").content.decode()
    switcher = browser.get("/", follow=True).content.decode().split('<div class="menu">')[1].split("</div>")[0]
    assert "<bdi>Acme &amp; Sons</bdi>" in switcher


def test_a_person_opens_another_account_and_lands_in_it(browser: Any) -> None:
    make_account()
    sign_in(browser, "alice@acme.test")
    browser.post("/accounts/new", {"company": "Second"})
    assert browser.get("/")["Location"] == "/a/second/"
    assert [(own.slug, own.name) for own in accounts_of(User.objects.get())] == [("acme", "Acme"), ("second", "Second")]


def test_the_admin_is_entered_by_the_same_way_in(browser: Any) -> None:
    make_account()
    assert browser.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert browser.get("/admin/login/?next=/admin/")["Location"] == "/sign-in?next=%2Fadmin%2F"
    assert browser.post("/admin/login/", {"username": "alice@acme.test", "password": PASSWORD})["Location"].startswith("/sign-in")
    assert not is_signed_in(browser)
    assert sign_in(browser, "alice@acme.test", next="/admin/")["Location"] == "/admin/"
    assert browser.get("/admin/").status_code == 200


def test_who_is_not_on_the_staff_is_not_sent_round_in_circles(browser: Any) -> None:
    make_account()
    User.objects.update(is_staff=False)
    sign_in(browser, "alice@acme.test")
    assert browser.get("/admin/login/?next=/admin/").status_code == 403
