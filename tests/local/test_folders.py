import errno
import json
import os
import socket
import stat
from pathlib import Path

import pytest

from leadflip.local.faults import StackFault, fault_of
from leadflip.local.folders import lock_data_folder, make_data_folder, make_socket_folder, write_private
from leadflip.local.keys import load_keys
from leadflip.local.ports import parse_port, require_free, sandbox_ports


def test_the_data_folder_is_closed_to_others(tmp_path: Path) -> None:
    make_data_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) & 0o067 == 0
    assert stat.S_IMODE((tmp_path / "a" / "b" / "logs").stat().st_mode) == 0o700


def test_a_folder_of_the_users_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    make_data_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750


def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StackFault, match="is a file"):
        make_data_folder(tmp_path / "data")


def test_too_little_space_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(StackFault, match=r"has \d+ MB left; Leadflip needs"):
        make_data_folder(tmp_path, needed_bytes=1 << 60)


@pytest.mark.parametrize(
    ("code", "words"), [(errno.ENOSPC, "The disk is full"), (errno.EROFS, "can only be read"), (errno.EACCES, "Permission denied")]
)
def test_a_fault_of_the_system_is_one_line_with_its_path(code: int, words: str) -> None:
    fault = str(fault_of(OSError(code, os.strerror(code), "/data/x")))
    assert words in fault
    assert "/data/x" in fault
    assert "\n" not in fault


def test_a_second_stack_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with lock_data_folder(tmp_path), pytest.raises(StackFault, match=r"is running on .* already"):
        lock_data_folder(tmp_path)
    lock_data_folder(tmp_path).close()


def test_a_secret_is_private_and_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_private(path, "one")
    write_private(path, "two")
    assert path.read_text() == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_socket_folder_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sockets").mkdir(mode=0o777)
    (tmp_path / "sockets").chmod(0o777)
    with pytest.raises(StackFault, match="belongs to somebody else"):
        make_socket_folder(tmp_path / "sockets")


def test_a_link_in_place_of_the_socket_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "sockets").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StackFault, match="belongs to somebody else"):
        make_socket_folder(tmp_path / "sockets")


def test_keys_are_made_once(tmp_path: Path) -> None:
    keys = load_keys(tmp_path)
    assert load_keys(tmp_path) == keys
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", ["{", json.dumps({"LEADFLIP_SECRET_KEY": "x"}), "[]"])
def test_damaged_keys_are_never_replaced(damage: str, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(damage)
    with pytest.raises(StackFault, match=r"keys\.json"):
        load_keys(tmp_path)
    assert (tmp_path / "keys.json").read_text() == damage


def test_no_new_keys_are_made_for_a_database_that_needs_the_old_ones(tmp_path: Path) -> None:
    (tmp_path / "pgdata").mkdir()
    with pytest.raises(StackFault, match="Put it back"):
        load_keys(tmp_path)


@pytest.mark.parametrize("text", ["", "http", "0", "65536", "-1", "80.0", "８０"])
def test_a_mistyped_port_is_refused(text: str) -> None:
    with pytest.raises(StackFault, match="PORT is"):
        parse_port(text)


def test_a_port_in_use_is_told_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(StackFault, match=r"Port \d+ is in use\. Try another"):
        require_free(taken.getsockname()[1], remedy="Try another.")


def test_the_sandbox_keeps_its_ports(tmp_path: Path) -> None:
    ports = sandbox_ports(tmp_path)
    assert sandbox_ports(tmp_path) == ports
    assert ports.http != ports.smtp
