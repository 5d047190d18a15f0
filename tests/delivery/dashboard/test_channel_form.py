"""What is typed into the form of a channel, as delivery.channel_config takes it, and back."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from accounts.faults import Fault
from delivery.channels import KINDS
from delivery.channels.base import FieldInfo
from delivery.dashboard.channel_form import literal, read_form
from delivery.dashboard.channel_typed import NEW_CONFIG, spoken_delay, typed_literal, typed_of
from delivery.outbound import OutboundPolicy
from delivery.payload import clean_selection
from distribution.fields import FieldSpec

SPECS = (FieldSpec("first_name", "First name", "text"), FieldSpec("zip", "ZIP", "text"), FieldSpec("ssn", "SSN", "text", is_encrypted=True))
FIELDS = tuple(FieldInfo(spec.key, spec.key, spec.label, spec.type) for spec in SPECS)
ALL = {"mode": "all", "include_encrypted": False}
SECRETS = {"auth:basic": "p", "auth:bearer": "t", "auth:api_key": "k", "auth:oauth2": "s", "header:x-key": "v"}


def typed(*pairs: tuple[str, str]) -> QueryDict:
    return QueryDict(urlencode(pairs))


def config_of(kind: str, *pairs: tuple[str, str]) -> dict[str, Any]:
    config: dict[str, Any] = read_form(typed(*pairs), kind).raw["config"]
    return config


def stored(kind: str, raw: dict[str, Any]) -> dict[str, Any]:
    """As the channel's own check would store it."""
    reach: dict[str, Any] = {"is_http_allowed": False, "policy": OutboundPolicy()}
    old = {"url": raw.get("url"), "auth": raw.get("auth", {})}
    config, _ = KINDS[kind].clean_config(raw, fields=FIELDS, old_config=old, old_secrets=SECRETS, **reach)
    return config


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("webhook", {"url": "https://partner.example.com/leads"}),
        (
            "webhook",
            {
                "url": "https://partner.example.com/leads",
                "payload_format": "template",
                "content_type": "application/json",
                "template": '{\n  "name": {{ first_name }}\n}\n',
                "timeout_seconds": 7,
                "headers": [{"name": "X-Key", "secret": True}, {"name": "X-Plain", "value": "1", "secret": False}],
                "auth": {"kind": "basic", "username": "acme"},
                "retry": {"policy": "custom", "delays_seconds": [5, 90, 3_600, 86_400]},
                "take": {"partner_id": "$.id", "price": "$['price']"},
                "max_in_flight": 12,
                "rate_per_minute": 600,
            },
        ),
        (
            "webhook",
            {
                "url": "https://partner.example.com/leads",
                "auth": {
                    "kind": "oauth2",
                    "token_url": "https://login.example.com/t",
                    "client_id": "a",
                    "scope": "leads",
                    "credentials_in": "header",
                },
            },
        ),
        (
            "webhook",
            {
                "url": "https://partner.example.com/leads",
                "auth": {"kind": "api_key", "name": "X-Api-Key", "in": "header"},
                "answers": [
                    {"when": {"status": "2xx", "json": {"path": "$.result", "equals": "12"}}, "then": "accepted", "reason": "as agreed"},
                    {"when": {"status": [200, 201], "text": "sold out"}, "then": "rejected"},
                    {"when": {"json": {"path": "$.code", "in": [1, "b", None, True]}, "regex": "a|b"}, "then": "retry"},
                ],
            },
        ),
        ("email", {}),
        (
            "email",
            {
                "recipients": ["a@helios.test", "b@helios.test"],
                "cc": ["c@helios.test"],
                "reply_to": "d@helios.test",
                "subject": "New: {{ first_name }}",
                "body_template": "<p>\n{{ lead.zip }}</p>",
                "format": "text",
                "attach_csv": True,
                "csv": {"delimiter": "\t", "bom": True, "file_name": "{{ zip }}.csv"},
                "batching": {"mode": "daily", "at": "17:30", "weekdays": [1, 3, 5], "max_leads": 50},
            },
        ),
        ("email", {"batching": {"mode": "every", "minutes": 15}}),
    ],
)
def test_what_is_stored_is_typed_and_read_as_the_same(kind: str, raw: dict[str, Any]) -> None:
    config = stored(kind, raw)
    assert stored(kind, read_form(typed_of(kind, ALL, config, SPECS), kind).raw["config"]) == config


@pytest.mark.parametrize("kind", ["webhook", "email"])
def test_a_new_channel_begins_with_what_the_check_would_add_by_itself(kind: str) -> None:
    url = {"url": "https://partner.example.com/leads"} if kind == "webhook" else {}
    fresh = typed_of(kind, ALL, NEW_CONFIG[kind], SPECS)
    fresh.update(url)
    assert stored(kind, read_form(fresh, kind).raw["config"]) == stored(kind, url)


@pytest.mark.parametrize(
    "selection",
    [
        ALL,
        {"mode": "all", "include_encrypted": True},
        {"mode": "selected", "selected": [{"key": "zip", "as": "PLZ"}, {"key": "created_at"}, {"key": "first_name"}]},
    ],
)
def test_a_choice_of_fields_is_typed_and_read_as_the_same(selection: dict[str, Any]) -> None:
    read = read_form(typed_of("webhook", selection, {}, SPECS), "webhook").raw["fields"]
    assert clean_selection(read, SPECS) == (selection, [])


def test_a_choice_begins_with_all_fields_but_the_encrypted() -> None:
    fresh = typed_of("webhook", ALL, {}, SPECS)
    fresh["fields_mode"] = "selected"
    assert read_form(fresh, "webhook").raw["fields"]["selected"] == [{"key": "first_name"}, {"key": "zip"}]


def test_fields_are_sent_in_the_order_of_the_rows_and_not_of_the_ticks() -> None:
    form = typed(("fields_mode", "selected"), ("field", "b"), ("field", "a"), ("send", "a"), ("send", "b"), ("send", "unknown"))
    assert read_form(form, "webhook").raw["fields"] == {"mode": "selected", "selected": [{"key": "b"}, {"key": "a"}]}


def test_numbers_are_numbers_and_what_is_none_is_handed_on_as_it_is() -> None:
    config = config_of("webhook", ("timeout_seconds", " 20 "), ("max_in_flight", "many"), ("rate_per_minute", ""))
    assert (config["timeout_seconds"], config["max_in_flight"], "rate_per_minute" in config) == (20, "many", False)


def test_an_empty_row_is_no_row_and_a_secret_without_a_value_is_left_out() -> None:
    pairs = [
        ("headers-0-name", ""),
        ("headers-0-value", ""),
        ("headers-3-name", "X-Key"),
        ("headers-3-value", ""),
        ("headers-3-secret", "on"),
    ]
    assert config_of("webhook", *pairs)["headers"] == [{"name": "X-Key", "secret": True}]


def test_only_the_settings_of_the_chosen_authentication_are_read() -> None:
    config = config_of("webhook", ("auth_kind", "bearer"), ("basic_username", "acme"), ("bearer_token", "t0k"))
    assert config["auth"] == {"kind": "bearer", "token": "t0k"}


@pytest.mark.parametrize(
    ("text", "status"), [("200", 200), ("2xx", "2xx"), ("200, 201", [200, 201]), ("2XX 404", ["2xx", 404]), ("fine", "fine")]
)
def test_statuses_are_read_as_people_write_them(text: str, status: Any) -> None:
    (rule,) = config_of("webhook", ("answers-0-status", text), ("answers-0-then", "accepted"))["answers"]
    assert rule["when"]["status"] == status


def test_a_rule_without_a_condition_is_no_rule() -> None:
    assert config_of("webhook", ("answers-0-then", "rejected"), ("answers-0-status", " "))["answers"] == []


@pytest.mark.parametrize(
    ("text", "delays"),
    [("5, 30, 5m", [5, 30, 300]), ("30s; 5 min; 2h; 1d", [30, 300, 7_200, 86_400]), ("soon, 5", ["soon", 5]), ("", []), ("5,,", [5])],
)
def test_delays_are_read_as_people_write_them(text: str, delays: list[Any]) -> None:
    assert config_of("webhook", ("retry_policy", "custom"), ("retry_delays", text))["retry"]["delays_seconds"] == delays


@given(st.integers(1, 700_000))
def test_a_delay_as_it_is_spoken_is_read_as_the_same(seconds: int) -> None:
    assert config_of("webhook", ("retry_policy", "custom"), ("retry_delays", spoken_delay(seconds)))["retry"]["delays_seconds"] == [seconds]


@given(st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=50))
def test_a_value_is_typed_so_that_it_is_read_as_the_same(value: Any) -> None:
    assert literal(typed_literal(value)) == value


@given(st.text(max_size=200))
def test_no_text_is_too_odd_for_a_value(text: str) -> None:
    literal(text)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["url", "headers-0-name", "headers-99-value", "answers-1-equals", "send", "field", "as-a", "x"]), st.text()
        )
    )
)
def test_whatever_is_sent_is_read(pairs: list[tuple[str, str]]) -> None:
    form = QueryDict(mutable=True)
    for name, value in pairs:
        form.appendlist(name, value)
    for kind in ("webhook", "email"):
        assert read_form(form, kind).raw["kind"] == kind


@pytest.mark.parametrize(
    ("attr", "control"),
    [
        ("config.url", "url"),
        ("config.headers.0.name", "headers-2-name"),
        ("config.headers.1.value", "headers-5-value"),
        ("config.headers", "headers"),
        ("config.answers.0.when.json.path", "answers-4-path"),
        ("config.answers.0.when.json.in.3", "answers-4-equals"),
        ("config.answers.0.when", "answers-4-status"),
        ("config.auth.token", "bearer_token"),
        ("config.auth", "auth_kind"),
        ("config.retry.delays_seconds.2", "retry_delays"),
        ("config.take.price", "take_price"),
        ("fields.selected.1.as", "as-b"),
        ("fields.selected", "fields_mode"),
        ("kind", "kind"),
        ("elsewhere", ""),
    ],
)
def test_a_fault_finds_the_control_it_is_about(attr: str, control: str) -> None:
    form = typed(
        ("headers-0-name", ""), ("headers-2-name", "A"), ("headers-5-name", "B"), ("answers-4-path", "$.x"), ("auth_kind", "bearer"),
        ("fields_mode", "selected"), ("field", "a"), ("field", "b"), ("send", "a"), ("send", "b"),
    )  # fmt: skip
    assert read_form(form, "webhook").control_of(Fault(attr, "invalid", "…")) == control


@pytest.mark.parametrize(
    ("attr", "control"),
    [
        ("config.recipients.3", "recipients"),
        ("config.csv.file_name", "csv_file_name"),
        ("config.batching.at", "batching_at"),
        ("config.subject", "subject"),
    ],
)
def test_a_fault_of_a_mail_finds_the_control_it_is_about(attr: str, control: str) -> None:
    assert read_form(typed(), "email").control_of(Fault(attr, "invalid", "…")) == control
