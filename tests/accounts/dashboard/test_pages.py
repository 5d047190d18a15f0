"""What every page has in common: who may open it, and in which account."""

import pytest
from django.test import Client

from tests.builders import make_account
from tests.pages import HTMX, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_back() -> None:
    shop = make_account()
    answer = Client().get(f"/a/{shop.account.slug}/partners/")
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"?next=/a/{shop.account.slug}/partners/")


def test_an_account_of_others_is_as_one_that_never_was() -> None:
    make_account()
    charlie = sign_in(make_account("Charlie", "charlie@charlie.test"))
    theirs, none = charlie.client.get("/a/acme/"), charlie.client.get("/a/no-such-account/")
    assert (theirs.status_code, none.status_code) == (404, 404)
    assert theirs.content == none.content


def test_the_start_leads_to_the_account_that_was_open_last() -> None:
    visitor = sign_in(make_account())
    answer = visitor.client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/a/acme/")


def test_the_theme_is_switched_without_javascript_and_leads_back() -> None:
    visitor = sign_in(make_account())
    answer = visitor.client.post("/theme", {"next": "/a/acme/partners/"})
    assert (answer["Location"], answer.cookies["theme"].value) == ("/a/acme/partners/", "dark")
    assert 'data-theme="dark"' in visitor.html("")


def test_the_theme_leads_to_no_other_site() -> None:
    answer = Client().post("/theme", {"next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_pages_say_that_nothing_but_their_own_may_run() -> None:
    policy = sign_in(make_account()).get("")["Content-Security-Policy"]
    assert "script-src 'self';" in policy + ";"
    assert "unsafe" not in policy


def test_a_fault_page_stands_where_no_page_is() -> None:
    answer = sign_in(make_account()).get("no-such-page/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


def test_htmx_gets_a_part_only_where_the_page_has_one() -> None:
    assert "<!doctype html>" in sign_in(make_account()).html("", headers=HTMX)


def test_a_form_from_another_site_is_refused_in_words() -> None:
    shop = make_account()
    client = Client(enforce_csrf_checks=True)
    client.force_login(sign_in(shop).client.get(f"/a/{shop.account.slug}/").wsgi_request.user)  # type: ignore[arg-type]  # signed in
    answer = client.post(f"/a/{shop.account.slug}/settings/", {"name": "Mine"})
    assert answer.status_code == 403
    assert "The form could not be checked" in answer.content.decode()
