"""Through an egress proxy: what it is asked for, what it gets to see, and what becomes of the request when it is in trouble."""

import asyncio
import base64
from contextlib import AsyncExitStack

import pytest

from delivery.outbound import Answer, DnsResolver, EgressProxy, OutboundClient, OutboundError, OutboundPolicy, Target, parse_proxy
from tests.delivery.outbound.address_vectors import ADDRESSES
from tests.delivery.outbound.certificates import Authority
from tests.delivery.outbound.servers import (
    LOOPBACK_ALLOWED,
    FixedResolver,
    Script,
    Server,
    Visit,
    answer_ok,
    name_server,
    pointing,
    says,
    serve,
)

pytestmark = pytest.mark.anyio

HOST = "hooks.example.com"


class Tunneller:
    """A CONNECT proxy's script. asked: the heads of all requests; passed: all that went through towards the partners."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.passed = b""

    @property
    def places(self) -> list[str]:
        return [head.split(b" ")[1].decode() for head in self.asked]

    async def script(self, visit: Visit) -> None:
        head = await visit.reader.readuntil(b"\r\n\r\n")
        self.asked.append(head)
        host, _, port = self.places[-1].rpartition(":")
        reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        await visit.say(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n")
        answers = asyncio.create_task(self._pass_back(reader, visit))
        try:
            while piece := await visit.reader.read(65_536):
                self.passed += piece
                writer.write(piece)
                await writer.drain()
        finally:
            answers.cancel()
            writer.close()

    async def _pass_back(self, reader: asyncio.StreamReader, visit: Visit) -> None:
        while piece := await reader.read(65_536):
            await visit.say(piece)


def proxy_at(server: Server, *, authorization: str = "") -> EgressProxy:
    return parse_proxy(f"http://{authorization}127.0.0.1:{server.port}")


async def post(target: Target, server: Server, authority: Authority | None = None, *, seconds: float = 5) -> Answer:
    """One request through the proxy at this server. The name HOST is loopback."""
    tls = authority.trusting_context() if authority else None
    async with OutboundClient(LOOPBACK_ALLOWED, resolver=pointing("127.0.0.1"), ssl_context=tls, proxy=proxy_at(server)) as client:
        return await client.post(target, headers=[("X-Key", "s3cret")], body=b"a lead", timeout_seconds=seconds)


async def test_plain_http_goes_through_a_tunnel_to_the_address() -> None:
    tunneller = Tunneller()
    async with serve(answer_ok) as partner, serve(tunneller.script) as proxy:
        answer = await post(partner.target("/hook", host=HOST), proxy)
    assert (answer.status, answer.body, answer.address) == (200, b"ok", f"127.0.0.1:{partner.port}")
    place = f"127.0.0.1:{partner.port}".encode()
    assert tunneller.asked == [b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (place, place)]
    assert partner.requests[0].startswith(b"POST /hook HTTP/1.1\r\nHost: hooks.example.com:%d\r\n" % partner.port)


async def test_https_is_made_with_the_name_and_the_proxy_sees_the_address_alone(authority: Authority) -> None:
    tunneller = Tunneller()
    context = authority.server_context(HOST)
    async with serve(answer_ok, tls=context) as partner, serve(tunneller.script) as proxy:
        answer = await post(partner.target("/hook", host=HOST), proxy, authority)
    assert answer.status == 200
    assert answer.timings.tls_ms is not None
    assert tunneller.places == [f"127.0.0.1:{partner.port}"]
    seen = tunneller.asked[0] + tunneller.passed
    assert not any(secret in seen for secret in (b"s3cret", b"a lead", b"/hook"))


async def test_a_certificate_for_another_name_is_refused_behind_a_proxy(authority: Authority) -> None:
    context = authority.server_context("other.example.com")
    async with serve(answer_ok, tls=context) as partner, serve(Tunneller().script) as proxy:
        with pytest.raises(OutboundError) as caught:
            await post(partner.target(host=HOST), proxy, authority)
    assert (caught.value.code, caught.value.reason) == ("tls", "The certificate of hooks.example.com is for another name.")
    assert partner.requests == []


async def test_the_credentials_go_to_the_proxy_and_no_further() -> None:
    tunneller = Tunneller()
    async with serve(answer_ok) as partner, serve(tunneller.script) as server:
        proxy = proxy_at(server, authorization="egress:p%40ss%C3%A9@")
        async with OutboundClient(LOOPBACK_ALLOWED, proxy=proxy) as client:
            await client.post(partner.target(), headers=[], body=b"x", timeout_seconds=5)
    expected = base64.b64encode("egress:p@ssé".encode())
    assert b"\r\nProxy-Authorization: Basic " + expected + b"\r\n" in tunneller.asked[0]
    assert b"proxy-authorization" not in partner.requests[0].lower()


async def test_a_tunnel_is_kept_for_the_next_request() -> None:
    tunneller = Tunneller()
    async with (
        serve(answer_ok) as partner,
        serve(tunneller.script) as server,
        OutboundClient(LOOPBACK_ALLOWED, proxy=proxy_at(server)) as client,
    ):
        for _ in range(3):
            await client.post(partner.target(), headers=[], body=b"x", timeout_seconds=5)
    assert (len(partner.requests), partner.connections, server.connections) == (3, 1, 1)


async def test_an_ipv6_address_is_asked_for_in_brackets() -> None:
    tunneller = Tunneller()
    async with serve(answer_ok, host="::1") as partner, serve(tunneller.script) as proxy:
        answer = await post(partner.target(host="[::1]"), proxy)
    assert answer.address == f"[::1]:{partner.port}"
    assert tunneller.places == [f"[::1]:{partner.port}"]


@pytest.mark.parametrize("address", [text for text in ADDRESSES if "%" not in text])
async def test_a_name_that_points_inside_is_not_even_told_to_the_proxy(address: str) -> None:
    policy = OutboundPolicy(ports=frozenset({443}))
    async with (
        serve(Tunneller().script) as server,
        OutboundClient(policy, resolver=pointing("8.8.8.8", address), proxy=proxy_at(server)) as client,
    ):
        with pytest.raises(OutboundError) as caught:
            await client.post(Target("https", HOST, 443, "/"), headers=[], body=b"x", timeout_seconds=5)
    assert (caught.value.code, caught.value.is_retryable) == ("blocked_address", False)
    assert server.connections == 0


async def test_a_name_that_changes_meanwhile_cannot_lead_the_proxy_elsewhere() -> None:
    tunneller = Tunneller()
    zone = {"a.example.": [["A 127.0.0.1"], ["A 127.0.0.9"]]}
    async with serve(answer_ok, host="0.0.0.0") as partner, serve(tunneller.script) as server, name_server(zone) as names:
        resolver = DnsResolver([names.address])
        async with OutboundClient(LOOPBACK_ALLOWED, resolver=resolver, proxy=proxy_at(server)) as client:
            await client.post(partner.target(host="a.example"), headers=[], body=b"x", timeout_seconds=5)
    assert tunneller.places == [f"127.0.0.1:{partner.port}"]


OURS = "The egress proxy of this installation"


@pytest.mark.parametrize(
    ("script", "code", "reason"),
    [
        (says(b"HTTP/1.1 403 Forbidden\r\n\r\n"), "proxy", f"{OURS} refuses the connection to hooks.example.com (status 403)."),
        (says(b"HTTP/1.1 407 Log in\r\n\r\n"), "proxy", f"{OURS} wants another user name or password (status 407)."),
        (says(b"HTTP/1.0 502 Bad Gateway\r\n\r\n<p>"), "connect", f"{OURS} could not reach hooks.example.com (status 502)."),
        (says(b"HTTP/1.1 504 Gateway Timeout\r\n\r\n"), "connect", f"{OURS} could not reach hooks.example.com (status 504)."),
        (says(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"), "proxy", f"{OURS} refuses the connection to hooks.example.com (status 302)."),
        (says(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), "proxy", f"{OURS} does not answer as a proxy does."),
        (says(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000), "proxy", f"{OURS} does not answer as a proxy does."),
        (says(b"HTTP/1.1 200 O"), "proxy", f"{OURS} does not answer as a proxy does."),
        (says(), "proxy", f"{OURS} does not answer as a proxy does."),
    ],
)
async def test_a_proxy_in_trouble(script: Script, code: str, reason: str) -> None:
    async with serve(answer_ok) as partner, serve(script) as proxy:
        with pytest.raises(OutboundError) as caught:
            await post(partner.target(host=HOST), proxy)
    assert (caught.value.code, caught.value.reason, caught.value.is_retryable) == (code, reason, True)
    assert partner.connections == 0


async def test_a_silent_proxy_ends_at_the_deadline() -> None:
    async with serve(answer_ok) as partner, serve(Visit.hang) as proxy:
        with pytest.raises(OutboundError) as caught:
            await post(partner.target(host=HOST), proxy, seconds=0.3)
    assert caught.value.code == "connect_timeout"
    assert caught.value.reason == "hooks.example.com did not take a connection in time through the egress proxy of this installation."
    assert caught.value.timings.total_ms < 800


async def test_a_proxy_that_is_not_there() -> None:
    async with serve(answer_ok) as proxy:
        pass
    async with serve(answer_ok) as partner:
        with pytest.raises(OutboundError) as caught:
            await post(partner.target(host=HOST), proxy)
    assert (caught.value.code, caught.value.reason) == ("proxy", f"{OURS} takes no connection.")
    assert partner.connections == 0


async def test_the_proxy_is_asked_for_the_next_address_if_it_cannot_reach_the_first() -> None:
    tunneller = Tunneller()

    async def script(visit: Visit) -> None:
        if visit.number == 1:
            await says(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")(visit)
        else:
            await tunneller.script(visit)

    async with AsyncExitStack() as stack:
        partner = await stack.enter_async_context(serve(answer_ok, host="::1"))
        server = await stack.enter_async_context(serve(script))
        client = OutboundClient(LOOPBACK_ALLOWED, resolver=pointing("127.0.0.1", "::1"), proxy=proxy_at(server))
        await stack.enter_async_context(client)
        answer = await client.post(partner.target(host=HOST), headers=[], body=b"x", timeout_seconds=5)
    assert (answer.status, answer.address) == (200, f"[::1]:{partner.port}")


async def test_the_proxy_may_be_a_name_in_a_private_network() -> None:
    tunneller = Tunneller()
    resolver = FixedResolver({"egress": [["::1", "127.0.0.1"]]})
    async with serve(answer_ok) as partner, serve(tunneller.script) as server:
        proxy = parse_proxy(f"http://egress:{server.port}")
        async with OutboundClient(LOOPBACK_ALLOWED, resolver=resolver, proxy=proxy) as client:
            answer = await client.post(partner.target(), headers=[], body=b"x", timeout_seconds=5)
    assert answer.status == 200
    assert resolver.asked == ["egress", "closed"]


async def test_a_proxy_whose_name_is_unknown() -> None:
    async with serve(answer_ok) as partner, name_server({}) as names:
        resolver = DnsResolver([names.address])
        async with OutboundClient(LOOPBACK_ALLOWED, resolver=resolver, proxy=parse_proxy("http://egress.example:3128")) as client:
            with pytest.raises(OutboundError) as caught:
                await client.post(partner.target(), headers=[], body=b"x", timeout_seconds=5)
    assert (caught.value.code, caught.value.reason) == ("proxy", "The name of this installation's egress proxy could not be looked up.")


@pytest.mark.parametrize(
    ("text", "host", "port", "credentials"),
    [
        ("http://egress:3128", "egress", 3128, None),
        ("HTTP://Egress.Example.com:80/", "egress.example.com", 80, None),
        ("http://10.0.0.7:8080", "10.0.0.7", 8080, None),
        ("http://[fd00::7]:8080", "fd00::7", 8080, None),
        ("http://user:pass@egress:3128", "egress", 3128, "user:pass"),
        ("http://us%C3%A9r:p%40ss%3A%2F@egress:3128", "egress", 3128, "usér:p@ss:/"),
        ("http://user@egress:3128", "egress", 3128, "user:"),
    ],
)
def test_what_a_proxy_is(text: str, host: str, port: int, credentials: str | None) -> None:
    proxy = parse_proxy(text)
    assert (str(proxy.host), proxy.port) == (host, port)
    expected = "" if credentials is None else f"Basic {base64.b64encode(credentials.encode()).decode()}"
    assert proxy.authorization == expected
    assert credentials is None or expected not in repr(proxy)


@pytest.mark.parametrize(
    "text",
    [
        "egress:3128",
        "https://user:s3cret@egress:3128",
        "socks5://user:s3cret@egress:1080",
        "http://user:s3cret@egress",
        "http://user:s3cret@egress:0",
        "http://user:s3cret@egress:99999",
        "http://user:s3cret@:3128",
        "http://us%3Aer:s3cret@egress:3128",
        "http://user:s3c/ret@egress:3128",
        "http://user:s3cret@egress:3128/path",
        "http://user:s3cret@egress:3128?a=b",
        "http://user:s3cret@egress:3128#a",
        "http://user:s3cret@[::1:3128",
        "http://user:s3cret@two words:3128",
    ],
)
def test_what_is_no_proxy_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(ValueError, match="wanted http://host:port") as caught:
        parse_proxy(text)
    assert "s3c" not in str(caught.value)
