"""A running Leadflip, and what its sandbox partner received."""

import json
import re
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from tests.flows.processes import wait_until
from tests.local.stack import RunningStack


@dataclass
class Site:
    stack: RunningStack
    url: str

    @property
    def demo(self) -> tuple[str, str]:
        """Email and password of the demo account's owner."""
        found = re.search(r"Sign in +(\S+) +(\S+)", self.stack.output)
        assert found, self.stack.output
        return found[1], found[2]

    @property
    def demo_key(self) -> str:
        found = re.search(r"API key +(\S+)", self.stack.output)
        assert found, self.stack.output
        return found[1]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The demo account's API; the answer's JSON."""
        headers = {"Authorization": f"Bearer {self.demo_key}", "Content-Type": "application/json"}
        status, answer = self._ask(self.url, method, f"/api/{path}", json.dumps(body) if body is not None else None, headers)
        assert status < 300, (status, answer)
        return json.loads(answer) if answer else None

    def arrivals(self) -> list[dict[str, Any]]:
        """Newest first."""
        _, answer = self._ask(self.stack.sandbox_url, "GET", "/arrivals.json", None, {})
        found: list[dict[str, Any]] = json.loads(answer)["arrivals"]
        return found

    def mail_to(self, address: str, *, about: str) -> dict[str, Any]:
        """The newest mail to that address whose subject holds these words; waits for it."""

        def find() -> dict[str, Any] | None:
            mails = [arrival for arrival in self.arrivals() if arrival["kind"] == "mail"]
            return next((mail for mail in mails if address in mail["recipients"] and about.lower() in mail["subject"].lower()), None)

        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            mail = find()
            found[:] = [mail] if mail else []
            return bool(found)

        wait_until(is_there, seconds=30, what=f"a mail to {address} about {about!r}; there are {self.arrivals()}")
        return found[0]

    @staticmethod
    def _ask(base: str, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = HTTPConnection(urlsplit(base).netloc, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
