from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import ApiKey, AuditEvent
from tests.builders import Shop, make_account

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Shop:
    return make_account()


def make_key(shop: Shop, **values: Any) -> dict[str, Any]:
    answer = shop.call("POST", "api-keys", {"name": "Website", "scopes": ["intake"], **values})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def test_the_key_is_shown_once_and_kept_as_a_hash(acme: Shop) -> None:
    made = make_key(acme)
    assert made["key"].startswith(made["prefix"])
    assert acme.call("GET", "members", key=made["key"]).status_code == 403
    shown = acme.call("GET", f"api-keys/{made['id']}")
    listed = acme.call("GET", "api-keys")
    assert made["key"] not in shown.content.decode() + listed.content.decode()
    assert shown.json() | {"last_used_at": None, "last_used_address": None} == {name: made[name] for name in made if name != "key"}
    with acme.open():
        assert made["key"] not in str(list(AuditEvent.objects.values_list("changes", flat=True)))


def test_the_bare_key_works_too(acme: Shop, client: Any) -> None:
    assert client.get("/api/members", headers={"Authorization": acme.key}).status_code == 200
    assert client.get("/api/members", headers={"Authorization": f"bearer {acme.key}"}).status_code == 200
    assert client.get("/api/members", headers={"Authorization": f"Basic {acme.key}"}).status_code == 401


def test_a_key_remembers_when_and_from_where_it_was_used(acme: Shop) -> None:
    (first,) = acme.get("api-keys")["results"]
    assert (first["last_used_address"], first["last_used_at"] is not None) == ("127.0.0.1", True)


def test_a_revoked_key_opens_nothing_and_stays_in_the_list(acme: Shop) -> None:
    made = make_key(acme, scopes=["read"])
    assert acme.call("GET", "members", key=made["key"]).status_code == 200
    assert acme.call("DELETE", f"api-keys/{made['id']}").status_code == 204
    assert acme.call("GET", "members", key=made["key"]).status_code == 401
    assert acme.get(f"api-keys/{made['id']}")["revoked_at"] is not None
    with acme.open():
        assert AuditEvent.objects.latest("id").action == "revoked"
    assert acme.call("DELETE", f"api-keys/{made['id']}").status_code == 204


def test_a_change_that_names_nothing_changes_nothing(acme: Shop) -> None:
    made = make_key(acme, scopes=["read"])
    answer = acme.call("PATCH", f"api-keys/{made['id']}", {})
    assert (answer.status_code, answer.json()["name"]) == (200, made["name"])


def test_a_key_ends_when_it_was_to_end(acme: Shop) -> None:
    made = make_key(acme, scopes=["read"], expires_at=(timezone.now() + timedelta(days=1)).isoformat())
    assert acme.call("GET", "members", key=made["key"]).status_code == 200
    with acme.open():
        ApiKey.objects.filter(id=made["id"]).update(expires_at=timezone.now() - timedelta(minutes=1))
    assert acme.call("GET", "members", key=made["key"]).status_code == 401


def test_a_key_gives_no_more_than_it_has(acme: Shop) -> None:
    small = make_key(acme, scopes=["read", "write"])["key"]
    answer = acme.call("POST", "api-keys", {"name": "Larger", "scopes": ["read", "read:encrypted"]}, key=small)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["attr"], error["code"]) == ("scopes", "not_allowed")
    assert "read:encrypted" in error["detail"]


@pytest.mark.parametrize("values", [{"scopes": []}, {"scopes": ["admin"]}, {"scopes": "read"}, {"expires_at": "2020-01-01T00:00:00Z"}])
def test_what_no_key_can_have(acme: Shop, values: dict[str, Any]) -> None:
    answer = acme.call("POST", "api-keys", {"name": "Website", "scopes": ["read"], **values})
    assert answer.status_code == 400
    assert {error["attr"].partition(".")[0] for error in answer.json()["errors"]} == set(values)


def test_a_name_is_all_that_changes(acme: Shop) -> None:
    made = make_key(acme)
    changed = acme.call("PATCH", f"api-keys/{made['id']}", {"name": "Shop", "scopes": ["read", "write"]}).json()
    assert (changed["name"], changed["scopes"]) == ("Shop", ["intake"])
