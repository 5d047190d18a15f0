"""The local stack: starts everything in order, keeps it running, stops it in order."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from leadflip.env import PROJECT, env_int
from leadflip.local import commands
from leadflip.local.child import Backoff, Child
from leadflip.local.demo import keep_demo, known_demo
from leadflip.local.faults import StackFault
from leadflip.local.folders import write_private
from leadflip.local.keys import load_keys
from leadflip.local.mail import mail_variables
from leadflip.local.ports import SandboxPorts, parse_port, require_free, sandbox_ports
from leadflip.local.postgres import Postgres
from leadflip.local.processes import end_leftover
from leadflip.local.readiness import http_status
from leadflip.local.schema import note_schema, schema_is_current
from leadflip.local.screen import Demo, ready_screen, say
from leadflip.local.server import Server
from leadflip.local.stop_wish import StopWish
from leadflip.local.valkey import Valkey

_TICK = 0.2
_READY_WITHIN = 60.0
# Together below the ten seconds that a stop may take.
_CHILDREN_STOP_WITHIN, _SANDBOX_STOPS_WITHIN, _SERVERS_STOP_WITHIN = 5.0, 0.5, 3.5


class Stopped(Exception):  # noqa: N818 - a wish, not an error
    """Somebody asked the stack to stop."""


class Stack:
    def __init__(self, home: Path, *, stop: StopWish) -> None:
        self.home = home
        self.stop_asked = stop
        self.port = parse_port(os.environ.get("PORT") or "8000")
        # Not through leadflip.env, which would also find what a killed stack left in stack.env.
        self.url = (os.environ.get("LEADFLIP_URL") or f"http://127.0.0.1:{self.port}").rstrip("/")
        self.environment: dict[str, str] = {}
        self.servers: list[Server] = []
        self.children: list[Child] = []
        self.sandbox: Child | None = None
        self._pool = ThreadPoolExecutor()
        self._restarts: dict[str, tuple[Backoff, Future[None] | None]] = {}

    def run(self) -> None:
        try:
            self._end_leftovers()
            require_free(self.port, remedy="Set PORT to another one, as in: make run PORT=8001")
            ports = sandbox_ports(self.home)
            self._start_servers(ports)
            self._migrate()
            self._start_children(ports)
            demo = self._demo(ports)
            self._wait_until_ready()
            self._start_late_children()
            say(ready_screen(self.url, demo=demo, sandbox_url=ports.page_url, logs=self.home / "logs"))
            self._watch()
        finally:
            self._stop()

    def _end_leftovers(self) -> None:
        names = dict.fromkeys(("web", "worker", "background", "beat", "sandbox"), signal.SIGTERM)
        servers = {server.name: server.ask for server in (Postgres, Valkey)}
        for group, patience in ((names, 3.0), (servers, 20.0)):
            endings = {
                name: self._pool.submit(end_leftover, self.home / "run" / f"{name}.json", owner=self.home, ask=ask, patience=patience)
                for name, ask in group.items()
            }
            if found := [name for name, ending in endings.items() if ending.result()]:
                say(f"Ended what an earlier stack left running: {', '.join(found)}.")

    def _start_servers(self, ports: SandboxPorts) -> None:
        keys = load_keys(self.home)
        given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
        values = {
            "LEADFLIP_DATA": str(self.home),
            "LEADFLIP_ENV": os.environ.get("LEADFLIP_ENV") or "local",
            "LEADFLIP_SECRET_KEY": os.environ.get("LEADFLIP_SECRET_KEY") or keys["LEADFLIP_SECRET_KEY"],
            "LEADFLIP_MASTER_KEYS": os.environ.get("LEADFLIP_MASTER_KEYS") or keys["LEADFLIP_MASTER_KEYS"],
            "LEADFLIP_OUTBOUND_ALLOW": os.environ.get("LEADFLIP_OUTBOUND_ALLOW") or "127.0.0.0/8,::1/128",
            "LEADFLIP_URL": self.url,
            "PORT": str(self.port),
            **mail_variables(smtp_port=ports.smtp),
        }
        makers: dict[str, type[Postgres | Valkey]] = {"DATABASE_URL": Postgres, "REDIS_URL": Valkey}
        for name, make in makers.items():
            if given[name]:
                values[name] = given[name]
            else:
                server = make(self.home)
                self.servers.append(server)
                values[name] = server.url
        started = time.monotonic()
        for starting in [self._pool.submit(server.start) for server in self.servers]:
            self._await(starting)
        if self.servers:
            say(f"{' and '.join(server.name.capitalize() for server in self.servers)} answered after {time.monotonic() - started:.1f} s.")
        write_private(self.home / "stack.env", "".join(f"{name}={value}\n" for name, value in values.items()))
        self.environment = {**os.environ, **values, "PYTHONUNBUFFERED": "1"}

    def _migrate(self) -> None:
        database = {"database_url": self.environment["DATABASE_URL"], "secret": self.environment["LEADFLIP_SECRET_KEY"]}
        is_ours = any(isinstance(server, Postgres) for server in self.servers)
        if is_ours and schema_is_current(self.home, **database):
            return
        self._call("migrate", commands.migrate())
        if is_ours:
            note_schema(self.home, **database)

    def _start_children(self, ports: SandboxPorts) -> None:
        workers = env_int("LEADFLIP_WORKERS", default=2, at_least=1)
        wanted = {
            "worker": commands.worker(concurrency=workers),
            "web": commands.web(host="127.0.0.1", port=self.port),
        }
        self.sandbox = self._child("sandbox", commands.sandbox(http_port=ports.http, smtp_port=ports.smtp, secrets_file=self._secrets_file))
        self.children = [self._child(name, command) for name, command in wanted.items()]
        for child in (self.sandbox, *self.children):
            child.start()

    def _start_late_children(self) -> None:
        """Last, since no lead waits for them, and the others start sooner without them."""
        wanted = {"background": commands.background(), "beat": commands.beat(schedule=self.home / "beat-schedule")}
        late = [self._child(name, command) for name, command in wanted.items()]
        self.children += late
        for child in late:
            child.start()

    def _demo(self, ports: SandboxPorts) -> Demo | None:
        database_url = self.environment["DATABASE_URL"]
        if demo := known_demo(self.home, database_url=database_url):
            return demo
        command = commands.seed(sandbox_url=ports.webhook_url, smtp_port=ports.smtp, secret_file=self._secrets_file)
        try:
            return keep_demo(self._call("seed_demo", command), home=self.home, database_url=database_url)
        except StackFault as fault:
            # A database that was brought along may have a demo account from elsewhere; the rest works all the same.
            say(f"There is no demo account to show. {fault}")
        except (ValueError, KeyError) as error:
            raise StackFault(f"seed_demo printed something unexpected ({error}).") from error
        return None

    @property
    def _secrets_file(self) -> Path:
        return self.home / "webhook-secrets.txt"

    def _child(self, name: str, command: Sequence[str]) -> Child:
        return Child(name, _in_this_venv(command), home=self.home, environment=self.environment)

    def _call(self, name: str, command: Sequence[str]) -> str:
        """Run a command to its end and return what it printed. Its errors go to a log, the last line of which is told."""
        log = self.home / "logs" / f"{name}.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                _in_this_venv(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=PROJECT,
                env=self.environment,
                text=True,
            )
        reading = self._pool.submit(process.communicate)
        try:
            printed, _ = self._await(reading)
        except Stopped:
            process.kill()
            raise
        if process.returncode != 0:
            words = log.read_text(errors="replace").strip().splitlines() or printed.strip().splitlines() or ["it said nothing"]
            raise StackFault(f"{name} failed: {words[-1]} (more in {log})")
        return printed

    def _await[T](self, future: Future[T]) -> T:
        while not future.done():
            if self.stop_asked.wait(0.02):
                raise Stopped
        return future.result()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_WITHIN
        while (status := http_status(self.port, "/readyz")) != 200:
            for child in self._all_children:
                child.tend()
                if child.backoff.ends_in_a_row >= 3:
                    raise StackFault(f"{child.name} does not stay up. {child.last_words}")
            if time.monotonic() > deadline:
                raise StackFault(f"/readyz answers {status or 'nothing'} after {_READY_WITHIN:g} s (more in {self.home / 'logs'}).")
            if self.stop_asked.wait(0.05):
                raise Stopped

    def _watch(self) -> None:
        for child in self._all_children:
            child.is_heard = True
        while not self.stop_asked.wait(_TICK):
            for server in self.servers:
                self._tend_server(server)
            for child in self._all_children:
                child.tend()

    @property
    def _all_children(self) -> list[Child]:
        return ([self.sandbox] if self.sandbox else []) + self.children

    def _tend_server(self, server: Server) -> None:
        backoff, restart = self._restarts.setdefault(server.name, (Backoff(), None))
        if restart is not None:
            if restart.done():
                if fault := restart.exception():
                    say(f"{fault}")
                self._restarts[server.name] = (backoff, None)
        elif not server.is_running and backoff.is_over:
            backoff.note_end()
            say(f"{server.name.capitalize()} ended; starting it again.")
            self._restarts[server.name] = (backoff, self._pool.submit(server.start))

    def _stop(self) -> None:
        if self.servers:
            say("Stopping …")
        deadline = time.monotonic() + _CHILDREN_STOP_WITHIN
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.stop(deadline=deadline)
        if self.sandbox:
            self.sandbox.ask_to_stop()
            self.sandbox.stop(deadline=time.monotonic() + _SANDBOX_STOPS_WITHIN)
        (self.home / "stack.env").unlink(missing_ok=True)
        self._stop_servers()
        # A start that was under way ends by itself; what it started is stopped after it.
        self._pool.shutdown()
        for server in self.servers:
            server.stop()
        if self.servers:
            say("Stopped. The data stays.")

    def _stop_servers(self) -> None:
        for stopping in [self._pool.submit(server.stop, patience=_SERVERS_STOP_WITHIN) for server in self.servers]:
            stopping.exception()


def _in_this_venv(command: Sequence[str]) -> list[str | Path]:
    folder = Path(sys.executable).parent
    return [sys.executable if command[0] == "python" else folder / command[0], *command[1:]]
