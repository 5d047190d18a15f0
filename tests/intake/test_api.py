"""POST /api/intake as clients call it, the careless and the hostile ones included."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.access import access_of_account
from accounts.isolation import account_scope
from accounts.models import Account
from accounts.signup import create_account
from distribution.entities import add_entity
from distribution.models import Lead
from tests.intake.test_pipeline import FIELDS

pytestmark = pytest.mark.django_db

Answer = tuple[int, dict[str, Any]]


class Caller:
    def __init__(self, account: Account, key: str) -> None:
        self.account = account
        self.key = key

    def post(self, body: bytes, content_type: str = "application/json", **headers: str) -> Answer:
        headers = {"Authorization": f"Bearer {self.key}", **headers}
        response = Client().post("/api/intake", data=body, content_type=content_type, headers=headers)
        assert response.headers["X-Request-Id"]
        return response.status_code, response.json()

    def send(self, **values: Any) -> Answer:
        return self.post(json.dumps({"entity": "solar", **values}).encode())

    def leads(self) -> list[Lead]:
        with account_scope(self.account.id):
            return list(Lead.objects.order_by("id"))


@pytest.fixture
def acme(db: None) -> Caller:
    account, key = create_account("Acme", email="alice@acme.test", password="alices-password")
    with account_scope(account.id):
        add_entity(access_of_account(account), {"name": "Solar", "slug": "solar", "fields": FIELDS})
    return Caller(account, key)


@pytest.mark.parametrize("name", ["first_name", "First name", "FIRST NAME", "First-Name", "firstname", "first_Name"])
def test_a_key_is_matched_loosely(acme: Caller, name: str) -> None:
    assert acme.send(**{name: "Jane"})[0] == 200
    assert acme.leads()[0].values == {"first_name": "Jane"}


def test_the_answer_says_what_became_of_the_lead(acme: Caller) -> None:
    status, answer = acme.send(first_name="Jane", colour="blue", assignee="Bob")
    (lead,) = acme.leads()
    assert status == 200
    assert (answer["status"], answer["lead_id"], answer["deliveries"]) == ("success", str(lead.id), [])
    assert answer["created_at"] == lead.created_at.isoformat().replace("+00:00", "Z")
    assert answer["warnings"] == ["assignee is accepted and ignored.", "'colour' names no field of solar and was not stored."]


def test_older_names_still_work(acme: Caller) -> None:
    body = {"lead_object": "solar", "First Name": "Jane", "status:Hot": "", "note": "one", "notes": ["two", "three"]}
    assert acme.post(json.dumps(body).encode())[0] == 200
    (lead,) = acme.leads()
    assert (lead.status, lead.note) == ("Hot", "one\ntwo\nthree")


def test_an_entity_is_named_by_its_id_too(acme: Caller) -> None:
    with account_scope(acme.account.id):
        entity_id = str(add_entity(access_of_account(Account.objects.get()), {"name": "Moon", "fields": []}).id)
    assert acme.send(entity=entity_id)[0] == 200


def test_a_form_is_as_good_as_json(acme: Caller) -> None:
    body = b"entity=solar&First+Name=J%C3%A4ne&budget=12.50"
    assert acme.post(body, "application/x-www-form-urlencoded")[0] == 200
    assert str(acme.leads()[0].values) == "{'budget': Decimal('12.5'), 'first_name': 'Jäne'}"


def test_the_request_id_is_kept_with_the_lead(acme: Caller) -> None:
    acme.post(b'{"entity": "solar", "first_name": "Jane"}', **{"X-Request-Id": "from-the-client"})
    assert acme.leads()[0].request_id == "from-the-client"


DEEP = b"[" * 400 + b"]" * 400
HOSTILE = {
    "a NUL": b'{"entity":"solar","first_name":"a\\u0000b"}',
    "a lone surrogate": b'{"entity":"solar","first_name":"\\ud800"}',
    "a NUL in a key": b'{"entity":"solar","first_name":"a","\\u0000":1}',
    "NaN": b'{"entity":"solar","first_name":NaN}',
    "Infinity": b'{"entity":"solar","budget":Infinity}',
    "a deep nest": b'{"entity":"solar","first_name":%s}' % DEEP,
    "a very deep nest": b"[" * 100_000,
    "null": b"null",
    "a list": b"[]",
    "a text": b'"x"',
    "a long number": b'{"entity":"solar","first_name":"a","budget":%s}' % (b"9" * 100_000),
    "a huge exponent": b'{"entity":"solar","first_name":"a","budget":1e999999999}',
    "half of it": b'{"entity":',
    "not UTF-8": b'{"entity":"\xff"}',
    "nothing": b"",
    "one field twice": b'{"entity":"solar","first_name":"a","First Name":"b"}',
    "an object for a text": b'{"entity":"solar","first_name":{"a":1}}',
    "a number for the entity": b'{"entity":1,"first_name":"a"}',
    "an unknown entity": b'{"entity":"moon","first_name":"a"}',
    "a long status": b'{"entity":"solar","first_name":"a","status":"%s"}' % (b"x" * 51),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_bad_body_meets_an_error_with_its_reason(acme: Caller, body: bytes) -> None:
    status, answer = acme.post(body)
    assert status == 400
    assert answer["errors"][0]["detail"]
    assert acme.leads() == []


@pytest.mark.parametrize(
    "body",
    [b"entity=solar&first_name=a%00b", b"entity=solar&first_name=a&note=%00", b"entity=%00", b"entity=solar&first_name=a&status=%00"],
)
def test_a_bad_form_meets_an_error_with_its_reason(acme: Caller, body: bytes) -> None:
    status, answer = acme.post(body, "application/x-www-form-urlencoded")
    assert status == 400
    assert answer["errors"][0]["attr"]
    assert acme.leads() == []


def test_a_large_body_is_refused_unread(acme: Caller) -> None:
    status, answer = acme.post(b'{"entity":"solar","first_name":"%s"}' % (b"x" * 1_100_000))
    assert (status, answer["errors"][0]["code"]) == (413, "too_large")


def test_another_content_type_is_refused(acme: Caller) -> None:
    assert acme.post(b"<lead/>", "text/xml")[0] == 415


def test_without_a_key_nothing_is_taken(acme: Caller) -> None:
    response = Client().post("/api/intake", data=b"{}", content_type="application/json")
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="Leadflip"')


def test_the_bare_key_works_without_bearer(acme: Caller) -> None:
    response = Client().post(
        "/api/intake", data=b'{"entity":"solar","first_name":"a"}', content_type="application/json", headers={"Authorization": acme.key}
    )
    assert response.status_code == 200


def test_an_echo_of_an_encrypted_value_never_comes_back(acme: Caller) -> None:
    status, answer = acme.send(first_name="Jane", ssn={"secret": "078-05-1120"})
    assert status == 400
    assert "078-05" not in json.dumps(answer)
