"""A partner who gives tokens and takes leads, on one server."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from delivery.channels.webhook.signature import CURRENT, new_secret
from delivery.oauth import Tokens
from delivery.outbound import OutboundClient
from tests.delivery.channels.webhook.posting import Transport, headers_of
from tests.delivery.outbound.servers import LOOPBACK_ALLOWED, Server, Visit, serve

SECRET = "cl1ent&s3cret:é"
SIGNING = {CURRENT: new_secret()}


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


def token(text: str, **more: Any) -> bytes:
    return http("200 OK", json.dumps({"access_token": text, "token_type": "Bearer", "expires_in": 3600} | more).encode())


OK = http("200 OK")
UNAUTHORISED = http("401 Unauthorized")


@dataclass
class Partner:
    """A token endpoint and an address for leads on one server; the last answer of each goes on. is_slow: tokens wait for `is_open`."""

    tokens: list[bytes]
    leads: list[bytes] = field(default_factory=lambda: [OK])
    token_requests: list[bytes] = field(default_factory=list)
    lead_requests: list[bytes] = field(default_factory=list)
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    is_slow: bool = False

    async def script(self, visit: Visit) -> None:
        while True:
            request = await visit.request()
            if request.startswith(b"POST /token"):
                self.token_requests.append(request)
                self.is_asked.set()
                if self.is_slow:
                    await self.is_open.wait()
                await visit.say(self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0])
            else:
                self.lead_requests.append(request)
                await visit.say(self.leads.pop(0) if len(self.leads) > 1 else self.leads[0])

    @property
    def shown_tokens(self) -> list[str]:
        return [headers_of(request)["authorization"] for request in self.lead_requests]


def with_partner[T](partner: Partner, action: Callable[[Server, Transport], Awaitable[T]]) -> T:
    async def run() -> T:
        async with serve(partner.script) as server, OutboundClient(LOOPBACK_ALLOWED) as client:
            return await action(server, Transport(client, Tokens(client)))

    return asyncio.run(run())
