"""Every page of the dashboard, opened and posted to by nobody, by a stranger, by a viewer and by the account's owner.

The pages are found in the URL configuration, so that a new one is held to this without anybody adding it; only ids that it needs are named here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import jobs
from accounts.models import ApiKey, Job, Member
from tests.builders import Set, make_account, make_set
from tests.pages import sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

# What a viewer may send: to look closer, or to mark as read. Nothing of it changes the configuration or sends anything.
VIEWERS_MAY_POST = {"read_alert", "alerts", "channel_preview"}
# Addresses that lead to another page.
ELSEWHERE = {"assignment_by_id", "channel_by_id"}


NOBODY = "00000000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Spot:
    name: str
    route: str

    def __str__(self) -> str:
        return self.name


def _spots() -> Iterator[Spot]:
    (account,) = [one for one in get_resolver().url_patterns if isinstance(one, URLResolver) and str(one.pattern) == "a/<slug:slug>/"]
    yield from _walk(account, "a/acme/")


def _walk(resolver: URLResolver, prefix: str) -> Iterator[Spot]:
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            assert one.name, one
            yield Spot(one.name, prefix + str(one.pattern))
        else:
            yield from _walk(one, prefix + str(one.pattern))


SPOTS = list(_spots())


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


def _ids(acme: Set) -> dict[str, Any]:
    """By the name of the parameter. Where there is none of a kind, an id that is nobody's: the page is then not there for the owner either."""
    with acme.shop.open() as access:
        job = jobs.start(access, "match", label="A job", params={"entity": str(acme.entity.id)})
        return {
            "profile_id": acme.profile.id, "assignment_id": acme.assignment.id, "partner_id": acme.partner.id, "entity_id": acme.entity.slug,
            "key": "zip", "delivery_id": acme.lead.deliveries.get().id, "lead_id": acme.lead.id, "job_id": Job.objects.get(id=job.id).id,
            "channel_id": acme.channel.id, "key_id": ApiKey.objects.get().id, "member_id": Member.objects.get().id,
        }  # fmt: skip


def _url(spot: Spot, ids: dict[str, Any]) -> str:
    url = "/" + spot.route
    while "<" in url:
        head, _, rest = url.partition("<")
        parameter, _, tail = rest.partition(">")
        url = f"{head}{ids.get(parameter.rpartition(':')[2], NOBODY)}{tail}"
    return url


@pytest.mark.parametrize("spot", SPOTS, ids=str)
def test_nobody_is_sent_to_sign_in(acme: Set, spot: Spot) -> None:
    for method in ("get", "post"):
        answer = getattr(Client(), method)(_url(spot, _ids(acme)))
        assert answer.status_code in (302, 405)
        assert answer.status_code == 405 or answer["Location"].startswith("/sign-in")


@pytest.mark.parametrize("spot", SPOTS, ids=str)
def test_a_stranger_finds_nothing(acme: Set, spot: Spot) -> None:
    charlie = sign_in(make_account("Charlie", "charlie@charlie.test")).client
    for method in ("get", "post"):
        assert getattr(charlie, method)(_url(spot, _ids(acme))).status_code in (404, 405)


@pytest.mark.parametrize("spot", SPOTS, ids=str)
def test_a_stranger_finds_nothing_of_it_in_an_account_of_their_own(acme: Set, spot: Spot) -> None:
    """With the ids of another account under one's own address. Pages without ids are one's own."""
    if "<" not in spot.route:
        return
    charlie = sign_in(make_account("Charlie", "charlie@charlie.test")).client
    url = _url(spot, _ids(acme)).replace("/a/acme/", "/a/charlie/")
    for method in ("get", "post"):
        assert getattr(charlie, method)(url).status_code in (404, 405)


@pytest.mark.parametrize("spot", SPOTS, ids=str)
def test_a_viewer_changes_nothing(acme: Set, spot: Spot) -> None:
    url = _url(spot, _ids(acme))
    viewer = sign_in(acme.shop, "viewer").client
    assert viewer.get(url).status_code in ((302,) if spot.name in ELSEWHERE else (200, 403, 404, 405))
    allowed = (403, 405) if spot.name not in VIEWERS_MAY_POST else (200, 302, 400, 404, 405)
    assert viewer.post(url).status_code in allowed


@pytest.mark.parametrize("spot", SPOTS, ids=str)
def test_the_owner_opens_it_and_an_empty_form_is_no_fault_of_the_server(acme: Set, spot: Spot) -> None:
    owner = sign_in(acme.shop).client
    url = _url(spot, _ids(acme))
    expected = (200, 302, 404, 405) if NOBODY in url else (200, 302, 405)
    assert owner.get(url).status_code in expected
    assert owner.post(url).status_code < 500
