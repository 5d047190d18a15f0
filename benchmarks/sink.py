"""A partner that costs almost nothing: `python -m benchmarks.sink` prints its port and answers until it is ended.

POST /now answers at once, POST /after/200 after 200 ms. GET /stats: how many came, per path. GET /arrivals: when each webhook-id came first,
in seconds of the system's monotonic clock, which all processes share. GET /reset forgets everything.
"""

import asyncio
import json
import time
from collections import Counter

import uvloop

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


class Book:
    def __init__(self) -> None:
        self.counts: Counter[bytes] = Counter()
        self.arrivals: dict[bytes, float] = {}
        self.repeats = 0

    def note(self, path: bytes, delivery: bytes) -> None:
        self.counts[path] += 1
        if delivery in self.arrivals:
            self.repeats += 1
        else:
            self.arrivals[delivery] = time.monotonic()

    def answer(self, path: bytes) -> bytes:
        match path:
            case b"/stats":
                return _json(
                    {"all": self.counts.total(), "repeats": self.repeats, "paths": {p.decode(): n for p, n in self.counts.items()}}
                )
            case b"/arrivals":
                return _json({delivery.decode(): at for delivery, at in self.arrivals.items()})
            case b"/reset":
                self.__init__()  # type: ignore[misc]
                return _json({})
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def _json(content: object) -> bytes:
    body = json.dumps(content).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class Sink(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, without pipelining, for clients that send a Content-Length."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._loop = asyncio.get_running_loop()
        self._data = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        data = self._data + data if self._data else data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._data = data
            return
        head = data[: end + 2]
        if len(data) - end - 4 < _number(head, b"\r\ncontent-length: "):
            self._data = data
            return
        self._data = b""
        method, path, _ = head.split(b" ", 2)
        if method == b"GET":
            self._transport.write(self._book.answer(path))
            return
        self._book.note(path, _header(head, b"\r\nwebhook-id: "))
        delay = int(path[7:]) / 1000 if path.startswith(b"/after/") else 0.0
        if delay:
            self._loop.call_later(delay, self._answer)
        else:
            self._transport.write(_OK)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(_OK)


def _header(head: bytes, name: bytes) -> bytes:
    at = head.find(name)
    if at < 0:
        at = head.lower().find(name)
    if at < 0:
        return b""
    at += len(name)
    return head[at : head.index(b"\r\n", at)]


def _number(head: bytes, name: bytes) -> int:
    return int(_header(head.replace(b"Content-Length", b"content-length", 1), name) or 0)


async def _serve() -> None:
    book = Book()
    server = await asyncio.get_running_loop().create_server(lambda: Sink(book), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
