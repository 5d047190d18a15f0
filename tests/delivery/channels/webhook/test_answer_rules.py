"""The channel's own rules about answers: which wins, what it does to the lead, and what is taken out of the answer."""

import gzip
import json
from decimal import Decimal
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.channels.webhook.answer_rules import AnswerRules, Content
from delivery.outcome import Outcome, Verdict
from tests.delivery.channels.webhook.posting import answered

ACCEPTED = b'{"result": {"status": "accepted", "code": 1, "is_new": true, "note": null}, "lead": {"id": 4711}, "price": 12.345}'


def meets(when: dict[str, Any], body: bytes = ACCEPTED, status: int = 200) -> bool:
    rules = AnswerRules([{"when": when, "then": "rejected", "reason": ""}], {})
    return rules.judge(status, Content(body)) is not None


@pytest.mark.parametrize(
    ("when", "is_met"),
    [
        ({"status": 200}, True),
        ({"status": 201}, False),
        ({"status": "2xx"}, True),
        ({"status": "4xx"}, False),
        ({"status": [400, "2xx"]}, True),
        ({"status": [400, 201]}, False),
        ({"text": "ACCEPTED"}, True),
        ({"text": "refused"}, False),
        ({"regex": r'"status":\s*"acc[a-z]+"'}, True),
        ({"regex": "^refused"}, False),
        ({"json": {"path": "$.result.status", "equals": "accepted"}}, True),
        ({"json": {"path": "$.result.status", "equals": "Accepted"}}, False),
        ({"json": {"path": "$.result.status", "in": ["ok", "accepted"]}}, True),
        ({"json": {"path": "$.result.status", "in": []}}, False),
        ({"json": {"path": "$.result.code", "equals": 1}}, True),
        ({"json": {"path": "$.result.code", "equals": 1.0}}, True),
        ({"json": {"path": "$.result.code", "equals": "1"}}, False),
        ({"json": {"path": "$.result.code", "equals": True}}, False),
        ({"json": {"path": "$.result.is_new", "equals": True}}, True),
        ({"json": {"path": "$.result.is_new", "equals": 1}}, False),
        ({"json": {"path": "$.result.note", "equals": None}}, True),
        ({"json": {"path": "$.result.gone", "equals": None}}, False),
        ({"json": {"path": "$.price", "equals": 12.345}}, True),
        ({"json": {"path": "$.result", "equals": "accepted"}}, False),
        ({"json": {"path": "$.result[*]", "equals": "accepted"}}, True),
        ({"status": 200, "text": "accepted", "json": {"path": "$.lead.id", "equals": 4711}}, True),
        ({"status": 201, "text": "accepted"}, False),
        ({"status": 200, "text": "refused"}, False),
    ],
)
def test_a_condition(when: dict[str, Any], *, is_met: bool) -> None:
    assert meets(when) is is_met


def test_a_pattern_that_cannot_be_used_any_more_is_met_by_nothing() -> None:
    assert not meets({"regex": "("}, b"(")


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


def outcome_of(body: bytes, status: str = "200 OK", *headers: str, **config: Any) -> Outcome:
    return answered(answer(body, status, *headers), **config)[0]


def rule(then: str, reason: str = "", **when: Any) -> dict[str, Any]:
    return {"when": when, "then": then, "reason": reason}


@pytest.mark.parametrize(
    ("then", "status", "verdict", "code", "reason"),
    [
        ("accepted", "400 Bad Request", Verdict.DELIVERED, "ok", "The partner took the lead: 400 Bad Request, by a rule of this channel."),
        ("rejected", "200 OK", Verdict.REJECTED, "rejected", "The partner rejected the lead: 200 OK, by a rule of this channel."),
        ("duplicate", "200 OK", Verdict.REJECTED, "duplicate", "The partner has the lead already: 200 OK, by a rule of this channel."),
        ("retry", "200 OK", Verdict.RETRY, "http_200", "The partner wants the lead again later: 200 OK, by a rule of this channel."),
        ("failed", "503 Service Unavailable", Verdict.FAILED, "http_503",
         "The partner cannot take the lead: 503 Service Unavailable, by a rule of this channel."),
    ],
)  # fmt: skip
def test_what_a_rule_does(then: str, status: str, verdict: Verdict, code: str, reason: str) -> None:
    outcome = outcome_of(b"hello", status, answers=[rule(then, text="hello")])
    assert (outcome.verdict, outcome.code, outcome.reason, outcome.max_tries) == (verdict, code, reason, None)
    assert outcome.http_status == int(status[:3])


def test_the_reason_is_the_rules_own_where_it_has_one() -> None:
    assert outcome_of(b"sold out", answers=[rule("rejected", "They are full for today.", text="sold")]).reason == "They are full for today."


def test_the_first_rule_that_is_met_wins() -> None:
    rules = [rule("failed", text="nothing of it"), rule("duplicate", text="dup"), rule("rejected", status="2xx")]
    assert outcome_of(b"dup", answers=rules).code == "duplicate"
    assert outcome_of(b"ok", answers=rules).code == "rejected"


def test_without_a_rule_that_is_met_the_status_decides() -> None:
    rules = [rule("rejected", text="sold out")]
    assert outcome_of(b"ok", answers=rules).code == "ok"
    gone = outcome_of(b"", "410 Gone", answers=rules)
    assert (gone.verdict, gone.pauses_channel) == (Verdict.FAILED, True)


def test_a_rule_about_410_keeps_the_channel_going() -> None:
    outcome = outcome_of(b"", "410 Gone", answers=[rule("rejected", status=410)])
    assert (outcome.verdict, outcome.pauses_channel) == (Verdict.REJECTED, False)


def test_a_retry_by_a_rule_honours_retry_after() -> None:
    outcome = outcome_of(b"busy", "200 OK", "Retry-After: 90", answers=[rule("retry", text="busy")])
    assert (outcome.verdict, outcome.retry_after_seconds) == (Verdict.RETRY, 90)


TAKE = {"partner_id": "$.lead.id", "price": "$.price"}


@pytest.mark.parametrize(
    ("value", "reference"),
    [
        (4711, "4711"),
        ("  L-4711 ", "L-4711"),
        ("é" * 200, "é" * 200),
        ("x" * 201, ""),
        ("a\nb", ""),
        ("a\x00b", ""),
        (True, ""),
        (None, ""),
        (1.5, ""),
        ([1], ""),
        (10**30, ""),
    ],
)
def test_the_partners_own_id_is_taken(value: Any, reference: str) -> None:
    assert outcome_of(json.dumps({"lead": {"id": value}}).encode(), take=TAKE).partner_reference == reference


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("25", "25.00"),
        ("25.5", "25.50"),
        ('"25.50"', "25.50"),
        ("12.345", "12.35"),
        ("0", "0.00"),
        ("9999999999.99", "9999999999.99"),
        ("9999999999.995", None),
        ("1e30", None),
        ("1e999999999", None),
        ("-1", None),
        ('"$25"', None),
        ("true", None),
        ("null", None),
        ("[25]", None),
        ('"NaN"', None),
    ],
)
def test_the_price_is_taken_to_the_cent(text: str, price: str | None) -> None:
    outcome = outcome_of(b'{"price": %b}' % text.encode(), take=TAKE)
    assert outcome.price == (Decimal(price) if price else None)


def test_what_was_not_taken_has_no_price_but_may_have_an_id() -> None:
    outcome = outcome_of(ACCEPTED, answers=[rule("duplicate", status=200)], take=TAKE)
    assert (outcome.partner_reference, outcome.price) == ("4711", None)


def test_the_first_of_several_is_taken() -> None:
    body = b'{"leads": [{"id": 7}, {"id": 8}]}'
    assert outcome_of(body, take={"partner_id": "$.leads[*].id"}).partner_reference == "7"


NO_JSON = [
    b"",
    b"null",
    b"[" * 16_000,
    b"[" * 8_000 + b"]" * 8_000,
    b'{"result": {"status": "accepted"}',
    b'{"result": "\xff"}',
    b'"\\ud800"',
    b'{"a": ' + b"9" * 10_000 + b"}",
    b'{"result": {"status": "accepted"}}' + b" " * 70_000 + b"x",
    gzip.compress(ACCEPTED, mtime=0),
    bytes(range(256)) * 60,
]
EVERY_KIND = [
    rule("rejected", json={"path": "$.result.status", "equals": "accepted"}),
    rule("rejected", regex=r"^(a|aa)+$"),
    rule("rejected", text="\N{SNOWMAN}"),
]


@pytest.mark.parametrize("body", NO_JSON, ids=range(len(NO_JSON)))
def test_a_hostile_answer_is_judged_by_its_status(body: bytes) -> None:
    started = process_time()
    outcome = outcome_of(body, answers=EVERY_KIND, take=TAKE)
    assert (outcome.verdict, outcome.code, outcome.partner_reference, outcome.price) == (Verdict.DELIVERED, "ok", "", None)
    assert process_time() - started < 2


def test_a_packed_answer_is_judged_by_what_is_in_it() -> None:
    outcome = outcome_of(gzip.compress(ACCEPTED, mtime=0), "200 OK", "Content-Encoding: gzip", answers=EVERY_KIND, take=TAKE)
    assert (outcome.code, outcome.partner_reference) == ("rejected", "4711")


@given(body=st.binary(max_size=300), status=st.integers(100, 599))
def test_no_answer_upsets_the_rules(body: bytes, status: int) -> None:
    rules = AnswerRules(EVERY_KIND, TAKE)
    content = Content(body)
    judgement = rules.judge(status, content)
    assert judgement is None or judgement.verdict is Verdict.REJECTED
    assert (rules.reference(content), rules.price(content)) == ("", None)
