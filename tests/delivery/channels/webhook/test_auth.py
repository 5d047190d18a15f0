"""Authentication of webhooks: as it is saved, as it is sent, and as it is shown."""

import base64
import json
from typing import Any

import pytest

from delivery.channels.base import Config, ConfigError, Secrets
from delivery.channels.webhook import KIND
from delivery.channels.webhook.kept import MASK
from delivery.channels.webhook.signature import CURRENT, new_secret
from delivery.outbound import OutboundPolicy
from tests.delivery.channels.webhook.posting import OK, answered, headers_of

URL = "https://partner.example.com/leads"
TOKEN_URL = "https://login.example.com/token"
BASIC = {"kind": "basic", "username": "acme", "password": "pässword 1"}
BEARER = {"kind": "bearer", "token": "t0ken-abcdef"}
HEADER_KEY = {"kind": "api_key", "name": "X-Key", "in": "header", "value": "k-123456"}
QUERY_KEY = {"kind": "api_key", "name": "api key", "in": "query", "value": "k&1=é"}
OAUTH = {"kind": "oauth2", "token_url": TOKEN_URL, "client_id": "acme", "client_secret": "s3cret"}
ALL = [BASIC, BEARER, HEADER_KEY, QUERY_KEY, OAUTH]
SIGNING = {CURRENT: new_secret()}


def clean(auth: Any, *, old: Config | None = None, secrets: Secrets = SIGNING, url: str = URL, **more: Any) -> tuple[Any, dict[str, str]]:
    """The whole config, and the secrets besides the signing secret."""
    config, kept = KIND.clean_config(
        {"url": url, "auth": auth, **more}, fields=(), is_http_allowed=False, policy=OutboundPolicy(), old_config=old or {}, old_secrets=secrets
    )  # fmt: skip
    return config, {name: value for name, value in kept.items() if name != CURRENT}


def faults(auth: Any, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as refused:
        clean(auth, **more)
    return [(fault.attr, fault.code) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("auth", "stored", "secrets"),
    [
        (None, {"kind": "none"}, {}),
        ({"kind": "none"}, {"kind": "none"}, {}),
        (BASIC, {"kind": "basic", "username": "acme", "is_set": True}, {"auth:basic": "pässword 1"}),
        (BEARER, {"kind": "bearer", "is_set": True}, {"auth:bearer": "t0ken-abcdef"}),
        (HEADER_KEY, {"kind": "api_key", "name": "X-Key", "in": "header", "is_set": True}, {"auth:api_key": "k-123456"}),
        (QUERY_KEY, {"kind": "api_key", "name": "api key", "in": "query", "is_set": True}, {"auth:api_key": "k&1=é"}),
        (
            OAUTH,
            {"kind": "oauth2", "token_url": TOKEN_URL, "client_id": "acme", "scope": "", "audience": "", "credentials_in": "body",
             "is_set": True},
            {"auth:oauth2": "s3cret"},
        ),
    ],
)  # fmt: skip
def test_the_secret_is_kept_apart(auth: Any, stored: Any, secrets: dict[str, str]) -> None:
    config, kept = clean(auth)
    assert (config["auth"], kept) == (stored, secrets)
    assert not any(value in json.dumps(config, ensure_ascii=False) for value in secrets.values())


@pytest.mark.parametrize("auth", ALL)
@pytest.mark.parametrize("secret", [{}, {"secret": None}, {"secret": MASK}])
def test_a_secret_left_out_is_kept(auth: dict[str, Any], secret: dict[str, Any]) -> None:
    config, secrets = clean(auth)
    name = list(auth)[-1]
    again = {**config["auth"], **({name: secret["secret"]} if secret else {})}
    assert clean(again, old=config, secrets=SIGNING | secrets, url=f"{URL}/v2?a=1") == (config | {"url": f"{URL}/v2?a=1"}, secrets)


@pytest.mark.parametrize("auth", ALL)
@pytest.mark.parametrize("url", ["https://evil.example.com/leads", "https://partner.example.com:8443/leads"])
def test_a_secret_does_not_follow_to_another_address(auth: dict[str, Any], url: str) -> None:
    config, secrets = clean(auth)
    with pytest.raises(ConfigError) as refused:
        clean(config["auth"], old=config, secrets=SIGNING | secrets, url=url)
    (fault,) = refused.value.faults
    assert (fault.attr, fault.code) == (f"config.auth.{list(auth)[-1]}", "required")
    assert fault.detail.startswith("The address changed; give the secret again")
    assert clean(auth, old=config, secrets=SIGNING | secrets, url=url)[1] == secrets


def test_a_client_secret_does_not_follow_to_another_token_endpoint() -> None:
    config, secrets = clean(OAUTH)
    moved = config["auth"] | {"token_url": "https://evil.example.com/token"}
    assert faults(moved, old=config, secrets=SIGNING | secrets) == [("config.auth.client_secret", "required")]
    elsewhere_on_it = config["auth"] | {"token_url": f"{TOKEN_URL}/v2"}
    assert clean(elsewhere_on_it, old=config, secrets=SIGNING | secrets)[1] == secrets


def test_a_secret_header_does_not_follow_to_another_address() -> None:
    header = {"name": "X-Key", "secret": True}
    config, secrets = clean(None, headers=[{**header, "value": "k"}])
    more: dict[str, Any] = {"old": config, "secrets": SIGNING | secrets, "headers": [header]}
    assert clean(None, **more)[1] == {"header:x-key": "k"}
    assert faults(None, url="https://evil.example.com/", **more) == [("config.headers.0.value", "required")]


def test_one_kinds_secret_is_never_anothers() -> None:
    config, secrets = clean(BASIC)
    more: dict[str, Any] = {"old": config, "secrets": SIGNING | secrets}
    assert faults({"kind": "bearer"}, **more) == [("config.auth.token", "required")]
    assert clean(BEARER, **more)[1] == {"auth:bearer": "t0ken-abcdef"}
    assert clean({"kind": "none"}, **more)[1] == {}


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ("basic", [("config.auth", "invalid")]),
        ({}, [("config.auth.kind", "required")]),
        ({"token": "x"}, [("config.auth.kind", "required")]),
        ({"kind": "digest"}, [("config.auth.kind", "invalid")]),
        ({"kind": ["basic"]}, [("config.auth.kind", "invalid")]),
        ({"kind": "none", "token": "x"}, [("config.auth.token", "unknown")]),
        ({"kind": "basic"}, [("config.auth.username", "required"), ("config.auth.password", "required")]),
        ({**BASIC, "username": "a:b"}, [("config.auth.username", "invalid")]),
        ({**BASIC, "username": "a\nb"}, [("config.auth.username", "invalid")]),
        ({**BASIC, "username": "a" * 201}, [("config.auth.username", "too_long")]),
        ({**BASIC, "password": "a\r\nb"}, [("config.auth.password", "invalid")]),
        ({**BASIC, "password": ""}, [("config.auth.password", "invalid")]),
        ({**BASIC, "password": 5}, [("config.auth.password", "invalid")]),
        ({**BASIC, "password": "\ud800"}, [("config.auth.password", "invalid")]),
        ({**BASIC, "password": "x" * 4_097}, [("config.auth.password", "too_long")]),
        ({**BEARER, "token": "a\r\nX: y"}, [("config.auth.token", "invalid")]),
        ({**BEARER, "token": "é"}, [("config.auth.token", "invalid")]),
        ({**BEARER, "token": "x" * 4_097}, [("config.auth.token", "too_long")]),
        ({**HEADER_KEY, "in": "cookie"}, [("config.auth.in", "invalid")]),
        ({**HEADER_KEY, "name": "Host"}, [("config.auth.name", "reserved")]),
        ({**HEADER_KEY, "name": "webhook-id"}, [("config.auth.name", "reserved")]),
        ({**HEADER_KEY, "name": "a b"}, [("config.auth.name", "invalid")]),
        ({**HEADER_KEY, "value": "é"}, [("config.auth.value", "invalid")]),
        ({**QUERY_KEY, "name": ""}, [("config.auth.name", "required")]),
        ({**QUERY_KEY, "value": "a\x00"}, [("config.auth.value", "invalid")]),
        ({"kind": "oauth2"}, [(f"config.auth.{name}", "required") for name in ("token_url", "client_id", "client_secret")]),
        ({**OAUTH, "token_url": "http://login.example.com/"}, [("config.auth.token_url", "http_not_allowed")]),
        ({**OAUTH, "token_url": "https://169.254.169.254/"}, [("config.auth.token_url", "blocked_address")]),
        ({**OAUTH, "credentials_in": "query"}, [("config.auth.credentials_in", "invalid")]),
        ({**OAUTH, "scope": ["a"]}, [("config.auth.scope", "invalid")]),
    ],
)
def test_a_wrong_setting_names_its_place(auth: Any, expected: list[tuple[str, str]]) -> None:
    assert faults(auth) == expected


@pytest.mark.parametrize(
    ("auth", "name"), [(BASIC, "authorization"), (BEARER, "Authorization"), (OAUTH, "AUTHORIZATION"), (HEADER_KEY, "x-key")]
)
def test_a_header_is_not_set_twice(auth: dict[str, Any], name: str) -> None:
    header = {"name": name, "value": "v"}
    assert faults(auth, headers=[header]) == [("config.auth", "conflict")]
    assert clean(QUERY_KEY, headers=[header])[0]["auth"]["in"] == "query"


def test_basic_is_sent_and_masked() -> None:
    outcome, request = answered(OK, auth=BASIC)
    pair = "acme:pässword 1".encode()
    assert headers_of(request)["authorization"] == f"Basic {base64.b64encode(pair).decode()}"
    assert dict(outcome.request_headers)["Authorization"] == f"Basic {MASK}"


def test_bearer_is_sent_and_masked() -> None:
    outcome, request = answered(OK, auth=BEARER)
    assert headers_of(request)["authorization"] == "Bearer t0ken-abcdef"
    assert dict(outcome.request_headers)["Authorization"] == f"Bearer {MASK}"


def test_a_key_in_a_header_is_sent_and_masked() -> None:
    outcome, request = answered(OK, auth=HEADER_KEY)
    assert headers_of(request)["x-key"] == "k-123456"
    assert dict(outcome.request_headers)["X-Key"] == MASK


def test_a_key_in_the_query_is_sent_and_masked() -> None:
    outcome, request = answered(OK, auth=QUERY_KEY)
    assert request.startswith(b"POST /leads?a=1&api+key=k%261%3D%C3%A9 HTTP/1.1\r\n")
    assert outcome.target.endswith(f"/leads?a=1&api+key={MASK}")


@pytest.mark.parametrize(
    ("auth", "headers", "secret"),
    [
        (BEARER, [], "t0ken-abcdef"),
        (BASIC, [], base64.b64encode("acme:pässword 1".encode()).decode()),
        (None, [{"name": "X-Own", "value": "own-s3cret", "secret": True}], "own-s3cret"),
        (None, [{"name": "X-Pin", "value": "4711", "secret": True}], "4711"),
    ],
)
def test_a_secret_that_the_partner_repeats_is_masked(auth: Any, headers: list[Any], secret: str) -> None:
    body = f'{{"you sent": "{secret}"}}'.encode()
    head = f"HTTP/1.1 200 OK\r\nX-Echo: {secret}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    outcome, request = answered(head + body, auth=auth, headers=headers)
    assert secret.encode() in request
    assert outcome.response_body.decode() == f'{{"you sent": "{MASK}"}}'
    assert ("X-Echo", MASK) in outcome.response_headers
    assert secret not in repr(outcome)
