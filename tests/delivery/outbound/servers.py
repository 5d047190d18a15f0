"""Real servers on loopback that say exactly what a test wants said."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from ipaddress import ip_address, ip_network
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from delivery.outbound import OutboundPolicy, Target, parse_url
from delivery.outbound.addresses import Address

LOOPBACK_ALLOWED = OutboundPolicy(allow=(ip_network("127.0.0.0/8"), ip_network("::1/128")))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """connections: how many were accepted. requests: every request as it came, head and body."""

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.port = 0
        self.connections = 0
        self.requests: list[bytes] = []

    def target(self, path: str = "/", *, host: str = "127.0.0.1") -> Target:
        url = f"{self.scheme}://{host}:{self.port}{path}"
        return parse_url(url, is_http_allowed=True, policy=LOOPBACK_ALLOWED)


class Visit:
    """One accepted connection, as a script sees it."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.number = server.connections
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """The next request, whole."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), b":0")
        body = await self.reader.readexactly(int(length.partition(b":")[2]))
        self.server.requests.append(head + body)
        return head + body

    async def say(self, *pieces: bytes) -> None:
        """Sends the pieces, each in its own segment if the kernel plays along."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    def reset(self) -> None:
        """Ends the connection with a RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.writer.transport.abort()

    async def hang(self) -> None:
        """Says nothing more until the client is gone."""
        await self.reader.read()


Script = Callable[[Visit], Awaitable[None]]


async def answer_ok(visit: Visit) -> None:
    """A well-behaved server with keep-alive."""
    while True:
        await visit.request()
        await visit.say(OK)


def says(*pieces: bytes) -> Script:
    """A server that sends the pieces as its answer and then hangs up."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(*pieces)

    return script


@asynccontextmanager
async def serve(script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Server]:
    server = Server("http" if tls is None else "https")
    visits: set[asyncio.Task[None]] = set()

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        task = asyncio.current_task()
        assert task is not None
        visits.add(task)
        try:
            await script(Visit(server, reader, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client hung up, which is its right, or the test is over
        finally:
            visits.discard(task)
            if not writer.transport.is_closing():
                writer.close()

    listener = await asyncio.start_server(visited, host, 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in tuple(visits):
            task.cancel()
        if visits:
            await asyncio.wait(visits)
        await listener.wait_closed()


class Sentinel:
    """Listens on loopback, in both families and on one port, and tells whether anybody ever connected."""

    def __init__(self, *listeners: socket.socket) -> None:
        self._listeners = listeners
        self.port: int = listeners[0].getsockname()[1]

    def accepted(self) -> int:
        count = 0
        for listener in self._listeners:
            while True:
                try:
                    listener.accept()[0].close()
                except BlockingIOError:
                    break
                count += 1
        return count


@contextmanager
def sentinel() -> Iterator[Sentinel]:
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as v4,
        closing(socket.create_server(("::1", v4.getsockname()[1]), family=socket.AF_INET6)) as v6,
    ):
        v4.setblocking(False)
        v6.setblocking(False)
        yield Sentinel(v4, v6)


class FixedResolver:
    """Names and their addresses, one list for each look-up; the last is repeated."""

    def __init__(self, answers: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._answers = {host: list(lists) for host, lists in answers.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str) -> Sequence[Address]:
        self.asked.append(host)
        lists = self._answers[host]
        return [ip_address(text) for text in (lists.pop(0) if len(lists) > 1 else lists[0])]

    async def close(self) -> None:
        self.asked.append("closed")


def pointing(*addresses: str) -> FixedResolver:
    """A resolver whose only name, hooks.example.com, has these addresses."""
    return FixedResolver({"hooks.example.com": [addresses]})


Zone = Mapping[str, Sequence[Sequence[str]]]


class NameServer(asyncio.DatagramProtocol):
    """Answers A and AAAA queries out of a zone: name → one list of records ("A 192.0.2.1", "CNAME other.example.") per query of its type."""

    def __init__(self, zone: Zone) -> None:
        self._zone = {name: [list(records) for records in lists] for name, lists in zone.items()}
        self._asked: dict[tuple[str, str], int] = {}
        self._transport: asyncio.DatagramTransport
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        host, port = transport.get_extra_info("sockname")[:2]
        self.address = f"{host}:{port}"

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        name = question.name.to_text().lower()
        if name not in self._zone:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif not self._fill(response, name, kind):
            return
        self._transport.sendto(response.to_wire(), addr)

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> bool:
        """Adds the records asked for, following aliases once round at most; False if the zone says to keep silent."""
        turn = self._asked.get((name, kind), 0)
        self._asked[name, kind] = turn + 1
        lists = self._zone[name]
        for record in lists[min(turn, len(lists) - 1)]:
            rtype, _, value = record.partition(" ")
            if rtype == "SILENT" and value in ("", kind):
                return False
            if rtype in (kind, "CNAME"):
                response.answer.append(dns.rrset.from_text(name, 0, "IN", rtype, value))
            if rtype == "CNAME" and value in self._zone and not any(known.name.to_text() == value for known in response.answer):
                self._fill(response, value, kind)
        return True


@asynccontextmanager
async def name_server(zone: Zone) -> AsyncIterator[NameServer]:
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(lambda: NameServer(zone), local_addr=("127.0.0.1", 0))
    try:
        yield server
    finally:
        transport.close()
