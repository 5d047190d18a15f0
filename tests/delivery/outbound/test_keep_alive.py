"""When a connection is used again, and when it must not be."""

import asyncio

import pytest

from delivery.outbound import OutboundClient, OutboundError
from tests.delivery.outbound.servers import LOOPBACK_ALLOWED, OK, Visit, answer_ok, says, serve

pytestmark = pytest.mark.anyio


async def test_one_connection_serves_one_request_after_another(client: OutboundClient) -> None:
    async with serve(answer_ok) as server:
        answers = [await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5) for _ in range(5)]
    assert server.connections == 1
    assert len(server.requests) == 5
    assert answers[0].timings.connect_ms is not None
    assert [answer.timings.connect_ms for answer in answers[1:]] == [None] * 4
    assert all(answer.timings.first_byte_ms is not None for answer in answers)


async def test_requests_at_the_same_time_have_a_connection_each_and_keep_them(client: OutboundClient) -> None:
    async with serve(answer_ok) as server:
        for _ in range(3):
            async with asyncio.TaskGroup() as group:
                for _ in range(10):
                    group.create_task(client.post(server.target(), headers=[], body=b"x", timeout_seconds=5))
    assert server.connections == 10
    assert len(server.requests) == 30


async def test_at_most_so_many_idle_connections_are_kept_per_origin() -> None:
    async with serve(answer_ok) as server, OutboundClient(LOOPBACK_ALLOWED, max_idle_per_origin=4) as client:
        for _ in range(2):
            async with asyncio.TaskGroup() as group:
                for _ in range(10):
                    group.create_task(client.post(server.target(), headers=[], body=b"x", timeout_seconds=5))
    assert server.connections == 16


async def test_at_most_so_many_idle_connections_are_kept_in_all() -> None:
    async with (
        serve(answer_ok) as first,
        serve(answer_ok) as second,
        OutboundClient(LOOPBACK_ALLOWED, max_idle=1) as client,
    ):
        for server in (first, second, second, first):
            await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert (first.connections, second.connections) == (2, 1)


async def test_origins_do_not_share_connections(client: OutboundClient) -> None:
    async with serve(answer_ok) as server:
        await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
        await client.post(server.target(host="localhost"), headers=[], body=b"x", timeout_seconds=5)
    assert server.connections == 2


async def test_connection_close_is_respected(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        await visit.hang()

    async with serve(script) as server:
        for _ in range(2):
            await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert server.connections == 2


async def test_a_kept_connection_that_turns_out_closed_is_replaced_once(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        if visit.number == 1:
            await visit.reader.readexactly(1)  # hangs up on the second request, without a byte
            return
        await answer_ok(visit)

    async with serve(script) as server:
        for _ in range(2):
            answer = await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert answer.status == 200
    assert answer.timings.connect_ms is not None
    assert server.connections == 2


async def test_a_fresh_connection_that_is_closed_is_not_tried_again(client: OutboundClient) -> None:
    async with serve(says()) as server:
        with pytest.raises(OutboundError) as caught:
            await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert caught.value.code == "reset"
    assert caught.value.is_retryable
    assert caught.value.reason == "127.0.0.1 closed the connection without an answer."
    assert caught.value.address == f"127.0.0.1:{server.port}"
    assert server.connections == 1


async def test_the_replacement_of_a_closed_connection_is_not_replaced_again(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        if visit.number == 1:
            await visit.say(OK)
            await visit.reader.readexactly(1)

    async with serve(script) as server:
        await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
        with pytest.raises(OutboundError, match="without an answer"):
            await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert server.connections == 2


async def test_a_kept_connection_that_breaks_in_mid_answer_is_not_tried_again(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        await visit.request()
        await visit.say(b"HTTP/1.1 2")

    async with serve(script) as server:
        await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
        with pytest.raises(OutboundError) as caught:
            await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert caught.value.code == "reset"
    assert caught.value.reason == "127.0.0.1 closed the connection in the middle of its answer."
    assert server.connections == 1


@pytest.mark.parametrize("extra", [b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", b"junk", b"HTTP/1.1 200 OK\r\n"])
async def test_bytes_behind_the_answer_end_the_connection(client: OutboundClient, extra: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK + extra)
        await visit.hang()

    async with serve(script) as server:
        answers = [await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5) for _ in range(2)]
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"ok")] * 2
    assert server.connections == 2


async def test_bytes_on_an_idle_connection_end_it(client: OutboundClient) -> None:
    noticed = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        if visit.number == 1:
            await asyncio.sleep(0.05)  # until the answer is read and the connection idle
            await visit.say(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
            await visit.hang()
            noticed.set()

    async with serve(script) as server:
        await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
        await asyncio.wait_for(noticed.wait(), 5)
        answer = await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert answer.status == 200
    assert server.connections == 2


async def test_a_connection_is_closed_after_its_idle_time() -> None:
    gone = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        await visit.hang()
        gone.set()

    async with serve(script) as server, OutboundClient(LOOPBACK_ALLOWED, idle_seconds=0.1) as client:
        await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
        await asyncio.wait_for(gone.wait(), 5)
        await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert server.connections == 2


async def test_a_connection_is_not_used_beyond_its_age() -> None:
    async with serve(answer_ok) as server, OutboundClient(LOOPBACK_ALLOWED, max_age_seconds=0) as client:
        for _ in range(2):
            await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert server.connections == 2


async def test_an_early_answer_to_a_body_still_on_its_way_ends_the_connection(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        await visit.reader.readuntil(b"\r\n\r\n")
        await visit.say(b"HTTP/1.1 413 Too large\r\nContent-Length: 0\r\n\r\n")
        await visit.hang()

    async with serve(script) as server:
        for _ in range(2):
            answer = await client.post(server.target(), headers=[], body=bytes(30_000_000), timeout_seconds=5)
    assert answer.status == 413
    assert server.connections == 2
