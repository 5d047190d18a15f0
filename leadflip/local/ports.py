import json
import random
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from leadflip.local.faults import StackFault
from leadflip.local.folders import write_private

# Below the ports that the system hands out for outgoing connections, which could take ours between two starts.
_CANDIDATES = range(20_000, 30_000)


def parse_port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise StackFault(f"PORT is {text!r}; it must be a number from 1 to 65535.")
    return int(text)


def require_free(port: int, *, remedy: str) -> None:
    try:
        _try_to_listen(port)
    except PermissionError as error:
        raise StackFault(f"Port {port} may not be used by this user. {remedy}") from error
    except OSError as error:
        raise StackFault(f"Port {port} is in use. {remedy}") from error


def _try_to_listen(port: int) -> None:
    with socket.socket() as probe:
        # As the servers do, so that connections of a stack that has just stopped do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        # Two may bind with that option; only one can listen.
        probe.listen(1)


@dataclass(frozen=True, slots=True)
class SandboxPorts:
    """The sandbox partner's, chosen once per data folder: the demo account's channels point to them."""

    http: int
    smtp: int

    @property
    def page_url(self) -> str:
        return f"http://127.0.0.1:{self.http}/"

    @property
    def webhook_url(self) -> str:
        return f"http://127.0.0.1:{self.http}/webhooks/leads"


def sandbox_ports(home: Path) -> SandboxPorts:
    path = home / "sandbox.json"
    try:
        ports = SandboxPorts(**json.loads(path.read_text()))
    except FileNotFoundError:
        ports = SandboxPorts(*_free_ports(2))
        write_private(path, json.dumps(asdict(ports)))
    except (ValueError, TypeError) as error:
        raise StackFault(f"{path} is damaged. Remove it; the demo channels must then be pointed to the new ports.") from error
    for port in (ports.http, ports.smtp):
        require_free(port, remedy=f"The sandbox partner of this data folder listens there ({path}). End what uses it.")
    return ports


def _free_ports(count: int) -> list[int]:
    found: list[int] = []
    for port in random.sample(_CANDIDATES, k=200):
        try:
            _try_to_listen(port)
        except OSError:
            continue
        found.append(port)
        if len(found) == count:
            return found
    raise StackFault("No free port was found for the sandbox partner.")
