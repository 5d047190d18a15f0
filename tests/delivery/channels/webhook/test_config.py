"""Settings of a webhook channel as people type them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from delivery.channels.base import Config, ConfigError, Secrets
from delivery.channels.webhook import KIND
from delivery.channels.webhook.kept import MASK
from delivery.channels.webhook.signature import CURRENT, PREVIOUS, PREVIOUS_UNTIL, decode_secret, new_secret, rotate
from delivery.outbound import OutboundPolicy

URL = "https://partner.example.com/webhooks/leads"
SIGNING = {CURRENT: new_secret()}
PLAIN = {
    "url": URL,
    "payload_format": "json",
    "template": "",
    "content_type": "application/json",
    "timeout_seconds": 20,
    "headers": [],
    "auth": {"kind": "none"},
    "answers": [],
    "take": {},
    "retry": {"policy": "standard"},
    "max_in_flight": 5,
    "rate_per_minute": None,
}


def clean(
    raw: Any, old: Secrets = SIGNING, *, old_config: Config = PLAIN, is_http_allowed: bool = False
) -> tuple[dict[str, Any], dict[str, str]]:
    return KIND.clean_config(
        raw, fields=(), is_http_allowed=is_http_allowed, policy=OutboundPolicy(), old_config=old_config, old_secrets=old
    )


def faults(raw: Any) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as refused:
        clean(raw)
    assert all(fault.detail.endswith(".") for fault in refused.value.faults)
    return [(fault.attr, fault.code) for fault in refused.value.faults]


def headers(*items: Any) -> dict[str, Any]:
    return {"url": URL, "headers": list(items)}


def test_the_settings_of_the_first_five_minutes() -> None:
    raw = {
        "url": URL,
        "payload_format": "json",
        "timeout_seconds": 20,
        "headers": [{"name": "X-Api-Key", "value": "s3cret", "secret": True}],
        "retry": {"policy": "standard"},
    }
    config, secrets = clean(raw, {})
    assert config == PLAIN | raw | {"headers": [{"name": "X-Api-Key", "secret": True}]}
    assert secrets == {CURRENT: secrets[CURRENT], "header:x-api-key": "s3cret"}
    assert len(decode_secret(secrets[CURRENT])) == 32
    assert "s3cret" not in json.dumps(config)


def test_an_address_is_enough() -> None:
    assert clean({"url": f" {URL} "})[0] == PLAIN


def test_what_was_stored_may_come_back() -> None:
    stored, secrets = clean(headers({"name": "X-Key", "value": "a", "secret": True}, {"name": "X-Plain", "value": "b"}))
    assert clean(stored, secrets) == (stored, secrets)


@pytest.mark.parametrize("value", [{}, {"value": None}, {"value": MASK}])
def test_a_secret_left_out_keeps_its_value(value: dict[str, Any]) -> None:
    old = SIGNING | {"header:x-key": "kept"}
    assert clean(headers({"name": "x-KEY", "secret": True, **value}), old)[1] == old


def test_a_secret_may_be_replaced_or_dropped() -> None:
    old = SIGNING | {"header:x-key": "old", "header:x-other": "other"}
    assert clean(headers({"name": "X-Key", "secret": True, "value": "new"}), old)[1] == SIGNING | {"header:x-key": "new"}


def test_a_secret_does_not_become_plain_by_unticking_it() -> None:
    old = SIGNING | {"header:x-key": "old"}
    with pytest.raises(ConfigError):
        clean(headers({"name": "X-Key", "secret": False}), old)


@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key", "api_key", "X-Auth-Token", "Cookie", "X-Password"])
def test_a_header_named_like_a_credential_is_secret_unless_said_otherwise(name: str) -> None:
    assert clean(headers({"name": name, "value": "v"}))[0]["headers"] == [{"name": name, "secret": True}]
    plain = clean(headers({"name": name, "value": "v", "secret": False}))
    assert plain == (clean({"url": URL})[0] | {"headers": [{"name": name, "value": "v", "secret": False}]}, SIGNING)


def test_the_signing_secrets_stay_through_a_change() -> None:
    rotated = rotate(SIGNING, now=datetime(2026, 11, 24, tzinfo=UTC))
    assert rotated[CURRENT] != rotated[PREVIOUS] == SIGNING[CURRENT]
    assert rotated[PREVIOUS_UNTIL] == "2026-11-25T00:00:00+00:00"
    assert clean({"url": URL}, rotated)[1] == rotated


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ([], [("config", "invalid"), ("config.url", "required")]),
        ({}, [("config.url", "required")]),
        ({"url": 5}, [("config.url", "required")]),
        ({"url": "http://partner.example.com/"}, [("config.url", "http_not_allowed")]),
        ({"url": "https://10.0.0.1/"}, [("config.url", "blocked_address")]),
        ({"url": "https://me:pw@partner.example.com/"}, [("config.url", "user_info")]),
        ({"url": URL + "\r\nX: y"}, [("config.url", "characters")]),
        ({"url": URL, "colour": "blue"}, [("config.colour", "unknown")]),
        ({"url": URL, "payload_format": "xml"}, [("config.payload_format", "invalid")]),
        ({"url": URL, "payload_format": "template"}, [("config.template", "required")]),
        ({"url": URL, "timeout_seconds": 0}, [("config.timeout_seconds", "invalid")]),
        ({"url": URL, "timeout_seconds": 31}, [("config.timeout_seconds", "invalid")]),
        ({"url": URL, "timeout_seconds": True}, [("config.timeout_seconds", "invalid")]),
        ({"url": URL, "timeout_seconds": "20"}, [("config.timeout_seconds", "invalid")]),
        ({"url": URL, "max_in_flight": 51}, [("config.max_in_flight", "invalid")]),
        ({"url": URL, "retry": {"policy": "often"}}, [("config.retry.policy", "invalid")]),
        ({"url": URL, "headers": {}}, [("config.headers", "invalid")]),
        ({"url": URL, "headers": [{"name": f"X-{n}", "value": "v"} for n in range(31)]}, [("config.headers", "invalid")]),
        (headers("X: y"), [("config.headers.0", "invalid"), ("config.headers.0.name", "invalid")]),
        (headers({"name": "X", "value": "v", "hidden": True}), [("config.headers.0.hidden", "unknown")]),
        (headers({"name": "X", "value": "v", "secret": "yes"}), [("config.headers.0.secret", "invalid")]),
        (headers({"name": "X", "value": "v"}, {"name": "x", "value": "w"}), [("config.headers.1.name", "duplicate")]),
        (headers({"name": "X", "secret": True}), [("config.headers.0.value", "required")]),
        (headers({"name": "X", "value": "v" * 4_097}), [("config.headers.0.value", "too_long")]),
        (headers(*({"name": f"X-{n}", "value": "v" * 4_000} for n in range(5))), [("config.headers", "too_long")]),
        (
            {"url": "", "timeout_seconds": 99, "headers": [{"name": "Host", "value": "x"}]},
            [("config.url", "required"), ("config.headers.0.name", "reserved"), ("config.timeout_seconds", "invalid")],
        ),
    ],
)
def test_a_wrong_setting_names_its_place(raw: Any, expected: list[tuple[str, str]]) -> None:
    assert faults(raw) == expected


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "content-length",
        "CONTENT-TYPE",
        "Content-Encoding",
        "Accept-Encoding",
        "Date",
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Expect",
        "webhook-id",
        "Webhook-Signature",
        "WEBHOOK-anything",
    ],
)
def test_a_reserved_name_is_refused(name: str) -> None:
    assert faults(headers({"name": name, "value": "v"})) == [("config.headers.0.name", "reserved")]


@pytest.mark.parametrize("name", ["", " X", "X:", "X Y", "X\r\nY", "X\n", "X\x00", "Ünï", "(x)", "x" * 101, None, 5])
def test_what_is_no_name_is_refused(name: Any) -> None:
    assert faults(headers({"name": name, "value": "v"})) == [("config.headers.0.name", "invalid")]


@pytest.mark.parametrize("value", ["", " ", "a\r\nb", "a\nb", "a\rb", "a\x00b", "a\x7fb", "ü", "a\u2028b", "\ud800", "a\n", 5, ["a"]])
def test_what_is_no_value_is_refused(value: Any) -> None:
    assert faults(headers({"name": "X", "value": value})) == [("config.headers.0.value", "invalid")]


def test_plain_http_where_the_account_allows_it() -> None:
    assert clean({"url": "http://partner.example.com/x"}, is_http_allowed=True)[0]["url"] == "http://partner.example.com/x"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_short", "whsec_" + "A" * 200, "plain", "whsk_" + "A" * 43 + "=", "whsec_é"])
def test_what_is_no_signing_secret(secret: str) -> None:
    with pytest.raises(ValueError, match="A signing secret is") as refused:
        decode_secret(secret)
    assert secret in {"", "whsec_"} or secret not in str(refused.value)


def test_every_secret_is_another() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
