"""The partner's HTTP server: takes webhooks below /webhooks/, shows the page at /, the same as JSON at /arrivals.json."""

import json
import sys
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from leadflip.local.sandbox.arrivals import Arrivals, Webhook, shortened
from leadflip.local.sandbox.page import STYLE, render_page
from leadflip.local.sandbox.signature import signature_fault

_LARGEST_BODY = 10 << 20
_LONGEST_DELAY = 60.0


class Receiver(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, *, arrivals: Arrivals, secrets_file: Path, smtp_port: int) -> None:
        self.arrivals = arrivals
        self.secrets_file = secrets_file
        self.smtp_port = smtp_port
        super().__init__(("127.0.0.1", port), Handler)

    def secrets(self) -> list[str]:
        # Read every time: a channel's secret may be rotated while we run.
        try:
            return self.secrets_file.read_text().split()
        except FileNotFoundError:
            return []


class Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"
    server_version = "SandboxPartner"
    sys_version = ""
    timeout = 120
    # Header and body leave in one write each; without this the second waits for the peer's delayed acknowledgement.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        match urlsplit(self.path).path:
            case "/":
                page = render_page(self.server.arrivals.newest_first(), port=self.server.server_port, smtp_port=self.server.smtp_port)
                self._answer(HTTPStatus.OK, page.encode(), "text/html; charset=utf-8")
            case "/style.css":
                self._answer(HTTPStatus.OK, STYLE.encode(), "text/css; charset=utf-8")
            case "/arrivals.json":
                self._answer_json(HTTPStatus.OK, self.server.arrivals.as_json())
            case _:
                self._answer_json(
                    HTTPStatus.NOT_FOUND, {"error": "There is a page at / and /arrivals.json; webhooks go to /webhooks/leads."}
                )

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self._answer_json(HTTPStatus.LENGTH_REQUIRED, {"error": f"A Content-Length of at most {_LARGEST_BODY} is wanted."})
            return
        body = self.rfile.read(int(length))
        url = urlsplit(self.path)
        if not url.path.startswith("/webhooks/"):
            self._answer_json(HTTPStatus.NOT_FOUND, {"error": "Webhooks go to /webhooks/leads."})
            return
        self._receive(body, wishes=parse_qs(url.query))

    def _receive(self, body: bytes, *, wishes: dict[str, list[str]]) -> None:
        """`?answer=500` and `?delay=3` in the channel's URL make a partner who is broken or slow."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = signature_fault(body, headers=headers, secrets=self.server.secrets(), now=time.time())
        status = _wished_status(wishes) or (HTTPStatus.UNAUTHORIZED if fault else HTTPStatus.OK)
        text = shortened(body.decode(errors="replace"))
        self.server.arrivals.add(Webhook(path=self.path, headers=headers, body=text, verified=not fault, reason=fault, answered=status))
        mark = f"NOT verified, {fault}" if fault else "verified"
        sys.stdout.write(f"Webhook {headers.get('webhook-id', 'without id')[:64]!r} came, {mark}; answered {status}.\n")
        sys.stdout.flush()
        time.sleep(_wished_delay(wishes))
        self._answer_json(status, {"received": True} if status == HTTPStatus.OK else {"error": fault or "as wished"})

    def _answer_json(self, status: int, content: object) -> None:
        self._answer(status, json.dumps(content).encode(), "application/json")

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'self'")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Arrivals are told in words by _receive; the page's own requests are not worth a line."""


def _wished_status(wishes: dict[str, list[str]]) -> int:
    text = wishes.get("answer", [""])[-1]
    return int(text) if text.isascii() and text.isdigit() and 200 <= int(text) <= 599 else 0


def _wished_delay(wishes: dict[str, list[str]]) -> float:
    text = wishes.get("delay", ["0"])[-1]
    try:
        return min(max(float(text), 0.0), _LONGEST_DELAY)
    except ValueError:
        return 0.0
