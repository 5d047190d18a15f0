import asyncio
import socket
from time import perf_counter

import pytest

from delivery.outbound import OutboundClient, OutboundError, ResolveError, parse_url
from delivery.outbound.addresses import Address
from tests.delivery.outbound.certificates import Authority
from tests.delivery.outbound.servers import LOOPBACK_ALLOWED, OK, Server, Visit, serve

pytestmark = pytest.mark.anyio


async def fail(client: OutboundClient, server: Server, *, seconds: float) -> tuple[OutboundError, float]:
    begun = perf_counter()
    with pytest.raises(OutboundError) as caught:
        await client.post(server.target(), headers=[], body=b"x", timeout_seconds=seconds)
    return caught.value, perf_counter() - begun


async def drip(visit: Visit, start: bytes, piece: bytes) -> None:
    await visit.request()
    await visit.say(start)
    while not visit.reader.at_eof():
        await visit.say(piece)
        await asyncio.sleep(0.02)


async def test_a_dripping_body_is_cut_at_the_deadline(client: OutboundClient) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"
    async with serve(lambda visit: drip(visit, head, b".")) as server:
        error, seconds = await fail(client, server, seconds=1)
    assert error.code == "timeout"
    assert error.reason == "The answer of 127.0.0.1 was still not complete after 1 seconds."
    assert error.timings.first_byte_ms is not None
    assert 0.9 < seconds < 1.5


async def test_dripping_headers_are_cut_at_the_deadline(client: OutboundClient) -> None:
    async with serve(lambda visit: drip(visit, b"HTTP/1.1 200 OK\r\nX: ", b"x")) as server:
        error, seconds = await fail(client, server, seconds=0.5)
    assert error.code == "timeout"
    assert 0.4 < seconds < 1.0


async def test_endless_interim_answers_are_cut_at_the_deadline(client: OutboundClient) -> None:
    interim = b"HTTP/1.1 102 Processing\r\n\r\n"
    async with serve(lambda visit: drip(visit, interim, interim)) as server:
        error, seconds = await fail(client, server, seconds=0.5)
    assert error.code == "timeout"
    assert 0.4 < seconds < 1.0


async def test_silence_ends_at_the_deadline_and_closes_the_connection(client: OutboundClient) -> None:
    gone = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.hang()
        gone.set()

    async with serve(script) as server:
        error, seconds = await fail(client, server, seconds=0.5)
        await asyncio.wait_for(gone.wait(), 5)
    assert error.code == "timeout"
    assert error.is_retryable
    assert error.reason == "127.0.0.1 did not answer within 0.5 seconds."
    assert error.timings.first_byte_ms is None
    assert 0.4 < seconds < 1.0


async def test_a_server_that_does_not_read_ends_at_the_deadline(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        visit.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(60)

    async with serve(script) as server:
        begun = perf_counter()
        with pytest.raises(OutboundError) as caught:
            await client.post(server.target(), headers=[], body=bytes(30_000_000), timeout_seconds=0.5)
    assert caught.value.code == "timeout"
    assert perf_counter() - begun < 1.0


async def test_a_shorter_deadline_on_a_kept_connection_holds(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        await visit.hang()

    async with serve(script) as server:
        await client.post(server.target(), headers=[], body=b"x", timeout_seconds=30)
        error, seconds = await fail(client, server, seconds=0.5)
    assert error.code == "timeout"
    assert 0.4 < seconds < 1.0


async def test_a_longer_deadline_on_a_kept_connection_is_not_cut_short(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        await visit.request()
        await asyncio.sleep(0.6)
        await visit.say(OK)

    async with serve(script) as server:
        await client.post(server.target(), headers=[], body=b"x", timeout_seconds=0.3)
        answer = await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert answer.status == 200
    assert server.connections == 1


async def test_a_tls_handshake_that_is_never_finished_ends_at_the_deadline(
    client: OutboundClient,
) -> None:
    gone = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.hang()
        gone.set()

    async with serve(script) as server:
        server.scheme = "https"
        error, seconds = await fail(client, server, seconds=0.5)
        await asyncio.wait_for(gone.wait(), 5)
    assert error.code == "connect_timeout"
    assert error.reason == "The TLS handshake with 127.0.0.1 was not finished in time."
    assert error.timings.tls_ms is not None
    assert 0.4 < seconds < 1.0


async def test_dripping_over_tls_is_cut_at_the_deadline(authority: Authority) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"
    context = authority.server_context("127.0.0.1")
    async with (
        serve(lambda visit: drip(visit, head, b"."), tls=context) as server,
        OutboundClient(LOOPBACK_ALLOWED, ssl_context=authority.trusting_context()) as client,
    ):
        error, seconds = await fail(client, server, seconds=0.5)
    assert error.code == "timeout"
    assert 0.4 < seconds < 1.0


async def test_a_connection_that_is_not_taken_ends_at_the_deadline(client: OutboundClient) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        server = Server("http")
        server.port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for sock in waiting:  # fill the queue of the listener, so that the kernel answers no more
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", server.port))
        error, seconds = await fail(client, server, seconds=0.5)
        for sock in waiting:
            sock.close()
    assert error.code == "connect_timeout"
    assert error.reason == "127.0.0.1 did not take a connection in time."
    assert 0.4 < seconds < 1.0


class SilentResolver:
    async def resolve(self, host: str) -> list[Address]:
        await asyncio.sleep(60)
        raise ResolveError("dns", host)

    async def close(self) -> None: ...


async def test_a_look_up_that_takes_too_long_ends_at_the_deadline() -> None:
    target = parse_url("https://hooks.example.com/", is_http_allowed=False, policy=LOOPBACK_ALLOWED)
    async with OutboundClient(LOOPBACK_ALLOWED, resolver=SilentResolver()) as client:
        begun = perf_counter()
        with pytest.raises(OutboundError) as caught:
            await client.post(target, headers=[], body=b"x", timeout_seconds=0.5)
    assert caught.value.code == "dns_timeout"
    assert caught.value.reason == "The name hooks.example.com could not be looked up in time."
    assert 0.4 < perf_counter() - begun < 1.0
