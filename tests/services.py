"""The tests' own Postgres and Valkey, up before Django reads its settings (`-p tests.services` in pyproject.toml).

With DATABASE_URL or REDIS_URL set the tests use those servers; then POSTGRES or VALKEY is None, and tests that stop a server cannot be run.
Of several processes (`-n`, pytest-xdist) each has servers of its own, or a database of its own on those that are given.
"""

import atexit
import base64
import os
import shutil
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connections

from leadflip.local.leftovers import end_abandoned_homes, make_home
from leadflip.local.postgres import Postgres
from leadflip.local.valkey import Valkey

POSTGRES: Postgres | None = None
VALKEY: Valkey | None = None

_PREFIX = f"leadflip-tests-{os.getuid()}-"
_ENVIRONMENT = {
    "LEADFLIP_ENV": "test",
    "LEADFLIP_OUTBOUND_ALLOW": "127.0.0.0/8,::1/128",
    "LEADFLIP_SECRET_KEY": "for the tests only, and long enough that nobody warns of it",
    "LEADFLIP_MASTER_KEYS": f"test:{base64.b64encode(bytes(range(32))).decode()}",
}


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    # A wrapper, since those run before pytest-django's own hook, which reads the settings.
    os.environ.update(_ENVIRONMENT)
    options = early_config.known_args_namespace
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    is_distributor = getattr(options, "numprocesses", None) and not worker
    if not (options.help or options.version or options.collectonly or is_distributor):
        if worker:
            _take_databases_of(worker)
        _start()
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    # Registered late, so that its fixture comes after pytest-django's of the same name and wraps it.
    config.pluginmanager.register(_Connections(), "leadflip-connections")


class _Connections:
    @pytest.fixture(scope="session")
    @classmethod
    def django_db_setup(cls, django_db_setup: None) -> Generator[None]:
        """Django drops the tests' database through one of its three connections, which needs the other two closed."""
        yield
        connections.close_all()

    @pytest.fixture(scope="session")
    @classmethod
    def django_db_modify_db_settings_xdist_suffix(cls) -> None:
        """pytest-django's own would give each of the three connections a name; two are mirrors, and the database is this process's own anyway."""


def _start() -> None:
    global POSTGRES, VALKEY
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        return
    end_abandoned_homes(_PREFIX)
    home = make_home(_PREFIX)
    atexit.register(_stop, home)
    # The settings must not read the stack.env of a stack that runs beside the tests.
    os.environ.setdefault("LEADFLIP_DATA", str(home))
    with ThreadPoolExecutor() as both:
        starting = []
        if "DATABASE_URL" not in os.environ:
            POSTGRES = Postgres(home, is_durable=False)
            os.environ["DATABASE_URL"] = POSTGRES.url
            starting.append(both.submit(POSTGRES.start))
        if "REDIS_URL" not in os.environ:
            VALKEY = Valkey(home, is_durable=False)
            os.environ["REDIS_URL"] = VALKEY.url
            starting.append(both.submit(VALKEY.start))
        for start in starting:
            start.result()


def _take_databases_of(worker: str) -> None:
    """Of servers that are given: names of this process's own. The roles are named after the database, and so are its own as well."""
    if url := os.environ.get("DATABASE_URL"):
        parts = urlsplit(url)
        os.environ["DATABASE_URL"] = parts._replace(path=f"{parts.path}_{worker}").geturl()
    if url := os.environ.get("REDIS_URL"):
        # Redis numbers its databases, and has 16. The lower ones are left to whoever gave it.
        os.environ["REDIS_URL"] = urlsplit(url)._replace(path=f"/{8 + int(worker.removeprefix('gw')) % 8}").geturl()


def _stop(home: Path) -> None:
    for server in (VALKEY, POSTGRES):
        if server is not None:
            server.stop()
    shutil.rmtree(home, ignore_errors=True)
