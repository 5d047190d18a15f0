"""Users' strings on their way to the wire: none brings a header, a line or a request of its own along, and no template gets anywhere."""

import asyncio
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.channels.base import ConfigError, Context
from delivery.channels.webhook import KIND
from delivery.oauth import Tokens
from delivery.outbound import Answer, OutboundClient, OutboundError, Target
from delivery.outbound.wire import encode_request
from tests.delivery.channels.webhook.posting import BODY, DELIVERY, RENDERING, Transport
from tests.delivery.outbound.servers import LOOPBACK_ALLOWED
from tests.delivery.templating.test_sandbox import ESCAPES

CONTEXT = Context(datetime(2026, 11, 24, tzinfo=UTC))
URL = "https://hooks.example.com/leads"


class Recording(OutboundClient):
    """Keeps the bytes that would go out, and sends none."""

    def __init__(self) -> None:
        super().__init__(LOOPBACK_ALLOWED)
        self.wire = b""

    async def post(self, target: Target, *, headers: Sequence[tuple[str, str]], body: bytes, timeout_seconds: float) -> Answer:
        self.wire = encode_request("POST", target, headers=headers, body=body, user_agent="Leadflip")
        raise OutboundError("connect", "Nothing is sent.")


def wire_of(raw: dict[str, Any]) -> bytes | None:
    """What a channel with these settings sends; None if they are refused."""
    try:
        config, secrets = KIND.clean_config(raw, fields=(), is_http_allowed=False, policy=LOOPBACK_ALLOWED, old_secrets={})
    except ConfigError:
        return None

    async def run() -> bytes:
        async with Recording() as client:
            transport = Transport(client, Tokens(client))
            await KIND.send(RENDERING, delivery_id=DELIVERY, config=config, secrets=secrets, context=CONTEXT, transport=transport)
            return client.wire

    return asyncio.run(run())


def names_in(wire: bytes) -> list[str]:
    head, separator, body = wire.partition(b"\r\n\r\n")
    assert (separator, body) == (b"\r\n\r\n", BODY)
    assert head.count(b"\r") == head.count(b"\n") == head.count(b"\r\n")
    assert b"\0" not in head
    start, *lines = head.split(b"\r\n")
    assert start.startswith(b"POST /")
    assert start.endswith(b" HTTP/1.1")
    assert start.count(b" ") == 2
    return [line.partition(b": ")[0].decode("ascii") for line in lines]


OWN = names_in(wire_of({"url": URL}) or b"")

hostile = st.text(alphabet=st.sampled_from('aZ9-_:;,. \t\r\n\0\x7f\x85\x0b\x0c\u2028\u010d\u010aé☃\ud800"\\/?#@%&={}'), max_size=12)


@given(name=hostile, value=hostile)
def test_a_header_is_refused_or_is_one_header(name: str, value: str) -> None:
    wire = wire_of({"url": URL, "headers": [{"name": name, "value": value, "secret": False}]})
    if wire is not None:
        assert sorted(names_in(wire)) == sorted([*(own for own in OWN if own.lower() != name.lower()), name])
        assert f"\r\n{name}: {value.strip(' \t')}\r\n".encode("ascii") in wire


@given(path=hostile, query=hostile)
def test_a_url_is_refused_or_is_one_line(path: str, query: str) -> None:
    wire = wire_of({"url": f"https://hooks.example.com/{path}?{query}"})
    assert wire is None or names_in(wire) == OWN


@given(secret=hostile, kind=st.sampled_from(["basic", "bearer", "header", "query"]))
def test_a_credential_is_refused_or_stays_in_its_place(secret: str, kind: str) -> None:
    auth = {
        "basic": {"kind": "basic", "username": "acme", "password": secret},
        "bearer": {"kind": "bearer", "token": secret},
        "header": {"kind": "api_key", "in": "header", "name": "X-Key", "value": secret},
        "query": {"kind": "api_key", "in": "query", "name": "key", "value": secret},
    }[kind]
    wire = wire_of({"url": URL, "auth": auth})
    more = {"basic": ["Authorization"], "bearer": ["Authorization"], "header": ["X-Key"], "query": []}[kind]
    assert wire is None or sorted(names_in(wire)) == sorted([*OWN, *more])


@pytest.mark.parametrize("source", ESCAPES, ids=lambda source: source[:40])
def test_a_template_that_tries_to_get_out_is_refused_when_the_channel_is_saved(source: str) -> None:
    raw = {"url": URL, "payload_format": "template", "content_type": "text/plain", "template": source}
    tracemalloc.start()
    try:
        with pytest.raises(ConfigError) as refused:
            KIND.clean_config(raw, fields=(), is_http_allowed=False, policy=LOOPBACK_ALLOWED, old_secrets={})
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
    assert {fault.attr for fault in refused.value.faults} == {"config.template"}
