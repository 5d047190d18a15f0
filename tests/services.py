"""The tests' own Postgres and Valkey, up before Django reads its settings (`-p tests.services` in pyproject.toml).

With DATABASE_URL or REDIS_URL set the tests use those servers; then POSTGRES or VALKEY is None, and tests that stop a server cannot be run.
"""

import atexit
import base64
import os
import shutil
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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
    if not (options.help or options.version or options.collectonly):
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


def _stop(home: Path) -> None:
    for server in (VALKEY, POSTGRES):
        if server is not None:
            server.stop()
    shutil.rmtree(home, ignore_errors=True)
