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
    return Path(PROJECT, os.environ.get("LEADFLIP_DATA") or ".leadflip")


@cache
def _stack_env() -> dict[str, str]:
    try:
        lines = (data_folder() / "stack.env").read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def env_text(name: str, *, default: str) -> str:
    NAMES_READ.add(name)
    value = os.environ.get(name)
    return (_stack_env().get(name, default) if value is None else value).strip()


def env_bool(name: str, *, default: bool) -> bool:
    text = env_text(name, default="1" if default else "0").lower()
    if text not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f"{name} is {text!r}; it must be one of 1, true, yes, on, 0, false, no, off.")
    return text in _TRUE


def env_int(name: str, *, default: int) -> int:
    text = env_text(name, default=str(default))
    try:
        return int(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {text!r}; it must be a whole number.") from error


def env_list(name: str, *, default: list[str]) -> list[str]:
    """Comma separated."""
    return [part.strip() for part in env_text(name, default=",".join(default)).split(",") if part.strip()]
