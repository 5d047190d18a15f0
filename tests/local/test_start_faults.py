"""Whatever hinders a start is told in one line."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from leadflip.env import PROJECT
from leadflip.local.folders import lock_data_folder
from leadflip.local.postgres import Postgres


def _start(home: Path, environment: dict[str, str], **more: str) -> str:
    """Start a stack that must fail; return the one line that it writes to stderr."""
    environment = {**environment, "LEADFLIP_DATA": str(home), "PORT": "0", **more}
    ended = subprocess.run(
        [sys.executable, "-m", "leadflip.local"], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    (line,) = ended.stderr.splitlines()
    return line


@pytest.fixture
def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


def test_a_mistyped_port(home: Path, bare_environment: dict[str, str]) -> None:
    assert _start(home, bare_environment, PORT="80a") == "Leadflip: PORT is '80a'; it must be a number from 1 to 65535."


def test_a_port_in_use(home: Path, bare_environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert (
            _start(home, bare_environment, PORT=port)
            == f"Leadflip: Port {port} is in use. Set PORT to another one, as in: make run PORT=8001"
        )


def test_a_file_in_the_data_folders_place(home: Path, bare_environment: dict[str, str]) -> None:
    (home / "file").touch()
    assert _start(home / "file", bare_environment) == f"Leadflip: {home / 'file'} is a file. LEADFLIP_DATA must name a folder."


def test_a_data_folder_below_a_file(home: Path, bare_environment: dict[str, str]) -> None:
    (home / "file").touch()
    assert str(home / "file") in _start(home / "file" / "data", bare_environment)


def test_a_folder_in_the_place_of_a_file(home: Path, bare_environment: dict[str, str], free_port: str) -> None:
    (home / "keys.json").mkdir()
    assert str(home / "keys.json") in _start(home, bare_environment, PORT=free_port)


def test_a_stack_that_runs_already(home: Path, bare_environment: dict[str, str]) -> None:
    with lock_data_folder(home):
        assert "is running on" in _start(home, bare_environment)


def test_a_damaged_database(home: Path, bare_environment: dict[str, str], free_port: str) -> None:
    postgres = Postgres(home, is_durable=False)
    postgres.start()
    postgres.stop()
    (postgres.data / "global" / "pg_control").write_bytes(b"")
    (home / "keys.json").write_text('{"LEADFLIP_SECRET_KEY": "x", "LEADFLIP_MASTER_KEYS": "k:x"}')
    assert "Leadflip: Postgres did not start: " in _start(home, bare_environment, PORT=free_port)
