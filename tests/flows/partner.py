"""A partner's webhook receiver for the flows: real HTTP, every request on record, answers decided by the test."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    headers: dict[str, str]  # names in small letters
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Partner:
    """answer: called for each request with its place in the row; returns a status. It may block. body: of every answer."""

    url: str = ""
    body: bytes = b""
    received: list[Received] = field(default_factory=list)
    answered: list[Received] = field(default_factory=list)
    answer: Callable[[int], int] = lambda _: 200
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, request: Received) -> int:
        with self.lock:
            self.received.append(request)
            place = len(self.received)
        return self.answer(place)


@contextmanager
def running_partner() -> Iterator[Partner]:
    partner = Partner()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = Received({name.lower(): value for name, value in self.headers.items()}, body)
            status = partner.take(request)
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(partner.body)))
                self.end_headers()
                self.wfile.write(partner.body)
                self.wfile.flush()
            except OSError:
                return  # whoever asked is gone
            with partner.lock:
                partner.answered.append(request)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        partner.url = f"http://127.0.0.1:{server.server_address[1]}/leads"
        yield partner
        server.shutdown()
        thread.join()
