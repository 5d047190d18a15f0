"""Partners at their worst, and what becomes of the lead: each try ends in time, in little memory, and in a sentence for people."""

import asyncio
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from delivery.outcome import Outcome, Verdict
from tests.delivery.channels.webhook.posting import HOST, OK, answered, client_for, deliver, visited
from tests.delivery.outbound.certificates import DAY, NOW, Authority, shake_hands
from tests.delivery.outbound.servers import Server, Visit, answer_ok, says, serve


def status(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {line}", "Content-Length: 0", *headers, "", ""]).encode()


@pytest.mark.parametrize(
    ("line", "verdict", "max_tries", "reason"),
    [
        ("400 Bad Request", Verdict.RETRY, 3, "The partner refuses the content (400 Bad Request)."),
        ("401 Unauthorized", Verdict.RETRY, 3,
         "The partner wants a sign-in, or another one: check the headers of this channel (401 Unauthorized)."),
        ("404 Not Found", Verdict.RETRY, 3, "The partner has nothing at this address: check the URL (404 Not Found)."),
        ("408 Request Timeout", Verdict.RETRY, None, "The partner waited too long for the request (408 Request Timeout)."),
        ("409 Conflict", Verdict.RETRY, None, "The partner reports a conflict, which may pass (409 Conflict)."),
        ("410 Gone", Verdict.FAILED, None, "The address answers 410: the partner has removed it."),
        ("425 Too Early", Verdict.RETRY, None, "The partner does not take the request this early (425 Too Early)."),
        ("429 Too Many Requests", Verdict.RETRY, None, "The partner asks for a slower pace (429 Too Many Requests)."),
        ("500 Internal Server Error", Verdict.RETRY, None, "The partner has a fault (500 Internal Server Error)."),
        ("503 Service Unavailable", Verdict.RETRY, None, "The partner is not available at the moment (503 Service Unavailable)."),
        # The number counts, whatever words stand beside it.
        ("503 OK, lead accepted", Verdict.RETRY, None, "The partner is not available at the moment (503 Service Unavailable)."),
    ],
)  # fmt: skip
def test_a_partner_that_says_no(line: str, verdict: Verdict, max_tries: int | None, reason: str) -> None:
    outcome, _ = answered(status(line))
    number = int(line[:3])
    assert (outcome.verdict, outcome.code, outcome.max_tries, outcome.reason) == (verdict, f"http_{number}", max_tries, reason)
    assert (outcome.is_counted, outcome.pauses_channel) == (number != 429, number == 410)
    assert outcome.retry_after_seconds is None


@pytest.mark.parametrize("line", ["429 Too Many Requests", "503 Service Unavailable", "408 Request Timeout", "500 Internal Server Error"])
@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("90", 90, 90),
        ("999999999", 86_400, 86_400),
        (format_datetime(datetime.now(UTC) + timedelta(hours=5), usegmt=True), 4 * 3_600, 5 * 3_600),
    ],
    ids=["seconds", "too many seconds", "a date"],
)
def test_a_partner_that_says_when(line: str, value: str, least: int, most: int) -> None:
    outcome, _ = answered(status(line, f"Retry-After: {value}"))
    assert outcome.verdict is Verdict.RETRY
    assert outcome.retry_after_seconds is not None
    assert least <= outcome.retry_after_seconds <= most


@pytest.mark.parametrize(
    "value", ["", "soon", "-90", "1e9", "9" * 5_000, "Mon, 99 Foo 2026 99:99:99 GMT", "Tue, 24 Nov 2015 12:00:00 GMT", "٩٠"]
)
def test_a_partner_whose_when_makes_no_sense_is_asked_again_by_the_policy(value: str) -> None:
    answer = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nRetry-After: %b\r\n\r\n" % value.encode()
    outcome, _ = answered(answer)
    assert (outcome.verdict, outcome.is_counted, outcome.retry_after_seconds) == (Verdict.RETRY, False, None)


def test_a_partner_that_drips_a_byte_a_second_is_cut_at_the_channels_time() -> None:
    async def drip(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not visit.reader.at_eof():
            await visit.say(b".")
            await asyncio.sleep(1)

    outcome, _ = visited(drip, timeout_seconds=2)
    assert (outcome.verdict, outcome.code, outcome.http_status) == (Verdict.RETRY, "timeout", None)
    assert outcome.reason == "The answer of 127.0.0.1 was still not complete after 2 seconds."
    assert 1_950 < outcome.timings.total_ms < 2_500


def test_a_silent_partner_is_cut_at_the_channels_time() -> None:
    async def silence(visit: Visit) -> None:
        await visit.request()
        await visit.hang()

    outcome, _ = visited(silence, timeout_seconds=1)
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "timeout")
    assert outcome.reason == "127.0.0.1 did not answer within 1 seconds."
    assert 950 < outcome.timings.total_ms < 1_500


@pytest.mark.parametrize(
    ("begun", "reason"),
    [
        (b"", "127.0.0.1 closed the connection without an answer."),
        (b"HTTP/1.1 20", "127.0.0.1 closed the connection in the middle of its answer."),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "127.0.0.1 closed the connection in the middle of its answer."),
    ],
)
def test_a_partner_that_resets_the_connection_before_its_status_is_known(begun: bytes, reason: str) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(begun)
        visit.reset()

    outcome, server = visited(script)
    assert (outcome.verdict, outcome.code, outcome.reason) == (Verdict.RETRY, "reset", reason)
    assert len(server.requests) == 1


def test_a_partner_that_breaks_off_behind_its_status_has_the_lead() -> None:
    outcome, _ = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
    assert (outcome.verdict, outcome.code) == (Verdict.DELIVERED, "ok")
    assert (outcome.response_body, outcome.is_response_truncated) == (b"part", True)


@contextmanager
def little_memory() -> Iterator[None]:
    """Fails if at any moment more than 10 MB are held beyond what is held now."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_partner_that_answers_with_100_mb_costs_no_memory() -> None:
    sent: list[int] = []
    piece = b"a" * 100_000

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1_000):
            await visit.say(piece)
            sent.append(len(piece))

    with little_memory():
        outcome, _ = visited(script)
    assert (outcome.verdict, outcome.code) == (Verdict.DELIVERED, "ok")
    assert (outcome.response_body, outcome.is_response_truncated) == (b"a" * 16_384, True)
    assert sum(sent) < 20_000_000  # what the kernel's buffers took before the connection was closed


def test_a_partner_that_answers_with_a_gzip_bomb_costs_no_memory() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(packer.compress(bytes(1_000_000)) for _ in range(60)), packer.flush()])  # 60 MB in 58 KiB
    with little_memory():
        outcome, _ = answered(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
    assert (outcome.verdict, outcome.response_body, outcome.is_response_truncated) == (Verdict.DELIVERED, bytes(16_384), True)


def test_a_partner_whose_headers_never_end() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\n")
        while not visit.reader.at_eof():
            await visit.say(b"X-More: " + b"y" * 1_000 + b"\r\n")

    with little_memory():
        outcome, _ = visited(script)
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "too_large_headers")
    assert outcome.reason == "The headers of 127.0.0.1's answer are larger than 64 KiB."


def test_a_partner_whose_chunks_are_wrong_has_the_lead() -> None:
    outcome, _ = answered(b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n")
    assert (outcome.verdict, outcome.http_status) == (Verdict.DELIVERED, 202)
    assert (outcome.response_body, outcome.is_response_truncated) == (b"ok", True)


def test_a_partner_who_speaks_http_0_9() -> None:
    outcome, _ = answered(b"<html>accepted</html>")
    assert (outcome.verdict, outcome.code, outcome.http_status) == (Verdict.RETRY, "protocol", None)
    assert outcome.reason == "127.0.0.1 did not answer in HTTP."


@pytest.mark.parametrize("moved", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_partner_that_points_to_this_machine_is_not_followed(moved: str) -> None:
    async def run() -> tuple[Outcome, Server]:
        async with AsyncExitStack() as stack:
            inside = await stack.enter_async_context(serve(answer_ok))
            away = status(moved, f"Location: {inside.target('/admin').url}")
            partner = await stack.enter_async_context(serve(says(away)))
            client = await stack.enter_async_context(client_for())
            return await deliver(client, partner.target().url), inside

    outcome, inside = asyncio.run(run())
    assert (outcome.verdict, outcome.code) == (Verdict.FAILED, f"http_{moved[:3]}")
    assert outcome.reason == f"The address answers {moved} and points elsewhere, where Leadflip does not follow: enter the final URL."
    assert (inside.connections, inside.requests) == (0, [])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("certificates"))


def refused_by_tls(authority: Authority, tls: ssl.SSLContext) -> str:
    outcome, server = visited(answer_ok, host=HOST, tls=tls, authority=authority)
    assert (outcome.verdict, outcome.code, outcome.max_tries) == (Verdict.RETRY, "tls", None)
    assert server.requests == []  # not a byte of the lead
    return outcome.reason


def test_a_partner_with_a_good_certificate(authority: Authority) -> None:
    outcome, server = visited(answer_ok, host=HOST, tls=authority.server_context(HOST), authority=authority)
    assert (outcome.verdict, len(server.requests)) == (Verdict.DELIVERED, 1)


def test_a_partner_with_the_certificate_of_another_name(authority: Authority) -> None:
    reason = refused_by_tls(authority, authority.server_context("other.example.com"))
    assert reason == "The certificate of hooks.example.com is for another name."


def test_a_partner_with_a_certificate_of_its_own(authority: Authority) -> None:
    reason = refused_by_tls(authority, authority.server_context(HOST, is_self_signed=True))
    assert reason == "The certificate of hooks.example.com is self-signed."


def test_a_partner_with_an_expired_certificate(authority: Authority) -> None:
    reason = refused_by_tls(authority, authority.server_context(HOST, valid=(NOW - 3 * DAY, NOW - 2 * DAY)))
    assert reason == "The certificate of hooks.example.com has expired."


def test_a_partner_who_speaks_tls_1_0_only(authority: Authority) -> None:
    context = authority.server_context(HOST, newest=ssl.TLSVersion.TLSv1)

    async def run() -> tuple[Outcome, str]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            old = asyncio.create_task(asyncio.to_thread(shake_hands, listener, context))
            async with client_for(authority) as client:
                outcome = await deliver(client, f"https://{HOST}:{listener.getsockname()[1]}/")
            return outcome, await old

    outcome, ending = asyncio.run(run())
    assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "tls")
    assert outcome.reason == "hooks.example.com only speaks TLS older than 1.2, which is no longer safe."
    assert ending == "UNSUPPORTED_PROTOCOL"


def test_a_hostile_partner_spoils_nothing_for_the_next() -> None:
    """Over one client, as a worker has it."""
    scripts = (says(b"\0" * 100), answer_ok, says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), says(OK))

    async def run() -> list[Verdict]:
        async with AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(serve(script)) for script in scripts]
            client = await stack.enter_async_context(client_for())
            return [(await deliver(client, server.target().url)).verdict for server in servers]

    assert asyncio.run(run()) == [Verdict.RETRY, Verdict.DELIVERED, Verdict.DELIVERED, Verdict.DELIVERED]
