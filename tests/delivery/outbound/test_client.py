import asyncio
from itertools import pairwise

import pytest

from delivery.outbound import OutboundClient, OutboundError
from tests.delivery.outbound.servers import LOOPBACK_ALLOWED, OK, Visit, answer_ok, says, serve

pytestmark = pytest.mark.anyio


async def test_an_answer_has_status_headers_body_and_address(client: OutboundClient) -> None:
    async with serve(says(b"HTTP/1.1 201 Created\r\nX-Id: 7\r\nContent-Length: 4\r\n\r\ndone")) as server:
        answer = await client.post(server.target("/hook?a=1"), headers=[], body=b"{}", timeout_seconds=5)
    assert answer.status == 201
    assert answer.headers == (("X-Id", "7"), ("Content-Length", "4"))
    assert answer.body == b"done"
    assert not answer.is_truncated
    assert answer.address == f"127.0.0.1:{server.port}"


async def test_the_request_goes_out_exactly_so(client: OutboundClient) -> None:
    async with serve(answer_ok) as server:
        await client.post(server.target("/hook?a=1"), headers=[("webhook-id", "msg_1")], body=b'{"a": 1}', timeout_seconds=5)
    assert server.requests == [
        b"POST /hook?a=1 HTTP/1.1\r\n"
        b"Host: 127.0.0.1:%d\r\n"
        b"webhook-id: msg_1\r\n"
        b"User-Agent: Leadflip\r\n"
        b"Accept: */*\r\n"
        b"Accept-Encoding: identity\r\n"
        b"Content-Length: 8\r\n"
        b"\r\n"
        b'{"a": 1}' % server.port
    ]


async def test_a_large_body_arrives_whole(client: OutboundClient) -> None:
    body = bytes(range(256)) * 20_000
    async with serve(answer_ok) as server:
        await client.post(server.target(), headers=[], body=body, timeout_seconds=5)
    assert server.requests[0].endswith(body)


async def test_interim_answers_are_skipped(client: OutboundClient) -> None:
    async with serve(says(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n", OK)) as server:
        answer = await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert (answer.status, answer.headers) == (200, (("Content-Length", "2"),))


async def test_chunks_are_joined_and_trailers_dropped(client: OutboundClient) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Late: 1\r\n\r\n"
    async with serve(says(*(chunked[at : at + 1] for at in range(len(chunked))))) as server:
        answer = await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert answer.body == b"abcde"
    assert answer.headers == (("Transfer-Encoding", "chunked"),)
    assert not answer.is_truncated


async def test_a_body_without_length_ends_with_the_connection(client: OutboundClient) -> None:
    async with serve(says(b"HTTP/1.1 200 OK\r\n\r\nall", b" of it")) as server:
        answer = await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert (answer.body, answer.is_truncated) == (b"all of it", False)


async def test_no_redirect_is_followed(client: OutboundClient) -> None:
    async with serve(answer_ok) as inside:
        redirect = b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % inside.port
        async with serve(says(redirect)) as server:
            answer = await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert answer.status == 307
    assert inside.connections == 0


async def test_a_proxy_in_the_environment_is_ignored(client: OutboundClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(answer_ok) as proxy, serve(answer_ok) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert (proxy.connections, server.connections) == (0, 1)


async def test_head_has_no_body(client: OutboundClient) -> None:
    async with serve(says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")) as server:
        answer = await client.request("HEAD", server.target(), timeout_seconds=5)
    assert (answer.status, answer.body, answer.is_truncated) == (200, b"", False)


async def test_a_cancelled_request_closes_its_connection(client: OutboundClient) -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        arrived.set()
        await visit.hang()
        gone.set()

    async with serve(script) as server:
        task = asyncio.create_task(client.post(server.target(), headers=[], body=b"x", timeout_seconds=5))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(gone.wait(), 5)


async def test_closing_the_client_fails_what_is_in_flight() -> None:
    arrived = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        arrived.set()
        await visit.hang()

    client = OutboundClient(LOOPBACK_ALLOWED)
    async with serve(script) as server:
        task = asyncio.create_task(client.post(server.target(), headers=[], body=b"x", timeout_seconds=5))
        await arrived.wait()
        await client.close()
        with pytest.raises(OutboundError):
            await task
        with pytest.raises(RuntimeError, match="closed"):
            await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert server.connections == 1


async def test_a_refused_connection_is_an_error_in_words(client: OutboundClient) -> None:
    async with serve(answer_ok) as server:
        pass
    with pytest.raises(OutboundError) as caught:
        await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert caught.value.code == "connect"
    assert caught.value.reason == f"127.0.0.1 refuses connections on port {server.port}."
    assert caught.value.is_retryable
    assert caught.value.timings.connect_ms is not None


async def test_the_next_address_is_tried_when_one_refuses() -> None:
    async with serve(answer_ok, host="::1") as server, OutboundClient(LOOPBACK_ALLOWED) as client:
        answer = await client.post(server.target(host="localhost"), headers=[], body=b"x", timeout_seconds=5)
    assert answer.address == f"[::1]:{server.port}"


@pytest.mark.parametrize("seconds", [0, -1, 30.5])
async def test_a_timeout_out_of_range_is_refused(client: OutboundClient, seconds: float) -> None:
    async with serve(answer_ok) as server:
        with pytest.raises(ValueError, match="timeout_seconds"):
            await client.post(server.target(), headers=[], body=b"x", timeout_seconds=seconds)
    assert server.connections == 0


async def test_the_phases_add_up(client: OutboundClient) -> None:
    async with serve(answer_ok) as server:
        answer = await client.post(server.target(host="localhost"), headers=[], body=b"x", timeout_seconds=5)
    phases = answer.timings
    assert phases.dns_ms is not None
    assert phases.connect_ms is not None
    assert phases.first_byte_ms is not None
    assert phases.tls_ms is None
    steps = [0.0, phases.dns_ms, phases.dns_ms + phases.connect_ms, phases.total_ms]
    assert all(before <= after for before, after in pairwise(steps))
