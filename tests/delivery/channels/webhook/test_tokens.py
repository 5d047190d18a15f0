"""How long a token is kept, and who gets it."""

import asyncio
from typing import Any

import pytest

from delivery.oauth import ClientCredentials, TokenError, Tokens
from tests.delivery.channels.webhook.posting import Transport
from tests.delivery.channels.webhook.token_endpoint import SECRET, Partner, http, token, with_partner
from tests.delivery.outbound.servers import Server


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (3600, 3570),
        (90.5, 60.5),
        ("120", 90),
        (10**12, 86_370),
        (None, 270),
        ("soon", 270),
        (True, 270),
        (["a"], 270),
    ],
)
def test_a_token_is_replaced_half_a_minute_before_it_expires(expires_in: Any, seconds: float) -> None:
    partner = Partner([token("one", expires_in=expires_in), token("two")])
    clock = Clock()

    async def before_and_after(server: Server, transport: Transport) -> list[str]:
        tokens = Tokens(transport.client, clock=clock)
        credentials = ClientCredentials(server.target("/token"), "acme", SECRET)
        found = [await tokens.token(credentials, seconds=5)]
        for moment in (seconds - 0.1, seconds):
            clock.now = 1_000 + moment
            found.append(await tokens.token(credentials, seconds=5))
        return found

    assert with_partner(partner, before_and_after) == ["one", "one", "two"]


@pytest.mark.parametrize("expires_in", [0, -5, 30])
def test_a_token_that_expires_at_once_serves_once(expires_in: int) -> None:
    partner = Partner([token("one", expires_in=expires_in), token("two")])

    async def twice(server: Server, transport: Transport) -> list[str]:
        credentials = ClientCredentials(server.target("/token"), "acme", SECRET)
        return [await transport.tokens.token(credentials, seconds=5) for _ in range(2)]

    assert with_partner(partner, twice) == ["one", "two"]


def test_everyone_who_waited_is_told_of_the_failure() -> None:
    partner = Partner([http("503 Service Unavailable")], is_slow=True)

    async def together(server: Server, transport: Transport) -> list[str | BaseException]:
        credentials = ClientCredentials(server.target("/token"), "acme", SECRET)
        waiting = [asyncio.create_task(transport.tokens.token(credentials, seconds=5)) for _ in range(3)]
        await partner.is_asked.wait()
        partner.is_open.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    results = with_partner(partner, together)
    assert [type(result) for result in results] == [TokenError] * 3
    assert len(partner.token_requests) == 1
