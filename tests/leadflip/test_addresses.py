"""Addresses that nothing can be looked for by."""

from typing import Any

import pytest

from tests.builders import make_account, make_set
from tests.pages import sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.mark.parametrize("path", ["/f/%00/", "/a/acme/entities/%00/", "/a/acme/entities/solar_leads/fields/%00/", "/invitations/%00/"])
def test_a_path_with_a_nul_names_no_page(path: str) -> None:
    alice = sign_in(make_set(make_account()).shop)
    answer: Any = alice.client.get(path)
    assert (answer.status_code, "There is no such page" in answer.content.decode()) == (404, True)
    assert "default-src" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["partners/?q=%00", "profiles/?q=a%00b", "leads/?entity=%00", "deliveries/?q=%00", "audit/?who=%00"])
def test_a_page_that_is_asked_for_a_nul_says_so(path: str) -> None:
    answer = sign_in(make_account()).get(path)
    assert (answer.status_code, "holds a NUL character" in answer.content.decode()) == (400, True)


@pytest.mark.parametrize("path", ["leads?entity=%00", "deliveries?state=%00", "partners?cursor=%00"])
def test_so_does_the_api_in_its_own_shape(path: str) -> None:
    answer = make_account().call("GET", path)
    assert (answer.status_code, answer.json()["type"], bool(answer["X-Request-Id"])) == (400, "client_error", True)
    (error,) = answer.json()["errors"]
    assert (error["code"], "NUL" in error["detail"]) == ("parse_error", True)


def test_of_the_api_a_path_with_a_nul_answers_as_an_id_that_there_is_not() -> None:
    shop = make_account()
    assert shop.call("GET", "entities/%00").content == shop.call("GET", "entities/nothing").content
