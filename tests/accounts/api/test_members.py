from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, Member, User
from tests.builders import Shop, as_json, make_account, make_member

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Shop:
    """Alice owns it, Bob may only look."""
    shop = make_account()
    make_member(shop, "bob@acme.test", "viewer")
    return shop


def member_id(shop: Shop, email: str) -> str:
    return next(str(member["id"]) for member in shop.get("members")["results"] if member["email"] == email)


def as_person(email: str, method: str, path: str, body: Any = None) -> Any:
    client: Any = Client(raise_request_exception=False)
    client.force_login(User.objects.get(email=email))
    return client.generic(method, f"/api/{path}", data=as_json(body), content_type="application/json")


def roles(shop: Shop) -> dict[str, str]:
    with shop.open():
        return dict(Member.objects.values_list("user__email", "role"))


def test_a_person_who_can_sign_in_is_added_by_their_address(acme: Shop) -> None:
    User.objects.create_user("dora@other.test", "correct-horse-1", name="Dora")
    answer = acme.call("POST", "members", {"email": "Dora@Other.test", "role": "member"})
    assert answer.status_code == 201
    assert (answer.json()["email"], answer.json()["name"], answer.json()["role"]) == ("dora@other.test", "Dora", "member")
    assert acme.get("members")["results"][0] == answer.json()


@pytest.mark.parametrize(
    ("email", "role", "fault"),
    [
        ("nobody@acme.test", "member", ("email", "does_not_exist")),
        ("bob@acme.test", "member", ("email", "unique")),
        ("bob@acme.test", "king", ("role", "invalid_choice")),
    ],
)
def test_who_cannot_be_added(acme: Shop, email: str, role: str, fault: tuple[str, str]) -> None:
    answer = acme.call("POST", "members", {"email": email, "role": role})
    assert answer.status_code == 400
    assert [(error["attr"], error["code"]) for error in answer.json()["errors"]] == [fault]


def test_a_role_is_changed_and_written_down(acme: Shop) -> None:
    bob = member_id(acme, "bob@acme.test")
    assert acme.call("PATCH", f"members/{bob}", {"role": "admin"}).json()["role"] == "admin"
    with acme.open():
        event = AuditEvent.objects.latest("id")
    assert (event.action, event.object_type, event.changes) == ("updated", "member", {"role": ["viewer", "admin"]})


def test_the_last_owner_stays_and_stays_owner(acme: Shop) -> None:
    alice = member_id(acme, "alice@acme.test")
    for answer in (acme.call("DELETE", f"members/{alice}"), acme.call("PATCH", f"members/{alice}", {"role": "admin"})):
        assert answer.status_code == 409
        assert "last owner" in answer.json()["errors"][0]["detail"]
    acme.call("PATCH", f"members/{member_id(acme, 'bob@acme.test')}", {"role": "owner"})
    assert acme.call("DELETE", f"members/{alice}").status_code == 204
    assert roles(acme) == {"bob@acme.test": "owner"}


def test_a_viewer_reads_and_changes_nothing(acme: Shop) -> None:
    assert as_person("bob@acme.test", "GET", "members").status_code == 200
    assert as_person("bob@acme.test", "POST", "partners", {"name": "Sunrise"}).status_code == 403
    assert as_person("bob@acme.test", "POST", "intake", {"entity": "solar_leads"}).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "invitations", {"email": "new@acme.test", "role": "viewer"}),
        ("POST", "members", {"email": "bob@acme.test", "role": "viewer"}),
        ("POST", "api-keys", {"name": "Mine", "scopes": ["read"]}),
        ("PUT", "mail-server", {"host": "127.0.0.1", "port": 25, "security": "none", "from_address": "a@acme.test", "from_name": ""}),
        ("GET", "audit", None),
    ],
)
def test_what_the_dashboard_leaves_to_admins_the_api_does_too(acme: Shop, method: str, path: str, body: Any) -> None:
    make_member(acme, "mary@acme.test", "member")
    assert as_person("mary@acme.test", "GET", "members").status_code == 200
    assert as_person("mary@acme.test", method, path, body).status_code == 403


def test_nobody_gives_a_role_that_may_more_than_they(acme: Shop) -> None:
    make_member(acme, "mary@acme.test", "member")
    make_member(acme, "adam@acme.test", "admin")
    bob, adam, alice = (member_id(acme, f"{name}@acme.test") for name in ("bob", "adam", "alice"))
    before = roles(acme)
    assert as_person("mary@acme.test", "PATCH", f"members/{bob}", {"role": "viewer"}).status_code == 403
    assert as_person("mary@acme.test", "DELETE", f"members/{adam}").status_code == 403
    assert as_person("adam@acme.test", "PATCH", f"members/{adam}", {"role": "owner"}).status_code == 400
    assert as_person("adam@acme.test", "DELETE", f"members/{alice}").status_code == 400
    assert roles(acme) == before
    assert as_person("adam@acme.test", "PATCH", f"members/{bob}", {"role": "member"}).status_code == 200


def test_a_session_changes_something_only_with_its_csrf_token(acme: Shop) -> None:
    client: Any = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(email="alice@acme.test"))
    assert client.get("/api/members").status_code == 200
    answer = client.post("/api/partners", data=b'{"name": "Sunrise"}', content_type="application/json")
    assert answer.status_code == 403


def test_charlie_sees_his_own_members_alone(acme: Shop) -> None:
    other = make_account("Other", "charlie@other.test")
    assert [member["email"] for member in other.get("members")["results"]] == ["charlie@other.test"]


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(acme: Shop, django_assert_num_queries: Any) -> None:
    for number in range(5):
        make_member(acme, f"p{number}@acme.test", "viewer")
    acme.get("members")  # notes the key's use, once a minute
    with django_assert_num_queries(4):
        assert len(acme.get("members")["results"]) == 7
