"""Webhooks at a real receiver: signed, masked in the log, judged by their answer."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from standardwebhooks import Webhook, WebhookVerificationError

from delivery.channels.base import Context
from delivery.channels.webhook import KIND
from delivery.channels.webhook.kept import MASK
from delivery.channels.webhook.signature import CURRENT, PREVIOUS, decode_secret, new_secret, rotate, sign
from delivery.outbound import OutboundPolicy
from delivery.outcome import Outcome, Verdict
from tests.delivery.channels.webhook.posting import (
    BODY,
    DELIVERY,
    OK,
    RENDERING,
    Transport,
    answered,
    headers_of,
    send,
    settings_for,
    with_receiver,
)
from tests.delivery.outbound.servers import Server, Visit, says

HEADERS = [
    {"name": "X-Api-Key", "value": "s3cret"},
    {"name": "X-Plain", "value": "seen"},
    {"name": "Cookie", "value": "c", "secret": False},
]


def test_the_request_and_what_the_log_keeps_of_it() -> None:
    outcome, request = answered(OK, headers=HEADERS)
    assert request.startswith(b"POST /leads?a=1 HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\n" + BODY)
    sent = headers_of(request)
    assert sent["content-type"] == "application/json"
    assert sent["user-agent"].startswith("Leadflip/")
    assert (sent["x-api-key"], sent["x-plain"], sent["cookie"]) == ("s3cret", "seen", "c")
    assert sent["webhook-id"] == str(DELIVERY)

    assert (outcome.verdict, outcome.code, outcome.http_status) == (Verdict.DELIVERED, "ok", 200)
    assert (outcome.method, outcome.target) == ("POST", f"http://{sent['host']}/leads?a=1")
    assert outcome.address == sent["host"]
    shown = {name.lower(): value for name, value in outcome.request_headers}
    assert (shown["x-api-key"], shown["x-plain"], shown["cookie"]) == (MASK, "seen", MASK)
    assert {name: value for name, value in shown.items() if value != MASK}.items() <= sent.items()
    assert outcome.response_body == b"ok"
    assert ("X-Answer", "yes") in outcome.response_headers
    assert outcome.timings.total_ms > 0


def test_a_user_agent_of_the_partners_choice() -> None:
    _, request = answered(OK, headers=[{"name": "user-agent", "value": "Acme"}])
    assert headers_of(request)["user-agent"] == "Acme"


def test_the_official_library_verifies_the_signature() -> None:
    secret = new_secret()
    _, request = answered(OK, secrets={CURRENT: secret})
    assert Webhook(secret).verify(BODY, headers_of(request)) == {"name": "Jané"}
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers_of(request))
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", headers_of(request))


@pytest.mark.parametrize(("hours", "is_old_valid"), [(23.9, True), (24.1, False)])
def test_both_secrets_sign_for_a_day_after_a_rotation(hours: float, *, is_old_valid: bool) -> None:
    old = new_secret()
    rotated = rotate({CURRENT: old}, now=datetime.now(UTC) - timedelta(hours=hours))
    _, request = answered(OK, secrets=rotated)
    headers = headers_of(request)
    Webhook(rotated[CURRENT]).verify(BODY, headers)
    assert len(headers["webhook-signature"].split(" ")) == 1 + is_old_valid
    if is_old_valid:
        Webhook(rotated[PREVIOUS]).verify(BODY, headers)


def test_two_rotations_within_a_day_leave_nobody_behind() -> None:
    now = datetime.now(UTC)
    first = {CURRENT: new_secret()}
    second = rotate(first, now=now - timedelta(hours=20))
    third = rotate(second, now=now - timedelta(hours=1))
    _, request = answered(OK, secrets=third)
    for secret in (first[CURRENT], second[CURRENT], third[CURRENT]):
        Webhook(secret).verify(BODY, headers_of(request))


def test_what_is_over_and_what_is_too_many_signs_no_more() -> None:
    now = datetime.now(UTC)
    over = rotate({CURRENT: new_secret()}, now=now - timedelta(hours=25))
    again = rotate(over, now=now)
    assert again[PREVIOUS] == over[CURRENT]
    for _ in range(5):
        again = rotate(again, now=now)
    _, request = answered(OK, secrets=again)
    assert len(headers_of(request)["webhook-signature"].split(" ")) == 4


def test_a_signature_by_the_specifications_own_numbers() -> None:
    # The example of the Standard Webhooks reference libraries.
    key = decode_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = sign([key], message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, body=b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_every_try_has_the_same_id_and_bytes_and_its_own_time() -> None:
    async def tries(server: Server, transport: Transport) -> list[Outcome]:
        outcomes = []
        for second in (0, 5, 35):
            with time_machine.travel(datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=second), tick=False):
                outcomes.append(await send(server, transport, secrets={CURRENT: "whsec_" + base64.b64encode(b"k" * 32).decode()}))
        return outcomes

    unavailable = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"

    async def script(visit: Visit) -> None:
        while True:
            await visit.request()
            await visit.say(unavailable)

    outcomes, requests = with_receiver(script, tries)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.RETRY] * 3
    sent = [headers_of(request) for request in requests]
    assert {headers["webhook-id"] for headers in sent} == {str(DELIVERY)}
    assert {request.partition(b"\r\n\r\n")[2] for request in requests} == {BODY}
    moments = [int(headers["webhook-timestamp"]) for headers in sent]
    assert [moment - moments[0] for moment in moments] == [0, 5, 35]
    assert len({headers["webhook-signature"] for headers in sent}) == 3


def status(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {line}", "Content-Length: 0", *headers, "", ""]).encode()


def test_another_4xx_is_tried_three_times_at_most() -> None:
    outcome, _ = answered(status("422 Unprocessable Content"))
    assert (outcome.verdict, outcome.code, outcome.max_tries, outcome.is_counted) == (Verdict.RETRY, "http_422", 3, True)


def test_a_204_is_taken_even_with_a_body_that_it_must_not_have() -> None:
    outcome, _ = answered(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")
    assert (outcome.verdict, outcome.code, outcome.http_status) == (Verdict.DELIVERED, "ok", 204)


def test_what_is_no_answer_is_tried_again_with_what_is_known() -> None:
    outcome, _ = answered(b"ha ha\r\n\r\n", headers=HEADERS)
    assert (outcome.verdict, outcome.code, outcome.http_status) == (Verdict.RETRY, "protocol", None)
    assert MASK in dict(outcome.request_headers).values()
    assert "s3cret" not in repr(outcome)
    assert outcome.address


def test_an_address_that_is_blocked_by_now_is_not_connected_to() -> None:
    async def blocked(server: Server, transport: Transport) -> list[Outcome]:
        config, secrets = settings_for(server, {CURRENT: new_secret()})
        strict = Transport(transport.client, transport.tokens, OutboundPolicy())
        contexts = [Context(datetime.now(UTC), is_http_allowed=is_allowed) for is_allowed in (True, False)]
        return [
            await KIND.send(RENDERING, delivery_id=DELIVERY, config=config, secrets=secrets, context=context, transport=strict)
            for context in contexts
        ]

    outcomes, requests = with_receiver(says(OK), blocked)
    assert [(outcome.verdict, outcome.code) for outcome in outcomes] == [
        (Verdict.FAILED, "blocked_address"),
        (Verdict.FAILED, "http_not_allowed"),
    ]
    assert requests == []


@pytest.mark.parametrize("secrets", [{}, {CURRENT: "whsec_x"}])
def test_nothing_goes_out_unsigned(secrets: dict[str, str]) -> None:
    async def unsigned(server: Server, transport: Transport) -> list[Outcome]:
        config, _ = settings_for(server, {})
        context = Context(datetime.now(UTC), is_http_allowed=True)
        return [await KIND.send(RENDERING, delivery_id=DELIVERY, config=config, secrets=secrets, context=context, transport=transport)]

    (outcome,), requests = with_receiver(says(OK), unsigned)
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "no_signing_secret")
    assert requests == []


def test_changed_settings_are_used_at_once() -> None:
    async def changing(server: Server, transport: Transport) -> list[Outcome]:
        signing = {CURRENT: new_secret()}
        values = ("one", "two")
        return [await send(server, transport, secrets=signing, headers=[{"name": "X-Api-Key", "value": value}]) for value in values]

    async def script(visit: Visit) -> None:
        while True:
            await visit.request()
            await visit.say(OK)

    _, requests = with_receiver(script, changing)
    assert [headers_of(request)["x-api-key"] for request in requests] == ["one", "two"]
