"""Faults in words for the people and machines that sent a value."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

ECHO_CHARACTERS = 50


@dataclass(frozen=True, slots=True)
class Fault:
    """attr: the field's key, or a path such as `options.min`. code: one stable word. detail: a sentence for people."""

    attr: str
    code: str
    detail: str


class RefusedError(Exception):
    """A value that its type can not take. `fault` goes on from it, 'is not a number', and never repeats it."""

    def __init__(self, fault: str, code: str = "invalid") -> None:
        super().__init__(fault)
        self.fault = fault
        self.code = code


def cut(text: str, limit: int = ECHO_CHARACTERS) -> str:
    """Return at most `limit` characters of `text`, safe to encode and to store."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def echo(value: Any) -> str:
    """Return how a raw JSON value is named in a fault. Never descends into it: it may be nested 400 deep."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{cut(value)}"'
        case int():
            # str() of an int refuses more than 4,300 digits.
            return str(value) if -(10**30) < value < 10**30 else "a huge number"
        case float():
            return str(value)
        case Decimal():
            return cut(format(value, "e"))
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "a value"
