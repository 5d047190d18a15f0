import gzip
import resource
import zlib

import pytest

from delivery.outbound import Answer, OutboundClient, OutboundError
from tests.delivery.outbound.servers import OK, Script, Visit, answer_ok, says, serve

pytestmark = pytest.mark.anyio

KEPT = 16 * 1024


async def post_to(client: OutboundClient, script: Script) -> Answer:
    async with serve(script) as server:
        return await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)


async def error_from(client: OutboundClient, script: Script) -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        await post_to(client, script)
    return caught.value


def answer(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", *headers, b"Content-Length: %d" % len(body), b"", body])


def repeats(start: bytes, piece: bytes, times: int, sent: list[int] | None = None) -> Script:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(start)
        for _ in range(times):
            await visit.say(piece)
            if sent is not None:
                sent.append(len(piece))

    return script


async def test_a_body_of_20_kib_is_read_whole_and_kept_in_part(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        for _ in range(2):
            await visit.request()
            await visit.say(answer(b"a" * 20_000))

    async with serve(script) as server:
        for _ in range(2):
            got = await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert (got.status, got.body, got.is_truncated) == (200, b"a" * KEPT, True)
    assert server.connections == 1


async def test_100_mb_are_not_read(client: OutboundClient) -> None:
    sent: list[int] = []
    megabyte = b"a" * 1_000_000
    got = await post_to(client, repeats(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", megabyte, 100, sent))
    assert (got.status, got.body, got.is_truncated) == (200, b"a" * KEPT, True)
    assert sum(sent) < 20_000_000  # what the kernel's buffers took before the connection was closed


async def test_an_endless_body_without_length_is_not_read(client: OutboundClient) -> None:
    got = await post_to(client, repeats(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 100_000, 1000))
    assert (got.status, got.body, got.is_truncated) == (200, b"a" * KEPT, True)


async def test_a_gzip_bomb_costs_no_memory(client: OutboundClient) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(packer.compress(bytes(1_000_000)) for _ in range(60)), packer.flush()])  # 60 MB in 58 KiB
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    got = await post_to(client, says(answer(bomb, b"Content-Encoding: gzip")))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert len(bomb) < 65_536
    assert (got.status, got.body, got.is_truncated) == (200, bytes(KEPT), True)
    assert grown < 10_000  # KiB


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        (b"gzip", gzip.compress(b"accepted", mtime=0)),
        (b"GZIP", gzip.compress(b"accepted", mtime=0)),
        (b"x-gzip", gzip.compress(b"accepted", mtime=0)),
        (b"deflate", zlib.compress(b"accepted")),
        (b"deflate", zlib.compress(b"accepted", wbits=-15)),
        (b"identity", b"accepted"),
    ],
)
async def test_a_packed_body_is_unpacked(client: OutboundClient, encoding: bytes, packed: bytes) -> None:
    got = await post_to(client, says(answer(packed, b"Content-Encoding: " + encoding)))
    assert (got.body, got.is_truncated) == (b"accepted", False)


@pytest.mark.parametrize(
    ("encoding", "body", "kept"),
    [
        (b"gzip", b"plain text", b"plain text"),
        (b"gzip", gzip.compress(b"accepted", mtime=0)[:-9], b"accepted"),
        (b"br", b"\x0b\x03", b"\x0b\x03"),
        (b"gzip, gzip", b"abc", b"abc"),
        (b"deflate", b"\xff\xff\xff", b"\xff\xff\xff"),
    ],
)
async def test_a_body_that_cannot_be_unpacked_keeps_its_status(client: OutboundClient, encoding: bytes, body: bytes, kept: bytes) -> None:
    got = await post_to(client, says(answer(body, b"Content-Encoding: " + encoding)))
    assert (got.status, got.body, got.is_truncated) == (200, kept, True)


@pytest.mark.parametrize(
    "body",
    [
        b"2\r\nok\r\nzz\r\n",
        b"2\r\nok\r\n-1\r\n",
        b"2\r\nokXX2\r\n",
        b"2\r\nok\r\nffffffffffffffffff\r\n",
        b"2\r\nok",
        b"2\r\nok\r\n5\r\nab",
    ],
)
async def test_bad_chunks_keep_the_status(client: OutboundClient, body: bytes) -> None:
    got = await post_to(client, says(b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body))
    assert got.status == 202
    assert got.body.startswith(b"ok")
    assert got.is_truncated


async def test_endless_chunk_extensions_are_cut(client: OutboundClient) -> None:
    sent: list[int] = []
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;"
    got = await post_to(client, repeats(start, b"x" * 1_000_000, 100, sent))
    assert (got.status, got.body, got.is_truncated) == (200, b"", True)
    assert sum(sent) < 20_000_000


async def test_endless_trailers_are_cut(client: OutboundClient) -> None:
    sent: list[int] = []
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
    got = await post_to(client, repeats(start, b"X-Late: y\r\n" * 90_000, 100, sent))
    assert (got.status, got.body, got.is_truncated) == (200, b"ok", True)
    assert len(got.headers) == 1
    assert sum(sent) < 20_000_000


async def test_a_body_that_breaks_off_keeps_the_status(client: OutboundClient) -> None:
    got = await post_to(client, says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"))
    assert (got.status, got.body, got.is_truncated) == (200, b"part", True)


async def test_a_reset_after_the_headers_keeps_the_status(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        visit.reset()

    got = await post_to(client, script)
    assert (got.status, got.body, got.is_truncated) == (200, b"", True)


async def test_a_reset_before_the_headers_is_an_error(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        visit.reset()

    error = await error_from(client, script)
    assert (error.code, error.is_retryable) == ("reset", True)


async def test_a_reset_amid_the_headers_is_an_error(client: OutboundClient) -> None:
    error = await error_from(client, says(b"HTTP/1.1 200 OK\r\nX-A: b\r\n"))
    assert error.code == "reset"
    assert error.reason == "127.0.0.1 closed the connection in the middle of its answer."


@pytest.mark.parametrize("piece", [b"X-Header: " + b"y" * 1000 + b"\r\n", b"X", b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n" * 500])
async def test_endless_headers_are_cut_at_64_kib(client: OutboundClient, piece: bytes) -> None:
    start = b"" if piece.startswith((b"HTTP", b"\r\n")) else b"HTTP/1.1 200 OK\r\n"
    error = await error_from(client, repeats(start, piece * (70_000 // len(piece)), 10))
    assert error.code == "too_large_headers"
    assert error.reason == "The headers of 127.0.0.1's answer are larger than 64 KiB."
    assert error.is_retryable


async def test_only_100_headers_are_kept(client: OutboundClient) -> None:
    many = b"".join(b"X-%d: y\r\n" % number for number in range(500))
    got = await post_to(client, says(b"HTTP/1.1 200 OK\r\n" + many + b"\r\n"))
    assert len(got.headers) == 100
    assert got.headers[99] == ("X-99", "y")


async def test_headers_of_60_kib_and_the_body_behind_them_are_read(client: OutboundClient) -> None:
    long = b"X-Long: " + b"y" * 60_000
    got = await post_to(client, says(answer(b"ok", long)))
    assert (got.status, got.body) == (200, b"ok")


@pytest.mark.parametrize(
    "garbage",
    [
        b"<html>HTTP/0.9 has no status line</html>",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 099 Low\r\n\r\n",
        b"HTTP/1.1 20 Short\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello",
        b"HTTP/1.1 101 Switching\r\n\r\n" + OK,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0" * 100,
    ],
)
async def test_what_is_not_http_is_an_error(client: OutboundClient, garbage: bytes) -> None:
    error = await error_from(client, says(garbage))
    assert error.code == "protocol"
    assert error.reason == "127.0.0.1 did not answer in HTTP."
    assert error.is_retryable


async def test_a_204_with_a_body_is_a_204(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")
        await visit.hang()

    async with serve(script) as server:
        for _ in range(2):
            got = await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert (got.status, got.body) == (204, b"")
    assert server.connections == 2


@pytest.mark.parametrize(
    "sloppy",
    [
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        b"HTTP/1.0 200 OK\r\n\r\nok",
        b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-Odd: a\x01b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
)
async def test_sloppy_answers_with_a_plain_status_are_read(client: OutboundClient, sloppy: bytes) -> None:
    got = await post_to(client, says(sloppy))
    assert (got.status, got.body, got.is_truncated) == (200, b"ok", False)


async def test_an_answer_with_two_framings_ends_the_connection(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        await visit.hang()

    async with serve(script) as server:
        for _ in range(2):
            await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert server.connections == 2


async def test_headers_in_latin_1_are_readable(client: OutboundClient) -> None:
    got = await post_to(client, says(b"HTTP/1.1 200 OK\r\nX-Name: J\xfcrgen\r\nContent-Length: 0\r\n\r\n"))
    assert got.headers[0] == ("X-Name", "Jürgen")


async def test_a_nul_in_a_header_is_replaced(client: OutboundClient) -> None:
    got = await post_to(client, says(b"HTTP/1.1 200 OK\r\nX-Name: a\0b\r\nContent-Length: 0\r\n\r\n"))
    assert got.headers[0] == ("X-Name", "a\N{REPLACEMENT CHARACTER}b")


async def test_a_server_that_speaks_first_is_an_error(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        await visit.say(b"220 mail.example.com ESMTP\r\n")
        await visit.hang()

    error = await error_from(client, script)
    assert error.code == "protocol"


async def test_a_server_that_hangs_up_at_once_is_an_error(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        visit.reset()

    error = await error_from(client, script)
    assert error.code == "reset"
    assert error.timings.total_ms < 1000


async def test_a_bad_answer_does_not_spoil_the_next(client: OutboundClient) -> None:
    async def script(visit: Visit) -> None:
        if visit.number > 1:
            await answer_ok(visit)
        await visit.request()
        await visit.say(OK[:-2] + b"o")

    async with serve(script) as server:
        first = await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
        second = await client.post(server.target(), headers=[], body=b"x", timeout_seconds=5)
    assert (first.is_truncated, second.is_truncated, second.body) == (True, False, b"ok")
