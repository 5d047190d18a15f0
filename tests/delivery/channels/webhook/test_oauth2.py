"""OAuth 2.0 client credentials at a real token endpoint: fetched once, renewed once, and nothing goes out without a token."""

import asyncio
import base64
import logging
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from delivery.channels.base import Context
from delivery.channels.webhook import KIND
from delivery.channels.webhook.kept import MASK
from delivery.outbound import OutboundPolicy
from delivery.outcome import Outcome, Verdict
from tests.delivery.channels.webhook.posting import DELIVERY, RENDERING, Transport, headers_of, send
from tests.delivery.channels.webhook.token_endpoint import OK, SECRET, SIGNING, UNAUTHORISED, Partner, http, token, with_partner
from tests.delivery.outbound.servers import LOOPBACK_ALLOWED, Server


def settings(server: Server, **more: Any) -> dict[str, Any]:
    url = f"http://127.0.0.1:{server.port}/token?v=1"
    return {"kind": "oauth2", "token_url": url, "client_id": "acme:1", "client_secret": SECRET} | more


def sent(partner: Partner, times: int = 1, **auth: Any) -> list[Outcome]:
    async def one_after_another(server: Server, transport: Transport) -> list[Outcome]:
        return [await send(server, transport, secrets=SIGNING, auth=settings(server, **auth)) for _ in range(times)]

    return with_partner(partner, one_after_another)


def test_a_token_is_fetched_and_sent() -> None:
    partner = Partner([token("tok-1-abcdef")])
    (outcome,) = sent(partner, scope="leads:write more", audience="https://api.example.com")
    (request,) = partner.token_requests
    assert request.startswith(b"POST /token?v=1 HTTP/1.1\r\n")
    assert headers_of(request)["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in headers_of(request)
    assert parse_qs(request.partition(b"\r\n\r\n")[2].decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["acme:1"],
        "client_secret": [SECRET],
        "scope": ["leads:write more"],
        "audience": ["https://api.example.com"],
    }
    assert partner.shown_tokens == ["Bearer tok-1-abcdef"]
    assert (outcome.verdict, outcome.http_status) == (Verdict.DELIVERED, 200)
    assert dict(outcome.request_headers)["Authorization"] == f"Bearer {MASK}"


def test_credentials_in_the_header() -> None:
    partner = Partner([token("t")])
    sent(partner, credentials_in="header")
    (request,) = partner.token_requests
    wanted = base64.b64encode(b"acme%3A1:cl1ent%26s3cret%3A%C3%A9").decode()
    assert headers_of(request)["authorization"] == f"Basic {wanted}"
    assert request.endswith(b"\r\n\r\ngrant_type=client_credentials")


def test_a_token_serves_until_it_expires() -> None:
    partner = Partner([token("one"), token("two")])
    sent(partner, times=3)
    assert (len(partner.token_requests), partner.shown_tokens) == (1, ["Bearer one"] * 3)


def test_a_refused_token_is_renewed_once_within_the_try() -> None:
    partner = Partner([token("one"), token("two")], [UNAUTHORISED, OK])
    (outcome,) = sent(partner)
    assert (outcome.verdict, partner.shown_tokens) == (Verdict.DELIVERED, ["Bearer one", "Bearer two"])
    first, second = (headers_of(request) for request in partner.lead_requests)
    assert first["webhook-id"] == second["webhook-id"] == str(DELIVERY)


def test_a_partner_that_refuses_every_token_is_not_asked_a_third_time() -> None:
    partner = Partner([token("one"), token("two"), token("three")], [UNAUTHORISED])
    (outcome,) = sent(partner)
    assert (outcome.verdict, outcome.code, outcome.max_tries) == (Verdict.RETRY, "http_401", 3)
    assert partner.shown_tokens == ["Bearer one", "Bearer two"]


def test_the_same_token_again_is_not_sent_again() -> None:
    partner = Partner([token("one")], [UNAUTHORISED])
    (outcome,) = sent(partner)
    assert (outcome.code, len(partner.token_requests), len(partner.lead_requests)) == ("http_401", 2, 1)


def test_leads_that_go_together_ask_for_one_token() -> None:
    partner = Partner([token("one")], is_slow=True)

    async def together(server: Server, transport: Transport) -> list[Outcome]:
        sends = [asyncio.create_task(send(server, transport, secrets=SIGNING, auth=settings(server))) for _ in range(5)]
        await partner.is_asked.wait()
        partner.is_open.set()
        return await asyncio.gather(*sends)

    outcomes = with_partner(partner, together)
    assert [outcome.verdict for outcome in outcomes] == [Verdict.DELIVERED] * 5
    assert len(partner.token_requests) == 1


def test_changed_credentials_do_not_meet_the_old_token() -> None:
    partner = Partner([token("one"), token("two")])

    async def changing(server: Server, transport: Transport) -> None:
        for secret in ("first", "second"):
            await send(server, transport, secrets=SIGNING, auth=settings(server, client_secret=secret))

    with_partner(partner, changing)
    assert partner.shown_tokens == ["Bearer one", "Bearer two"]


@pytest.mark.parametrize(
    ("answer", "max_tries", "is_counted", "words"),
    [
        (http("401 Unauthorized", b'{"error": "invalid_client"}'), 3, True, "answers 401 (invalid_client) instead of giving a token."),
        (http("400 Bad Request", b'{"error": "<script>"}'), 3, True, "answers 400 instead of giving a token."),
        (http("400 Bad Request", b'{"error": ["a"]}'), 3, True, "answers 400 instead of giving a token."),
        (http("410 Gone"), 3, True, "answers 410 instead of giving a token."),
        (http("302 Found", b"", "Location: /elsewhere"), 3, True, "answers 302 instead of giving a token."),
        (http("429 Too Many Requests", b"", "Retry-After: 90"), None, False, "answers 429 instead of giving a token."),
        (http("503 Service Unavailable"), None, True, "answers 503 instead of giving a token."),
        (http("200 OK", b"not json"), None, True, "answers 200, but with no token that can be read."),
        (http("200 OK", b"[" * 16_000), None, True, "answers 200, but with no token that can be read."),
        (http("200 OK", b'{"access_token": 5}'), None, True, "answers 200, but with no token that can be read."),
        (http("200 OK", b'{"access_token": "a\\r\\nX: y"}'), None, True, "answers 200, but with no token that can be read."),
        (http("200 OK", b'{"access_token": "%b"}' % (b"x" * 8_193)), None, True, "answers 200, but with no token that can be read."),
        (http("200 OK", b'{"access_token": "%b"}' % (b"x" * 70_000)), None, True, "answers 200, but with no token that can be read."),
        (http("200 OK", b'{"access_token": "a", "token_type": "mac"}'), None, True, "gives a token of another type than Bearer."),
    ],
)  # fmt: skip
def test_without_a_token_nothing_goes_out(answer: bytes, max_tries: int | None, is_counted: bool, words: str) -> None:
    partner = Partner([answer])
    (outcome,) = sent(partner)
    assert (outcome.verdict, outcome.code, outcome.max_tries, outcome.is_counted) == (Verdict.RETRY, "oauth2", max_tries, is_counted)
    assert outcome.reason == f"The token endpoint at 127.0.0.1 {words}"
    assert outcome.retry_after_seconds == (None if is_counted else 90)
    assert (outcome.http_status, outcome.pauses_channel, outcome.response_body) == (None, False, b"")
    assert partner.lead_requests == []
    assert outcome.target.endswith("/token?v=1")


def test_a_token_endpoint_that_is_blocked_is_not_connected_to() -> None:
    partner = Partner([token("one")])

    async def blocked(server: Server, transport: Transport) -> Outcome:
        config, secrets = KIND.clean_config(
            {"url": f"http://127.0.0.1:{server.port}/leads", "auth": settings(server)},
            fields=(), is_http_allowed=True, policy=LOOPBACK_ALLOWED, old_secrets=SIGNING,
        )  # fmt: skip
        strict = Transport(transport.client, transport.tokens, OutboundPolicy())
        context = Context(datetime.now(UTC), is_http_allowed=True)
        return await KIND.send(RENDERING, delivery_id=DELIVERY, config=config, secrets=secrets, context=context, transport=strict)

    outcome = with_partner(partner, blocked)
    assert (outcome.verdict, outcome.code) == (Verdict.FAILED, "blocked_address")
    assert partner.token_requests == []


def test_a_token_endpoint_that_is_silent_ends_with_the_channels_time() -> None:
    partner = Partner([token("one")], is_slow=True)

    async def impatient(server: Server, transport: Transport) -> Outcome:
        outcome = await send(server, transport, secrets=SIGNING, auth=settings(server), timeout_seconds=1)
        await transport.tokens.close()
        return outcome

    outcome = with_partner(partner, impatient)
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "oauth2")
    assert outcome.reason == "The token endpoint at 127.0.0.1 did not give a token in time."


def test_a_token_endpoint_that_is_not_there() -> None:
    partner = Partner([token("one")])

    async def gone(server: Server, transport: Transport) -> Outcome:
        return await send(server, transport, secrets=SIGNING, auth=settings(server, token_url="http://127.0.0.1:1/token"))

    outcome = with_partner(partner, gone)
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "oauth2")
    assert outcome.reason == "No token came from 127.0.0.1: 127.0.0.1 refuses connections on port 1."


def test_neither_token_nor_secret_is_ever_told(caplog: pytest.LogCaptureFixture) -> None:
    echo = b'{"you": "sent tok-1-abcdef"}'
    partner = Partner([token("tok-1-abcdef"), http("400 Bad Request", SECRET.encode())], [http("401 Unauthorized", echo), OK])
    with caplog.at_level(logging.DEBUG):
        outcomes = sent(partner, times=2)
    told = repr(outcomes) + caplog.text
    assert [outcome.code for outcome in outcomes] == ["oauth2", "oauth2"]
    assert "tok-1-abcdef" not in told
    assert SECRET not in told
