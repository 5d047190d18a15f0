"""Posts leads over kept connections, one request at a time on each. Run by `processes.run_together`."""

import asyncio
import json
import sys
import time
from itertools import count
from typing import Any

import uvloop


class Connection(asyncio.Protocol):
    """HTTP/1.1 towards a server that answers with a Content-Length."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._answer: asyncio.Future[bytes]
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def ask(self, request: bytes) -> "asyncio.Future[bytes]":
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        if end < 0 or len(self._data) - end - 4 < _length(self._data[: end + 2].lower()):
            return
        answer, self._data = bytes(self._data), bytearray()
        self._answer.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._answer.done():
            self._answer.set_exception(error or ConnectionError("The server has closed the connection."))


def _length(head: bytearray) -> int:
    at = head.index(b"\r\ncontent-length: ") + 18
    return int(head[at : head.index(b"\r\n", at)])


async def _post_all(wanted: dict[str, Any]) -> dict[str, Any]:
    """wanted: port, path, key, bodies (sent in turn), number and warm_up of requests, connections."""
    requests = [_request(wanted, body.encode()) for body in wanted["bodies"]]
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(Connection, "127.0.0.1", wanted["port"]) for _ in range(wanted["connections"])]
    waits: list[float] = []

    async def post_many(number: int) -> None:
        waits.clear()
        places = count()

        async def post(connection: Connection) -> None:
            while (place := next(places)) < number:
                started = time.perf_counter()
                answer = await connection.ask(requests[place % len(requests)])
                waits.append(time.perf_counter() - started)
                if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
                    raise RuntimeError(answer[:2000].decode())

        await asyncio.gather(*(post(connection) for _, connection in opened))

    await post_many(wanted["warm_up"])
    print("ready", flush=True)
    sys.stdin.readline()
    started, cpu = time.monotonic(), time.process_time()
    await post_many(wanted["number"])
    ended, cpu = time.monotonic(), time.process_time() - cpu
    return {"number": wanted["number"], "started": started, "ended": ended, "cpu": cpu, "waits": waits}


def _request(wanted: dict[str, Any], body: bytes) -> bytes:
    lines = (
        f"POST {wanted['path']} HTTP/1.1",
        f"Host: 127.0.0.1:{wanted['port']}",
        f"Authorization: Bearer {wanted['key']}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_post_all(json.loads(sys.stdin.readline())))), flush=True)
