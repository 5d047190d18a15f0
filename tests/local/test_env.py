import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from leadflip.env import PROJECT, env_bool, env_int, env_list, env_text, parse_stack_env

NAME = "LEADFLIP_SOMETHING"


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("true", True), ("Yes", True), ("ON", True), ("0", False), ("no", False), ("", False)]
)
def test_a_switch_is_read(text: str, value: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, text)
    assert env_bool(NAME, default=not value) is value


@pytest.mark.parametrize("text", ["ture", "2", "enabled", "y"])
def test_a_mistyped_switch_is_refused_by_name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} is '{text}'"):
        env_bool(NAME, default=False)


@pytest.mark.parametrize("text", ["five", "5.0", "5s", ""])
def test_a_mistyped_number_is_refused_by_name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} is '{text}'; it must be a whole number"):
        env_int(NAME, default=1)


def test_a_number_below_the_least_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "0")
    with pytest.raises(ImproperlyConfigured, match="must be at least 1"):
        env_int(NAME, default=2, at_least=1)


def test_a_list_loses_blanks_and_empty_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, " a, b,,c ,")
    assert env_list(NAME, default=[]) == ["a", "b", "c"]


def test_a_value_that_is_not_set_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    assert (env_text(NAME, default="x"), env_int(NAME, default=7), env_list(NAME, default=["a"])) == ("x", 7, ["a"])


def test_a_value_of_the_stack_may_hold_equals_signs() -> None:
    assert parse_stack_env("# comment\nURL=postgresql://a@/b?host=/c&port=1\n\nKEYS=k:AAA=\n") == {
        "URL": "postgresql://a@/b?host=/c&port=1",
        "KEYS": "k:AAA=",
    }


def _read_in_new_process(folder: Path, environment: dict[str, str], **more: str) -> subprocess.CompletedProcess[str]:
    code = "from leadflip.env import env_text; print(env_text('LEADFLIP_URL', default='default'))"
    environment = {**environment, "LEADFLIP_DATA": str(folder), **more}
    return subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def test_a_running_stack_is_found_through_its_folder(tmp_path: Path, bare_environment: dict[str, str]) -> None:
    (tmp_path / "stack.env").write_text("LEADFLIP_URL=http://from.the/stack\n")
    assert _read_in_new_process(tmp_path, bare_environment).stdout == "http://from.the/stack\n"


def test_the_real_environment_comes_before_the_stack(tmp_path: Path, bare_environment: dict[str, str]) -> None:
    (tmp_path / "stack.env").write_text("LEADFLIP_URL=http://from.the/stack\n")
    assert _read_in_new_process(tmp_path, bare_environment, LEADFLIP_URL="http://mine").stdout == "http://mine\n"


def test_production_takes_nothing_from_a_stack(tmp_path: Path, bare_environment: dict[str, str]) -> None:
    (tmp_path / "stack.env").write_text("LEADFLIP_URL=http://from.the/stack\n")
    assert _read_in_new_process(tmp_path, bare_environment, LEADFLIP_ENV="production").stdout == "default\n"


def test_an_unreadable_stack_is_told_by_its_path(tmp_path: Path, bare_environment: dict[str, str]) -> None:
    (tmp_path / "stack.env").mkdir()
    assert f"{tmp_path / 'stack.env'} cannot be read" in _read_in_new_process(tmp_path, bare_environment).stderr
