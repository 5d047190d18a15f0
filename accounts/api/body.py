"""Bodies of requests: strict, and answered in words that name the field, its fault and what is wanted."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

_ECHO = 50
_WANTED = {
    "required": "{name} is missing; it must be given.",
    "null": "{name} is null; wanted a value.",
    "blank": "{name} is empty; wanted a text.",
}


class Answer(serializers.Serializer[Any]):
    """A field whose name DRF's serializers have for themselves (`fields`, `source`) is declared with `_` at its end.

    not_always: names of those that only some answers have.
    """

    not_always: frozenset[str] = frozenset()

    def get_fields(self) -> dict[str, Any]:
        return {name.rstrip("_"): field for name, field in super().get_fields().items()}


class Body(Answer):
    """What a request may hold. A key that means nothing here is an error: most are typing errors that would otherwise change nothing, silently.

    Keys that only answers have (`id`, `created_at`) may come back and are left alone. may_come_back: those of an answer that is no Body itself.
    """

    may_come_back: frozenset[str] = frozenset()

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            errors = {_cut(key): [self._unknown(key)] for key in data if key not in self.fields and key not in self.may_come_back}
        try:
            values: dict[str, Any] = super().to_internal_value(data)
        except ValidationError as error:
            detail = error.detail
            errors |= {name: _named(name, faults) for name, faults in detail.items()} if isinstance(detail, dict) else {}
        if errors:
            raise ValidationError(errors)
        return values

    def _unknown(self, key: Any) -> ErrorDetail:
        wanted = ", ".join(name for name, field in self.fields.items() if not field.read_only)
        return ErrorDetail(f"{_cut(key)!r} means nothing here; wanted any of {wanted}.", "unknown")


class Line(serializers.CharField):
    """A text in one line, without control characters: names go into the headers of mails and into logs."""

    default_error_messages = {"not_a_line": "wanted one line, without control characters."}  # noqa: RUF012 - as DRF has it

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        if not text.isprintable():
            self.fail("not_a_line")
        return text


def _named(name: str, faults: Any) -> Any:
    if isinstance(faults, list) and all(isinstance(fault, ErrorDetail) for fault in faults):
        return [ErrorDetail(_WANTED.get(fault.code, "{name}: {fault}").format(name=name, fault=fault), fault.code) for fault in faults]
    return faults


def _cut(key: Any) -> str:
    text = str(key)
    return text if len(text) <= _ECHO else text[: _ECHO - 1] + "…"
