"""Bodies that nobody should send: refused in words, never an error of ours."""

import io
from typing import Any

import pytest
from django.test import Client

from leadflip.unread_bodies import ReadsToTheEnd
from tests.builders import LEAD, Set, as_json, make_account, make_set

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

DEEP = b'{"rules":' + b'{"all":[' * 400 + b"]}" * 400 + b"}"
BROKEN = {
    "not JSON": b"{name: 1}",
    "cut off": b'{"name": "A',
    "empty text": b'""',
    "null": b"null",
    "a list": b"[]",
    "a number": b"1",
    "NUL": b'{"name": "A\\u0000B"}',
    "NUL in a key": b'{"na\\u0000me": "A"}',
    "half a surrogate pair": b'{"name": "\\ud800"}',
    "400 deep": DEEP,
    "100,000 deep": b"[" * 100_000,
    "NaN": b'{"name": NaN}',
    "Infinity": b'{"price": -Infinity}',
    "100 kB number": b'{"priority": ' + b"9" * 100_000 + b"}",
    "100 kB fraction": b'{"priority": 0.' + b"9" * 100_000 + b"}",
    "huge exponent": b'{"priority": 1e999999999}',
    "not UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "A"}'.encode("utf-16"),
    "BOM": b'\xef\xbb\xbf{"name": "A"}',
    "one key twice": b'{"name": "A", "name": "B"}',
}
ADDRESSES = [
    ("POST", "entities"),
    ("POST", "partners"),
    ("POST", "profiles"),
    ("POST", "profiles/{profile}/assignments"),
    ("PUT", "profiles/{profile}/assignments/{assignment}/channel"),
    ("POST", "channels"),
    ("PUT", "mail-server"),
    ("POST", "members"),
    ("POST", "api-keys"),
    ("POST", "channels/{channel}/test"),
    ("POST", "intake"),
]
by_address = pytest.mark.parametrize(("method", "path"), ADDRESSES)


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


def where(acme: Set, path: str) -> str:
    return path.format(profile=acme.profile.id, assignment=acme.assignment.id, channel=acme.channel.id)


@by_address
def test_a_broken_body_is_refused_with_a_reason(acme: Set, method: str, path: str) -> None:
    for name, body in BROKEN.items():
        answer = acme.shop.call(method, where(acme, path), body)
        assert answer.status_code == 400, (name, answer.status_code, answer.content)
        errors = answer.json()["errors"]
        assert errors, name
        assert all(error["detail"] and error["code"] for error in errors), name
        assert len(answer.content) < 20_000, name


@by_address
def test_a_body_above_1_mib_is_refused_unread(acme: Set, method: str, path: str) -> None:
    answer = acme.shop.call(method, where(acme, path), b'{"name": "' + b"x" * (1 << 20) + b'"}')
    assert answer.status_code == 413
    assert "1,048,576" in answer.json()["errors"][0]["detail"]


@by_address
def test_other_content_types_are_refused(acme: Set, method: str, path: str) -> None:
    client: Any = Client()
    answer = client.generic(
        method, f"/api/{where(acme, path)}", data=b"<a/>", content_type="application/xml", headers={"Authorization": acme.shop.key}
    )
    assert answer.status_code == 415
    assert answer.json()["errors"][0]["code"] == "unsupported_media_type"


def send_in_chunks(acme: Set, body: bytes) -> Any:
    """As a server hands it over: no length, and a stream that ends somewhere."""
    client: Any = Client()
    return client.generic(
        "POST", "/api/intake", data=body, content_type="application/json", headers={"Authorization": acme.shop.key, "Transfer-Encoding": "chunked"},
        CONTENT_LENGTH="", **{"wsgi.input": io.BytesIO(body)},
    )  # fmt: skip


def test_a_body_of_unknown_length_is_read_to_its_end(acme: Set) -> None:
    answer = send_in_chunks(acme, as_json({"entity": "solar_leads", **LEAD, "note": "x" * 100_000}))
    assert answer.json()["errors"] == [
        {"code": "invalid", "attr": "note", "detail": "note must be a text of at most 10000 characters, without NUL."}
    ]
    assert send_in_chunks(acme, as_json({"entity": "solar_leads", **LEAD})).json()["status"] == "success"


def test_a_body_of_unknown_length_has_a_limit_too(acme: Set) -> None:
    answer = send_in_chunks(acme, as_json({"entity": "solar_leads"}) + b" " * (1 << 20))
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["detail"] == "The body has more than 1,048,576 bytes, which are read at most."


@pytest.mark.parametrize(("size", "left"), [(0, 0), (100_000, 0), (200_000, 3_392)])
def test_a_body_that_nobody_read_is_read_away_within_bounds(size: int, left: int) -> None:
    body = io.BytesIO(b"x" * size)
    refuses = ReadsToTheEnd(lambda environ, start_response: [b"no"], most=3 << 16)
    assert refuses({"wsgi.input": body}, lambda *_: None) == [b"no"]
    assert len(body.read()) == left


VALUES: list[Any] = [
    None, True, 0, -1, 10**40, -(10**30), 0.5, "", " ", "x" * 5000, "\u202e", [], [None], {}, {"a": {"b": []}}, [[]], {"mode": 5}, {"policy": []},
]  # fmt: skip
FIELDS = {
    "entities": ["name", "slug", "display_field", "fields"],
    "partners": ["name", "email", "phone", "time_zone", "tags", "notes", "is_active", "caps"],
    "profiles": ["name", "entity", "strategy", "is_enabled", "rules"],
    "profiles/{profile}/assignments": ["partner", "priority", "rules", "caps", "price", "is_enabled"],
    "channels": ["assignment", "kind", "fields", "config"],
    "members": ["email", "role"],
    "api-keys": ["name", "scopes", "expires_at"],
}


@pytest.mark.parametrize("path", FIELDS)
def test_no_value_of_the_wrong_type_is_an_error_of_ours(acme: Set, path: str) -> None:
    good: dict[str, Any] = {
        "name": "Sunrise",
        "entity": "solar_leads",
        "partner": str(acme.partner.id),
        "kind": "webhook",
        "role": "viewer",
    }
    good |= {"assignment": str(acme.assignment.id), "config": {"url": "https://a.example.com/"}, "fields": [], "scopes": ["read"]}
    for field in FIELDS[path]:
        for value in VALUES:
            body = {name: good[name] for name in FIELDS[path] if name in good} | {field: value}
            answer = acme.shop.call("POST", where(acme, path), body)
            assert answer.status_code in (200, 201, 400), (field, value, answer.content)


@pytest.mark.parametrize("name", ["url", "payload_format", "timeout_seconds", "headers", "retry", "max_in_flight", "unknown"])
def test_no_setting_of_a_webhook_is_an_error_of_ours(acme: Set, name: str) -> None:
    for value in [
        *VALUES,
        [{"name": "A", "value": 1}],
        [{"name": "A", "value": "\r\nB: c"}],
        {"policy": "custom", "delays_seconds": [10**40]},
    ]:
        config = {"url": "https://a.example.com/", name: value}
        answer = acme.shop.call("PATCH", f"channels/{acme.channel.id}", {"config": config})
        assert answer.status_code in (200, 400), (value, answer.content)


@pytest.mark.parametrize("name", ["recipients", "cc", "reply_to", "subject", "body_template", "format", "attach_csv", "csv", "batching"])
def test_no_setting_of_an_email_is_an_error_of_ours(acme: Set, name: str) -> None:
    path = f"profiles/{acme.profile.id}/assignments/{acme.assignment.id}/channel"
    for value in [*VALUES, "{{ broken", "{{ lead.ssn }}", "{% include 'x' %}", ["a@b\r\nBcc: c@d.example"]]:
        answer = acme.shop.call("PUT", path, {"kind": "email", "config": {name: value}})
        assert answer.status_code in (200, 400), (value, answer.content)


@pytest.mark.parametrize("operator", ["equals", "in_list", "between", "starts_with", "at_least", "matches"])
def test_no_value_of_a_rule_is_an_error_of_ours(acme: Set, operator: str) -> None:
    for value in [*VALUES, [1, 2], ["b", "a"]]:
        for field in ("zip", "budget", "ssn", "created_at"):
            rules = {"all": [{"field": field, "operator": operator, "value": value}]}
            answer = acme.shop.call("PATCH", f"profiles/{acme.profile.id}", {"rules": rules})
            assert answer.status_code in (200, 400), (field, value, answer.content)
