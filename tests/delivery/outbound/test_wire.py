import pytest

from delivery.outbound import OutboundClient
from tests.delivery.outbound.servers import answer_ok, serve

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "b\r\nX-Injected: 1"),
        ("X-A", "b\nX-Injected: 1"),
        ("X-A", "b\rX-Injected: 1"),
        ("X-A", "b\r\n\r\nPOST / HTTP/1.1"),
        ("X-A", "\r\n"),
        ("X-A", "b\0"),
        ("X-A", "b\x7f"),
        ("X-A", "b\x1b[31m"),
        ("X-A", "b\x0b"),
        ("X-A", "b\u010d\u010a"),
        ("X-A", "snow \u2603"),
        ("X-A", "\U0001f600"),
        ("X-A\r\nX-Injected", "1"),
        ("X-A\n", "1"),
        ("X-A:", "1"),
        ("X A", "1"),
        (" X-A", "1"),
        ("X-A ", "1"),
        ("", "1"),
        ("X-Ä", "1"),
        ("X-A\0", "1"),
        ("(X)", "1"),
        ("Host", "other.example.com"),
        ("host", "other.example.com"),
        ("Content-Length", "0"),
        ("CONTENT-LENGTH", "5"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "close"),
        ("TE", "trailers"),
        ("Trailer", "X"),
        ("Upgrade", "h2c"),
        ("Expect", "100-continue"),
    ],
)
async def test_a_header_that_must_not_go_out_opens_no_connection(client: OutboundClient, name: str, value: str) -> None:
    async with serve(answer_ok) as server:
        with pytest.raises(ValueError, match=r"header|value") as caught:
            await client.post(server.target(), headers=[(name, value)], body=b"x", timeout_seconds=5)
    assert server.connections == 0
    assert "Injected: 1" not in str(caught.value)


@pytest.mark.parametrize("method", ["", "GET / HTTP/1.1\r\nX: y", "PO ST", "CONNECT", "connect", "GET\n"])
async def test_a_method_that_must_not_go_out_opens_no_connection(client: OutboundClient, method: str) -> None:
    async with serve(answer_ok) as server:
        with pytest.raises(ValueError, match="method"):
            await client.request(method, server.target(), timeout_seconds=5)
    assert server.connections == 0


@pytest.mark.parametrize("value", ["", "plain", "J\xfcrgen", "with\ttab", 'a, b; c="d"', "v1,abc= v1,def="])
async def test_honest_values_go_out_as_they_are(client: OutboundClient, value: str) -> None:
    async with serve(answer_ok) as server:
        await client.post(server.target(), headers=[("X-A", value)], body=b"x", timeout_seconds=5)
    assert b"\r\nX-A: " + value.encode("latin-1") + b"\r\n" in server.requests[0]


async def test_defaults_give_way_to_what_the_caller_sets(client: OutboundClient) -> None:
    headers = [("user-agent", "Mine/1"), ("ACCEPT", "text/plain"), ("Accept-Encoding", "gzip")]
    async with serve(answer_ok) as server:
        await client.post(server.target(), headers=headers, body=b"", timeout_seconds=5)
    assert server.requests == [
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nuser-agent: Mine/1\r\nACCEPT: text/plain\r\n"
        b"Accept-Encoding: gzip\r\nContent-Length: 0\r\n\r\n" % server.port
    ]


async def test_a_get_without_body_has_no_length(client: OutboundClient) -> None:
    async with serve(answer_ok) as server:
        await client.request("GET", server.target("/a"), timeout_seconds=5)
    assert server.requests[0].startswith(b"GET /a HTTP/1.1\r\n")
    assert b"Content-Length" not in server.requests[0]
