"""Every address of the API, asked with no key, with a key that may not, with another account's key and with the account's own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLResolver
from django.utils import timezone

from accounts import jobs
from accounts.alerts import raise_alert
from accounts.ids import new_id
from accounts.invitations import invite
from accounts.mail_servers import set_mail_server
from accounts.models import Alert, ApiKey, Invitation, Job, Member
from delivery.digests import add_digest, open_digest
from delivery.models import Digest
from intake.models import Import
from tests.accounts.alerting import make_alert
from tests.builders import LEAD, Set, Shop, make_account, make_set
from tests.intake.imports.files import upload

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

PARTNER = {"name": "Sunrise"}
ENTITY = {"name": "Roofs", "fields": [{"key": "zip", "type": "text"}]}
PROFILE = {"name": "Solar East", "entity": "solar_leads"}
CHANNEL = {"kind": "email", "config": {"recipients": ["leads@helios.test"]}}
SERVER = {"host": "mail.acme.test", "from_address": "leads@acme.test"}


@dataclass(frozen=True)
class Call:
    """method, address and body; the scope it needs; what it answers to Alice, and to Charlie, who has nothing of hers."""

    method: str
    path: str
    alice: int
    charlie: int = 404
    scope: str = "write"
    body: Any = None


READ = "read"
CALLS = [
    Call("POST", "intake", 200, 400, "intake", {"entity": "solar_leads", **LEAD}),
    Call("POST", "leads/bulk", 200, 400, "intake", {"entity": "solar_leads", "batch": [LEAD]}),
    Call("GET", "jobs", 200, 200, READ),
    Call("GET", "jobs/{job}", 200, scope=READ),
    Call("POST", "jobs/{job}/cancel", 200),
    Call("GET", "members", 200, 200, READ),
    Call("POST", "members", 400, 400, body={"email": "nobody@acme.test", "role": "viewer"}),
    Call("GET", "members/{member}", 200, scope=READ),
    Call("PATCH", "members/{member}", 200, body={"role": "owner"}),
    Call("DELETE", "members/{member}", 409),
    Call("GET", "invitations", 200, 200, READ),
    Call("POST", "invitations", 201, 201, body={"email": "nobody@acme.test", "role": "viewer"}),
    Call("GET", "invitations/{invitation}", 200, scope=READ),
    Call("DELETE", "invitations/{invitation}", 204),
    Call("GET", "api-keys", 200, 200, READ),
    Call("POST", "api-keys", 201, 201, body={"name": "Another", "scopes": ["read"]}),
    Call("GET", "api-keys/{key}", 200, scope=READ),
    Call("PATCH", "api-keys/{key}", 200, body={"name": "Renamed"}),
    Call("DELETE", "api-keys/{key}", 204),
    Call("GET", "jobs", 200, 200, READ),
    Call("GET", "jobs/{job}", 200, scope=READ),
    Call("POST", "jobs/{job}/cancel", 200),
    Call("GET", "alerts", 200, 200, READ),
    Call("POST", "alerts/{alert}/read", 200),
    Call("GET", "audit", 200, 200, READ),
    Call("GET", "entities", 200, 200, READ),
    Call("POST", "entities", 201, 201, body=ENTITY),
    Call("GET", "entities/{entity}", 200, scope=READ),
    Call("GET", "entities/solar_leads", 200, scope=READ),
    Call("PUT", "entities/{entity}", 200, body=ENTITY),
    Call("PATCH", "entities/{entity}", 200, body={"name": "Sun"}),
    Call("DELETE", "entities/{entity}", 409),
    Call("GET", "entities/{entity}/retention", 200, scope=READ),
    Call("POST", "entities/{entity}/retention/run", 409),
    Call("GET", "entities/{entity}/uses", 200, scope=READ),
    Call("POST", "rules/check", 200, 400, READ, {"entity": "solar_leads", "rules": {}, "lead": LEAD}),
    Call("GET", "partners", 200, 200, READ),
    Call("POST", "partners", 201, 201, body=PARTNER),
    Call("GET", "partners/{partner}", 200, scope=READ),
    Call("PUT", "partners/{partner}", 200, body=PARTNER),
    Call("PATCH", "partners/{partner}", 200, body={"notes": "Pays late."}),
    Call("DELETE", "partners/{partner}", 409),
    Call("GET", "partners/{partner}/usage", 200, scope=READ),
    Call("GET", "profiles", 200, 200, READ),
    Call("POST", "profiles", 201, 400, body=PROFILE),
    Call("GET", "profiles/{profile}", 200, scope=READ),
    Call("PUT", "profiles/{profile}", 200, body=PROFILE),
    Call("PATCH", "profiles/{profile}", 200, body={"is_enabled": False}),
    Call("DELETE", "profiles/{profile}", 409),
    Call("POST", "profiles/{profile}/backtest", 200, scope=READ, body={"days": 1, "strategy": "first_match"}),
    Call("GET", "profiles/{profile}/assignments", 200, scope=READ),
    Call("POST", "profiles/{profile}/assignments", 400, body={"partner": "{partner}"}),
    Call("GET", "profiles/{profile}/assignments/{assignment}", 200, scope=READ),
    Call("PUT", "profiles/{profile}/assignments/{assignment}", 200, body={"partner": "{partner}"}),
    Call("PATCH", "profiles/{profile}/assignments/{assignment}", 200, body={"price": "25.00"}),
    Call("DELETE", "profiles/{profile}/assignments/{assignment}", 409),
    Call("GET", "profiles/{profile}/assignments/{assignment}/channel", 200, scope=READ),
    Call("PUT", "profiles/{profile}/assignments/{assignment}/channel", 200, body=CHANNEL),
    Call("DELETE", "profiles/{profile}/assignments/{assignment}/channel", 409),
    Call("GET", "channels", 200, 200, READ),
    Call("POST", "channels", 201, 400, body={"assignment": "{assignment}", **CHANNEL}),
    Call("GET", "channels/{channel}", 200, scope=READ),
    Call("PATCH", "channels/{channel}", 200, body={"config": {"timeout_seconds": 5}}),
    Call("DELETE", "channels/{channel}", 409),
    Call("POST", "channels/{channel}/rotate-secret", 200),
    Call("POST", "channels/{channel}/pause", 200, body={"reason": "Holidays"}),
    Call("POST", "channels/{channel}/resume", 200),
    Call("POST", "channels/{channel}/preview", 200, body={}),
    Call("POST", "channels/{channel}/test", 200, body={}),
    Call("GET", "mail-server", 200, scope=READ),
    Call("PUT", "mail-server", 200, 200, body=SERVER),
    Call("GET", "deliveries", 200, 200, READ),
    Call("GET", "deliveries/{delivery}", 200, scope=READ),
    Call("GET", "deliveries/counts", 200, 200, READ),
    Call("GET", "deliveries/export", 200, 200, READ),
    Call("POST", "deliveries/{delivery}/resend", 409, body={"rendering": "fresh"}),
    Call("POST", "deliveries/{delivery}/cancel", 200),
    Call("POST", "deliveries/resend", 202, 202, body={"partner": "{partner}"}),
    Call("POST", "deliveries/cancel", 200, 200, body={"partner": "{partner}", "dry_run": True}),
    Call("GET", "digests", 200, 200, READ),
    Call("GET", "digests/{digest}", 200, scope=READ),
    Call("GET", "digests/{digest}/deliveries", 200, scope=READ),
    Call("POST", "digests/{digest}/send", 200),
    Call("POST", "digests/{digest}/resend", 409),
    Call("GET", "attempts", 200, 200, READ),
    Call("GET", "leads", 200, 200, READ),
    Call("GET", "leads/{lead}", 200, scope=READ),
    Call("POST", "leads/{lead}/redistribute", 200),
    Call("DELETE", "leads/{lead}", 204),
    Call("GET", "imports", 200, 200, READ),
    Call("POST", "imports", 415, 415, body={}),
    Call("GET", "imports/{import}", 200, scope=READ),
    Call("POST", "imports/{import}/preview", 200, body={"mapping": {"0": "first_name"}}),
    Call("POST", "imports/{import}/start", 202, body={"mapping": {"0": "first_name"}, "is_routed": False}),
    Call("POST", "imports/{import}/cancel", 200),
    Call("GET", "imports/{import}/faulty.csv", 200, scope=READ),
]
OTHER_SCOPES = {"intake": ("read", "write", "read:encrypted"), READ: ("intake", "write"), "write": ("intake", "read", "read:encrypted")}
by_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")


@pytest.fixture
def acme() -> Set:
    acme = make_set(make_account())
    with acme.shop.open() as access:
        set_mail_server(access, SERVER, password=None)
        invite(access, email="jane@acme.test", role="viewer")
        raise_alert(make_alert(acme.shop, acme.channel.id))
        jobs.start(access, "match", label="Finding duplicates", params={"entity": str(acme.entity.id)})
        add_digest(open_digest(access, acme.channel, due_at=timezone.now()), acme.channel)
    upload(acme.shop, b"First name\nJane\n")
    return acme


@pytest.fixture
def charlie() -> Shop:
    return make_account("Other", "charlie@other.test")


def ids_of(acme: Set) -> dict[str, str]:
    with acme.shop.open():
        member, key, job = Member.objects.get().id, ApiKey.objects.latest("id").id, Job.objects.get(kind="match").id
        imported, invitation, alert = Import.objects.get().id, Invitation.objects.get().id, Alert.objects.get().id
        digest = Digest.objects.get().id
    records = {name: getattr(acme, name).id for name in ("entity", "partner", "profile", "assignment", "channel", "lead")}
    records |= {
        "alert": alert,
        "digest": digest,
        "invitation": invitation,
        "member": member,
        "key": key,
        "job": job,
        "import": imported,
        "delivery": acme.delivery_id,
    }
    return {name: str(value) for name, value in records.items()}


def filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: filled(inner, ids) for name, inner in value.items()}
    if isinstance(value, str):
        for name, record_id in ids.items():
            value = value.replace(f"{{{name}}}", record_id)
    return value


def ask(shop: Shop, call: Call, ids: dict[str, str], *, key: str | None = None) -> Any:
    answer = shop.call(call.method, filled(call.path, ids), filled(call.body, ids), key=key)
    assert answer["X-Request-Id"]
    return answer


@by_call
def test_without_a_key(acme: Set, call: Call) -> None:
    answer = ask(acme.shop, call, ids_of(acme), key="")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


@by_call
def test_without_the_scope(acme: Set, call: Call) -> None:
    answer = ask(acme.shop, call, ids_of(acme), key=acme.shop.key_with(*OTHER_SCOPES[call.scope]))
    assert answer.status_code == 403
    assert repr(call.scope) in answer.json()["errors"][0]["detail"]


@by_call
def test_with_the_scope_alone(acme: Set, call: Call) -> None:
    if call.path == "api-keys" and call.method == "POST":
        # A key gives no scope that it has not: this one asks for `read`.
        call = Call("POST", "api-keys", 201, body={"name": "Another", "scopes": ["write"]})
    expected = 400 if call.path.startswith(("members/", "invitations")) and call.scope == "write" else call.alice
    assert ask(acme.shop, call, ids_of(acme), key=acme.shop.key_with(call.scope)).status_code == expected


@by_call
def test_by_the_owner(acme: Set, call: Call) -> None:
    answer = ask(acme.shop, call, ids_of(acme))
    assert answer.status_code == call.alice, answer.content


@by_call
def test_by_another_account(acme: Set, charlie: Shop, call: Call) -> None:
    answer = ask(charlie, call, ids_of(acme))
    told = b"".join(answer).decode()  # a file comes in pieces
    assert answer.status_code == call.charlie, told
    assert not any(record_id in told for record_id in ids_of(acme).values())
    if call.charlie == 404:
        nowhere = dict.fromkeys(ids_of(acme), str(new_id()))
        nonsense = dict.fromkeys(ids_of(acme), "no-such-id")
        unstorable = dict.fromkeys(ids_of(acme), "no%00id")
        assert ask(charlie, call, nowhere).content == ask(charlie, call, nonsense).content == answer.content
        assert ask(charlie, call, unstorable).content == answer.content


@by_call
def test_options_names_the_methods(acme: Set, call: Call) -> None:
    answer = acme.shop.call("OPTIONS", filled(call.path, ids_of(acme)))
    assert answer.status_code == 200
    assert call.method in answer.json()["methods"]


def paths(resolver: Any = None, before: str = "") -> Iterator[str]:
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from paths(pattern, route)
        elif route.startswith("api/"):
            yield route.removeprefix("api/")


def test_the_table_names_every_address() -> None:
    called = {call.path.replace("solar_leads", "{entity}") for call in CALLS}
    shapes = {"/".join("*" if part.startswith(("{", "<")) else part for part in path.split("/")) for path in called}
    known = {"/".join("*" if part.startswith("<") else part for part in path.split("/")) for path in paths()}
    assert known - shapes == {"schema/", "docs/"}
