"""The environment, read through typed readers that reject typos aloud.

A value comes from the real environment, else from `stack.env` in the data folder, which a running local stack writes, else from the default.
"""

import os
from functools import cache
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

PROJECT = Path(__file__).resolve().parent.parent
# Every name that was asked for, so that a test can compare them with .env.example.
NAMES_READ: set[str] = set()

_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off", ""})


def data_folder() -> Path:
    """`LEADFLIP_DATA`, where a relative path starts at the project, so that the stack and manage.py mean the same folder from anywhere."""
    return Path(PROJECT, os.environ.get("LEADFLIP_DATA") or ".leadflip")


def parse_stack_env(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


@cache
def _stack_env() -> dict[str, str]:
    # A production process that is started beside a developer's stack must not take over its keys and its open doors.
    if os.environ.get("LEADFLIP_ENV") == "production":
        return {}
    path = data_folder() / "stack.env"
    try:
        return parse_stack_env(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"{path} cannot be read ({error}). It belongs to the local stack: stop it, remove the file, start again."
        ) from error


def env_text(name: str, *, default: str) -> str:
    NAMES_READ.add(name)
    value = os.environ.get(name)
    return (_stack_env().get(name, default) if value is None else value).strip()


def env_bool(name: str, *, default: bool) -> bool:
    text = env_text(name, default="1" if default else "0").lower()
    if text not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f"{name} is {text!r}; it must be one of 1, true, yes, on, 0, false, no, off.")
    return text in _TRUE


def env_int(name: str, *, default: int, at_least: int | None = None) -> int:
    text = env_text(name, default=str(default))
    try:
        number = int(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {text!r}; it must be a whole number.") from error
    if at_least is not None and number < at_least:
        raise ImproperlyConfigured(f"{name} is {number}; it must be at least {at_least}.")
    return number


def env_list(name: str, *, default: list[str]) -> list[str]:
    """Comma separated."""
    return [part.strip() for part in env_text(name, default=",".join(default)).split(",") if part.strip()]
