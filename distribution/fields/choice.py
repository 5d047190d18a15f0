"""Values out of a given few: options and yes or no."""

import re
from collections.abc import Mapping
from typing import Any

from distribution.fields.faults import RefusedError, cut
from distribution.fields.text import plain_text

_MAX_CHOICE = 500
_MAX_CHOSEN = 1_000
_MAX_LISTED = 10_000
_SHOWN = 5
_YES = frozenset({"true", "on", "yes", "y", "1", "checked"})
_NO = frozenset({"false", "off", "no", "n", "0"})
_SEPARATORS = re.compile(r"[,;]")


class SelectCleaner:
    """Takes an option's value or label, whatever the case; gives the value. A value goes before a label."""

    __slots__ = ("_by_name", "values", "wanted")

    def __init__(self, options: Mapping[str, Any]) -> None:
        choices = options.get("choices") or ()
        self.values: list[str] = [choice["value"] for choice in choices]
        self._by_name = {value: value for value in self.values}
        for value in self.values:
            self._by_name.setdefault(value.casefold(), value)
        for choice in choices:
            self._by_name.setdefault(choice["label"].strip().casefold(), choice["value"])
        self.wanted = f"one of {_listed(self.values)}"

    def __call__(self, raw: Any) -> str | None:
        text = plain_text(raw, _MAX_CHOICE)
        return None if text is None else self.choose(text)

    def choose(self, text: str) -> str:
        value = self._by_name.get(text) or self._by_name.get(text.casefold())
        if value is None:
            raise RefusedError("is none of the options", "not_an_option")
        return value

    def knows(self, text: str) -> bool:
        return text in self._by_name or text.casefold() in self._by_name


class MultiSelectCleaner:
    """Takes a list of values or labels, or a text of them with commas or semicolons; gives values in option order."""

    __slots__ = ("_select", "wanted")

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._select = SelectCleaner(options)
        self.wanted = f"any of {_listed(self._select.values)}"

    def __call__(self, raw: Any) -> list[str] | None:
        chosen = {value for item in self._items(raw) if (value := self._select(item)) is not None}
        return [value for value in self._select.values if value in chosen] or None

    def _items(self, raw: Any) -> list[Any]:
        if isinstance(raw, list):
            if len(raw) > _MAX_CHOSEN:
                raise RefusedError(f"has more than {_MAX_CHOSEN:,} values", "too_long")
            return raw
        text = plain_text(raw, _MAX_LISTED)
        if text is None:
            return []
        return [text] if self._select.knows(text) else _SEPARATORS.split(text)


class CheckboxCleaner:
    """Takes true and false, 1 and 0, and the words of forms: on, yes, checked, off, no.

    A box never sent is missing, not false.
    """

    __slots__ = ()
    wanted = "true or false"

    def __call__(self, raw: Any) -> bool | None:
        if type(raw) is bool:
            return raw
        text = plain_text(raw, _MAX_CHOICE)
        if text is None:
            return None
        word = text.casefold()
        if word in _YES:
            return True
        if word in _NO:
            return False
        raise RefusedError("is neither true nor false")


def _listed(values: list[str]) -> str:
    shown = ", ".join(cut(value) for value in values[:_SHOWN])
    return shown if len(values) <= _SHOWN else f"{shown} and {len(values) - _SHOWN} more"
