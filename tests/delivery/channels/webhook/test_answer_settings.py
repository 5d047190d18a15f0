"""Rules about answers as people type them."""

from decimal import Decimal
from typing import Any

import pytest

from delivery.channels.base import ConfigError
from delivery.channels.webhook import KIND
from delivery.outbound import OutboundPolicy

URL = "https://partner.example.com/leads"


def clean(**raw: Any) -> dict[str, Any]:
    config, _ = KIND.clean_config({"url": URL, **raw}, fields=(), is_http_allowed=False, policy=OutboundPolicy(), old_secrets={})
    return config


def faults(**raw: Any) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as refused:
        clean(**raw)
    assert all(fault.detail.endswith(".") for fault in refused.value.faults), refused.value
    return [(fault.attr, fault.code) for fault in refused.value.faults]


def rule(**when: Any) -> dict[str, Any]:
    return {"when": when, "then": "rejected"}


def test_rules_are_stored_as_they_were_typed() -> None:
    answers = [
        {"when": {"status": 200, "json": {"path": "$.result", "in": ["sold", 1, 1.5, True, None]}}, "then": "rejected", "reason": "Sold."},
        {"when": {"status": ["2xx", 409], "text": "twice", "regex": "^dup"}, "then": "duplicate", "reason": ""},
    ]
    take = {"partner_id": "$.lead.id", "price": "$['price']"}
    stored = clean(answers=answers, take=take)
    assert (stored["answers"], stored["take"]) == (answers, take)
    assert clean(**{name: stored[name] for name in ("answers", "take")}) == stored


def test_what_is_left_out_is_empty() -> None:
    (stored,) = clean(answers=[rule(text="no", regex=None)])["answers"]
    assert stored == {"when": {"text": "no"}, "then": "rejected", "reason": ""}
    assert clean(take={"price": None})["take"] == {}


def test_numbers_of_a_request_can_be_stored() -> None:
    ((stored),) = clean(answers=[rule(json={"path": "$.a", "equals": Decimal("1.5")})])["answers"]
    assert stored["when"]["json"]["equals"] == 1.5
    assert type(stored["when"]["json"]["equals"]) is float


def test_a_rule_without_a_meaning_is_refused() -> None:
    assert faults(answers=[{"when": {"status": 200}}]) == [("config.answers.0.then", "required")]
    assert faults(answers=[{"when": {"status": 200}, "then": "sold"}]) == [("config.answers.0.then", "invalid")]


@pytest.mark.parametrize(
    ("answers", "attr", "code"),
    [
        ("all", "", "invalid"),
        ([rule(text="a")] * 21, "", "invalid"),
        ([{"when": "200", "then": "rejected"}], ".0.when", "invalid"),
        ([{**rule(text="a"), "if": 1}], ".0.if", "unknown"),
        ([{**rule(text="a"), "reason": "x" * 201}], ".0.reason", "too_long"),
        ([{**rule(text="a"), "reason": "a\nb"}], ".0.reason", "invalid"),
        ([rule(text="a"), rule()], ".1.when", "required"),
        ([rule(header="a")], ".0.when.header", "unknown"),
        ([rule(status=99)], ".0.when.status", "invalid"),
        ([rule(status=600)], ".0.when.status", "invalid"),
        ([rule(status=True)], ".0.when.status", "invalid"),
        ([rule(status="200")], ".0.when.status", "invalid"),
        ([rule(status="6xx")], ".0.when.status", "invalid"),
        ([rule(status=[])], ".0.when.status", "invalid"),
        ([rule(status=[200] * 101)], ".0.when.status", "invalid"),
        ([rule(text="")], ".0.when.text", "required"),
        ([rule(text=5)], ".0.when.text", "invalid"),
        ([rule(text="x" * 501)], ".0.when.text", "too_long"),
        ([rule(regex="(")], ".0.when.regex", "invalid"),
        ([rule(regex="(?=a)")], ".0.when.regex", "invalid"),
        ([rule(regex="x" * 1_001)], ".0.when.regex", "too_long"),
        ([rule(regex="")], ".0.when.regex", "required"),
        ([rule(json="$.a")], ".0.when.json", "invalid"),
        ([rule(json={"equals": 1})], ".0.when.json.path", "required"),
        ([rule(json={"path": "a", "equals": 1})], ".0.when.json.path", "invalid"),
        ([rule(json={"path": "$.a"})], ".0.when.json", "invalid"),
        ([rule(json={"path": "$.a", "equals": 1, "in": [1]})], ".0.when.json", "invalid"),
        ([rule(json={"path": "$.a", "equals": [1]})], ".0.when.json.equals", "invalid"),
        ([rule(json={"path": "$.a", "equals": 10**15})], ".0.when.json.equals", "invalid"),
        ([rule(json={"path": "$.a", "equals": Decimal("1e999999")})], ".0.when.json.equals", "invalid"),
        ([rule(json={"path": "$.a", "equals": "x" * 501})], ".0.when.json.equals", "invalid"),
        ([rule(json={"path": "$.a", "in": ["a", {}]})], ".0.when.json.in.1", "invalid"),
        ([rule(json={"path": "$.a", "in": "a"})], ".0.when.json.in", "invalid"),
    ],
)
def test_a_wrong_rule_names_its_place(answers: Any, attr: str, code: str) -> None:
    assert (f"config.answers{attr}", code) in faults(answers=answers)


@pytest.mark.parametrize(
    ("take", "attr", "code"),
    [
        ("$.a", "", "invalid"),
        ({"id": "$.a"}, ".id", "unknown"),
        ({"price": "price"}, ".price", "invalid"),
        ({"price": ["$.a"]}, ".price", "invalid"),
        ({"partner_id": "$." + "a" * 200}, ".partner_id", "too_long"),
    ],
)
def test_a_wrong_place_to_take_from_is_refused(take: Any, attr: str, code: str) -> None:
    assert faults(take=take) == [(f"config.take{attr}", code)]
