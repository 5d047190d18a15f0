import asyncio
import socket
import ssl

import pytest

from delivery.outbound import OutboundClient, OutboundError
from delivery.outbound.client import default_ssl_context
from tests.delivery.outbound.certificates import DAY, NOW, Authority, shake_hands
from tests.delivery.outbound.servers import LOOPBACK_ALLOWED, FixedResolver, Server, Visit, answer_ok, serve

pytestmark = pytest.mark.anyio

NAMES = FixedResolver({"hooks.example.com": [["127.0.0.1"]], "xn--bcher-kva.example": [["127.0.0.1"]]})


def trusting(authority: Authority) -> OutboundClient:
    return OutboundClient(LOOPBACK_ALLOWED, resolver=NAMES, ssl_context=authority.trusting_context())


async def failure(client: OutboundClient, tls: ssl.SSLContext, *, host: str = "hooks.example.com") -> OutboundError:
    async with serve(answer_ok, tls=tls) as server, client:
        with pytest.raises(OutboundError) as caught:
            await client.post(server.target(host=host), headers=[], body=b"x", timeout_seconds=5)
    assert server.requests == []
    assert caught.value.code == "tls"
    assert caught.value.is_retryable
    assert caught.value.timings.tls_ms is not None
    assert caught.value.address == f"127.0.0.1:{server.port}"
    return caught.value


async def test_a_good_certificate_is_accepted_and_the_connection_kept(authority: Authority) -> None:
    context = authority.server_context("hooks.example.com")
    asked: list[str | None] = []

    def note_name(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        asked.append(name)

    context.sni_callback = note_name
    async with serve(answer_ok, tls=context) as server, trusting(authority) as client:
        target = server.target(host="hooks.example.com")
        answers = [await client.post(target, headers=[], body=b"x", timeout_seconds=5) for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3
    assert server.connections == 1
    assert asked == ["hooks.example.com"]
    assert answers[0].timings.tls_ms is not None
    assert answers[1].timings.tls_ms is None
    assert b"\r\nHost: hooks.example.com:" in server.requests[0]


async def test_a_name_with_umlauts_is_checked_in_its_ascii_form(authority: Authority) -> None:
    context = authority.server_context("xn--bcher-kva.example")
    async with serve(answer_ok, tls=context) as server, trusting(authority) as client:
        answer = await client.post(server.target(host="bücher.example"), headers=[], body=b"x", timeout_seconds=5)
    assert answer.status == 200


async def test_an_address_is_checked_against_the_addresses_of_the_certificate(authority: Authority) -> None:
    context = authority.server_context("127.0.0.1")
    async with serve(answer_ok, tls=context) as server, trusting(authority) as client:
        answer = await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert answer.status == 200


async def test_a_certificate_for_another_name(authority: Authority) -> None:
    error = await failure(trusting(authority), authority.server_context("other.example.com"))
    assert error.reason == "The certificate of hooks.example.com is for another name."


async def test_a_certificate_for_another_address(authority: Authority) -> None:
    error = await failure(trusting(authority), authority.server_context("127.0.0.2"), host="127.0.0.1")
    assert error.reason == "The certificate of 127.0.0.1 is for another address."


async def test_an_expired_certificate(authority: Authority) -> None:
    context = authority.server_context("hooks.example.com", valid=(NOW - 3 * DAY, NOW - 2 * DAY))
    error = await failure(trusting(authority), context)
    assert error.reason == "The certificate of hooks.example.com has expired."


async def test_a_certificate_that_is_not_valid_yet(authority: Authority) -> None:
    context = authority.server_context("hooks.example.com", valid=(NOW + DAY, NOW + 2 * DAY))
    error = await failure(trusting(authority), context)
    assert error.reason == "The certificate of hooks.example.com is not valid yet."


async def test_a_self_signed_certificate(authority: Authority) -> None:
    error = await failure(trusting(authority), authority.server_context("hooks.example.com", is_self_signed=True))
    assert error.reason == "The certificate of hooks.example.com is self-signed."


async def test_an_unknown_authority_is_refused_by_default(authority: Authority) -> None:
    client = OutboundClient(LOOPBACK_ALLOWED, resolver=NAMES)
    error = await failure(client, authority.server_context("hooks.example.com"))
    assert error.reason.startswith("The certificate of hooks.example.com comes from an unknown authority")


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_old_tls_is_refused(authority: Authority, newest: ssl.TLSVersion) -> None:
    context = authority.server_context("hooks.example.com", newest=newest)
    server = Server("https")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        old = asyncio.create_task(asyncio.to_thread(shake_hands, listener, context))
        async with trusting(authority) as client:
            with pytest.raises(OutboundError) as caught:
                await client.post(server.target(host="hooks.example.com"), headers=[], body=b"x", timeout_seconds=5)
        assert await old == "UNSUPPORTED_PROTOCOL"
    assert caught.value.code == "tls"
    assert caught.value.reason == "hooks.example.com only speaks TLS older than 1.2, which is no longer safe."


async def test_tls_1_2_is_enough(authority: Authority) -> None:
    context = authority.server_context("hooks.example.com")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with serve(answer_ok, tls=context) as server, trusting(authority) as client:
        answer = await client.post(server.target(host="hooks.example.com"), headers=[], body=b"x", timeout_seconds=5)
    assert answer.status == 200


def test_the_default_context_checks_names_and_refuses_old_tls() -> None:
    context = default_ssl_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert default_ssl_context() is context


async def test_plain_http_on_a_tls_port(authority: Authority) -> None:
    async def script(visit: Visit) -> None:
        await visit.reader.read(1)
        await visit.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serve(script) as server, trusting(authority) as client:
        server.scheme = "https"
        with pytest.raises(OutboundError) as caught:
            await client.post(server.target(host="hooks.example.com"), headers=[], body=b"x", timeout_seconds=5)
    assert caught.value.code == "tls"
    assert caught.value.reason.startswith("hooks.example.com does not speak TLS on this port")


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_tls_server_that_speaks_first(authority: Authority, newest: ssl.TLSVersion) -> None:
    async def script(visit: Visit) -> None:
        await visit.say(b"220 mail.example.com ESMTP\r\n")
        await visit.hang()

    context = authority.server_context("hooks.example.com")
    context.maximum_version = newest
    async with serve(script, tls=context) as server, trusting(authority) as client:
        with pytest.raises(OutboundError) as caught:
            await client.post(server.target(host="hooks.example.com"), headers=[], body=b"x", timeout_seconds=5)
    assert caught.value.code == "protocol"
    assert caught.value.timings.total_ms < 2000


async def test_a_connection_closed_during_the_handshake(authority: Authority) -> None:
    async def script(visit: Visit) -> None:
        await visit.reader.read(1)
        visit.reset()

    async with serve(script) as server, trusting(authority) as client:
        server.scheme = "https"
        with pytest.raises(OutboundError) as caught:
            await client.post(server.target(host="hooks.example.com"), headers=[], body=b"x", timeout_seconds=5)
    assert caught.value.code == "tls"
    assert caught.value.reason == "hooks.example.com closed the connection during the TLS handshake."


async def test_a_server_that_wants_a_client_certificate(authority: Authority) -> None:
    context = authority.server_context("hooks.example.com")
    context.verify_mode = ssl.CERT_REQUIRED
    async with serve(answer_ok, tls=context) as server, trusting(authority) as client:
        with pytest.raises(OutboundError) as caught:
            await client.post(server.target(host="hooks.example.com"), headers=[], body=b"x", timeout_seconds=5)
    assert caught.value.code in {"tls", "reset"}  # TLS 1.3 says so after the handshake, and the RST may overtake it
    assert server.requests == []


async def test_a_kept_tls_connection_that_was_closed_is_replaced(authority: Authority) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        if visit.number == 1:
            await visit.reader.readexactly(1)
            return
        await answer_ok(visit)

    context = authority.server_context("hooks.example.com")
    async with serve(script, tls=context) as server, trusting(authority) as client:
        for _ in range(2):
            answer = await client.post(server.target(host="hooks.example.com"), headers=[], body=b"x", timeout_seconds=5)
    assert answer.status == 200
    assert server.connections == 2


async def test_an_https_body_is_bounded_too(authority: Authority) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await visit.say(b"a" * 100_000)
            await asyncio.sleep(0)

    context = authority.server_context("hooks.example.com")
    async with serve(script, tls=context) as server, trusting(authority) as client:
        answer = await client.post(server.target(host="hooks.example.com"), headers=[], body=b"x", timeout_seconds=5)
    assert (answer.status, answer.body, answer.is_truncated) == (200, b"a" * 16_384, True)
