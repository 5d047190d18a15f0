"""Reads settings that a user typed, collecting every fault instead of stopping at the first."""

from collections.abc import Mapping, Sequence
from typing import Any

from delivery.channels.base import ConfigError, Fault

DEFAULT_IN_FLIGHT = 5
MAX_IN_FLIGHT = 50
MAX_RATE = 60_000


def named(value: object) -> str:
    """A key or value that a user typed, short enough and safe to repeat in a sentence."""
    text = str(value)[:50]
    return f'"{text}"' if text.isprintable() else "this"


class Reading:
    """One object of settings. `path` leads to it: `config`, `config.csv`."""

    def __init__(self, raw: Any, *, path: str, known: Sequence[str], faults: list[Fault] | None = None) -> None:
        self.path = path
        self.faults: list[Fault] = [] if faults is None else faults
        self.raw: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
        if raw is not None and not isinstance(raw, Mapping):
            self.faults.append(Fault(path, "invalid", "Wanted an object."))
        for key in self.raw:
            if key not in known:
                self.report(str(key)[:50], "unknown", f"There is no setting {named(key)} here; there are {', '.join(known)}.")

    def report(self, name: str, code: str, detail: str) -> None:
        self.faults.append(Fault(f"{self.path}.{name}", code, detail))

    def report_itself(self, code: str, detail: str) -> None:
        """A fault of the object as a whole."""
        self.faults.append(Fault(self.path, code, detail))

    def inner(self, name: str, known: Sequence[str]) -> "Reading":
        """An object among the settings, empty if missing; its faults are collected here."""
        return Reading(self.raw.get(name), path=f"{self.path}.{name}", known=known, faults=self.faults)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.raw.get(name, default)
        if isinstance(value, bool):
            return value
        self.report(name, "invalid", "Wanted true or false.")
        return default

    def number(self, name: str, *, default: int, least: int, most: int) -> int:
        value = self.raw.get(name, default)
        if type(value) is int and least <= value <= most:
            return value
        self.report(name, "invalid", f"Wanted a whole number from {least} to {most}.")
        return default

    def choice(self, name: str, choices: Sequence[str], *, default: str) -> str:
        value = self.raw.get(name, default)
        if isinstance(value, str) and value in choices:
            return value
        self.report(name, "invalid", f"Wanted one of {', '.join(choices)}.")
        return default

    def text(self, name: str, *, default: str, most: int) -> str:
        """Trimmed; the default for a missing or empty one."""
        value = self.raw.get(name)
        if value is None or value == "":
            return default
        if not isinstance(value, str):
            self.report(name, "invalid", "Wanted a text.")
            return default
        if len(value) > most:
            self.report(name, "too_long", f"Wanted at most {most:,} characters; this has {len(value):,}.")
            return default
        if "\0" in value or not is_encodable(value):
            self.report(name, "invalid", "This holds a character that cannot be stored or sent.")
            return default
        return value.strip() or default

    def needed_text(self, name: str, *, most: int, missing: str) -> str:
        """As `text`, but there must be one; empty only with a fault. missing: the sentence when there is none."""
        faults = len(self.faults)
        value = self.text(name, default="", most=most)
        if not value and len(self.faults) == faults:
            self.report(name, "required", missing)
        return value

    def items(self, name: str, *, most: int) -> list[Any]:
        value = self.raw.get(name)
        if value is None:
            return []
        if isinstance(value, list) and len(value) <= most:
            return value
        self.report(name, "invalid", f"Wanted a list of at most {most}.")
        return []

    def in_flight(self) -> int:
        return self.number("max_in_flight", default=DEFAULT_IN_FLIGHT, least=1, most=MAX_IN_FLIGHT)

    def rate(self) -> int | None:
        """None for no limit."""
        if self.raw.get("rate_per_minute") is None:
            return None
        return self.number("rate_per_minute", default=MAX_RATE, least=1, most=MAX_RATE)

    def finish(self) -> None:
        """Raises ConfigError if there was any fault."""
        if self.faults:
            raise ConfigError(self.faults)


def is_encodable(text: str) -> bool:
    """False for a text with half of a surrogate pair, which UTF-8 cannot write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
