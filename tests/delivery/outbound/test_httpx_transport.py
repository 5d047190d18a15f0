import gzip
from collections.abc import AsyncIterator
from ipaddress import ip_network

import httpx
import pytest

from delivery.outbound import HttpxTransport, OutboundClient, OutboundError, OutboundPolicy
from tests.delivery.outbound.servers import Visit, answer_ok, pointing, says, serve

pytestmark = pytest.mark.anyio


@pytest.fixture
async def web(client: OutboundClient) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=HttpxTransport(client, is_http_allowed=True), timeout=5) as opened:
        yield opened


async def test_a_form_goes_out_and_json_comes_back(web: httpx.AsyncClient) -> None:
    json = b'{"access_token": "t"}'
    async with serve(says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(json) + json)) as server:
        response = await web.post(server.target("/token?x=1").url, data={"grant_type": "client_credentials"}, auth=("id", "secret"))
    assert response.status_code == 200
    assert response.json() == {"access_token": "t"}
    assert response.extensions["is_truncated"] is False
    assert response.extensions["address"] == f"127.0.0.1:{server.port}"
    assert server.requests[0].startswith(b"POST /token?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nAuthorization: Basic aWQ6c2VjcmV0\r\n" in server.requests[0]
    assert server.requests[0].endswith(b"\r\n\r\ngrant_type=client_credentials")


async def test_connections_are_kept(web: httpx.AsyncClient) -> None:
    async with serve(answer_ok) as server:
        for _ in range(3):
            await web.get(server.target().url)
    assert server.connections == 1


async def test_a_packed_body_arrives_unpacked(web: httpx.AsyncClient) -> None:
    packed = gzip.compress(b"hello")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with serve(says(head + packed)) as server:
        response = await web.get(server.target().url)
    assert response.text == "hello"


async def test_a_long_body_is_marked(web: httpx.AsyncClient) -> None:
    async with serve(says(b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 20_000)) as server:
        response = await web.get(server.target().url)
    assert len(response.content) == 16_384
    assert response.extensions["is_truncated"] is True


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"garbage", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, httpx.RemoteProtocolError),
        (b"", httpx.ReadError),
    ],
)
async def test_errors_are_httpx_errors(web: httpx.AsyncClient, answer: bytes, kind: type[httpx.TransportError]) -> None:
    async with serve(says(answer)) as server:
        with pytest.raises(kind) as caught:
            await web.get(server.target().url)
    assert isinstance(caught.value.__cause__, OutboundError)
    assert str(caught.value) == caught.value.__cause__.reason


async def test_a_read_timeout_is_one_for_the_whole_request(web: httpx.AsyncClient) -> None:
    async with serve(Visit.hang) as server:
        with pytest.raises(httpx.ReadTimeout):
            await web.get(server.target().url, timeout=0.2)


async def test_a_refused_connection_is_a_connect_error(web: httpx.AsyncClient) -> None:
    async with serve(answer_ok) as server:
        pass
    with pytest.raises(httpx.ConnectError):
        await web.get(server.target().url)


async def test_a_bad_header_is_a_local_protocol_error(web: httpx.AsyncClient) -> None:
    async with serve(answer_ok) as server:
        with pytest.raises(httpx.LocalProtocolError):
            await web.get(server.target().url, headers={"X-A": "b\r\nX-B: c"})
    assert server.connections == 0


async def test_private_addresses_are_refused_and_plain_http_too() -> None:
    async with (
        OutboundClient(OutboundPolicy(), resolver=pointing("10.0.0.1")) as client,
        httpx.AsyncClient(transport=HttpxTransport(client)) as web,
    ):
        with pytest.raises(httpx.ConnectError, match="points to"):
            await web.get("https://hooks.example.com/")
        with pytest.raises(httpx.UnsupportedProtocol, match="private network"):
            await web.get("https://10.0.0.1/")
        with pytest.raises(httpx.UnsupportedProtocol, match="https"):
            await web.get("http://hooks.example.com/")


async def test_a_redirect_that_httpx_follows_passes_the_guard() -> None:
    outside = OutboundPolicy(allow=(ip_network("127.0.0.1/32"),))
    redirect = b"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.2:%d/\r\nContent-Length: 0\r\n\r\n"

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(redirect % visit.server.port)

    async with serve(script, host="0.0.0.0") as server, OutboundClient(outside) as client:
        transport = HttpxTransport(client, is_http_allowed=True)
        async with httpx.AsyncClient(transport=transport, follow_redirects=True) as web:
            with pytest.raises(httpx.UnsupportedProtocol, match=r"127\.0\.0\.2 is this machine itself"):
                await web.get(server.target().url)
    assert server.connections == 1
