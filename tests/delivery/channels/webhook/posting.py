"""Sends one lead to a real receiver that answers as a test wants."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from delivery.channels.base import Context, Rendering
from delivery.channels.webhook import KIND
from delivery.channels.webhook.signature import CURRENT, new_secret
from delivery.oauth import Tokens
from delivery.outbound import OutboundClient, OutboundPolicy
from delivery.outcome import Outcome
from tests.delivery.outbound.certificates import Authority
from tests.delivery.outbound.servers import LOOPBACK_ALLOWED, FixedResolver, Script, Server, Visit, says, serve

DELIVERY = UUID("0199a2f4-7b1c-7000-8000-000000000001")
BODY = '{"name":"Jané"}'.encode()
RENDERING = Rendering(BODY, "application/json")
HOST = "hooks.example.com"


@dataclass
class Transport:
    client: OutboundClient
    tokens: Tokens
    policy: OutboundPolicy = LOOPBACK_ALLOWED


def with_receiver(script: Callable[[Visit], Awaitable[None]], action: Callable[[Server, Transport], Awaitable[list[Outcome]]]) -> Any:
    """Returns (outcomes, requests as they came)."""

    async def run() -> tuple[list[Outcome], list[bytes]]:
        async with serve(script) as server, OutboundClient(LOOPBACK_ALLOWED) as client:
            outcomes = await action(server, Transport(client, Tokens(client)))
            return outcomes, server.requests

    return asyncio.run(run())


def settings_for(server: Server, secrets: dict[str, str], **raw: Any) -> tuple[dict[str, Any], dict[str, str]]:
    url = f"http://127.0.0.1:{server.port}/leads?a=1"
    return KIND.clean_config({"url": url, **raw}, fields=(), is_http_allowed=True, policy=LOOPBACK_ALLOWED, old_secrets=secrets)


async def send(server: Server, transport: Transport, *, secrets: dict[str, str] | None = None, **raw: Any) -> Outcome:
    config, stored = settings_for(server, secrets or {CURRENT: new_secret()}, **raw)
    context = Context(datetime.now(UTC), is_http_allowed=True)
    return await KIND.send(RENDERING, delivery_id=DELIVERY, config=config, secrets=stored, context=context, transport=transport)


def answered(*answer: bytes, **raw: Any) -> tuple[Outcome, bytes]:
    async def once(server: Server, transport: Transport) -> list[Outcome]:
        return [await send(server, transport, **raw)]

    (outcome,), requests = with_receiver(says(*answer), once)
    return outcome, requests[0] if requests else b""


def headers_of(request: bytes) -> dict[str, str]:
    lines = request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Answer: yes\r\n\r\nok"


def client_for(authority: Authority | None = None) -> OutboundClient:
    """One to whom HOST is this machine. authority: the only one it trusts."""
    resolver = FixedResolver({HOST: [["127.0.0.1"]]})
    return OutboundClient(LOOPBACK_ALLOWED, resolver=resolver, ssl_context=authority.trusting_context() if authority else None)


async def deliver(client: OutboundClient, url: str, *, timeout_seconds: int = 5) -> Outcome:
    """One lead through the channel."""
    raw = {"url": url, "timeout_seconds": timeout_seconds}
    config, secrets = KIND.clean_config(raw, fields=(), is_http_allowed=True, policy=LOOPBACK_ALLOWED, old_secrets={})
    return await KIND.send(
        RENDERING,
        delivery_id=DELIVERY,
        config=config,
        secrets=secrets,
        context=Context(datetime.now(UTC), is_http_allowed=True),
        transport=Transport(client, Tokens(client)),
    )


def visited(
    script: Script,
    *,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    authority: Authority | None = None,
    timeout_seconds: int = 5,
) -> tuple[Outcome, Server]:
    async def run() -> tuple[Outcome, Server]:
        async with serve(script, tls=tls) as server, client_for(authority) as client:
            return await deliver(client, server.target(host=host).url, timeout_seconds=timeout_seconds), server

    return asyncio.run(run())
