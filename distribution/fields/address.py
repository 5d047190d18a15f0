"""Addresses: one value of several parts, each a target for rules."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from distribution.fields.faults import RefusedError
from distribution.fields.number import NumberCleaner
from distribution.fields.spec import ADDRESS_PARTS, ADDRESS_TEXT_PARTS
from distribution.fields.text import plain_text

_MAX_PART = 500
_COUNTRY_CODE = re.compile(r"[A-Za-z]{2}")
_LATITUDE = NumberCleaner({"min": -90, "max": 90})
_LONGITUDE = NumberCleaner({"min": -180, "max": 180})


class AddressCleaner:
    """Takes an object of the parts, keeps those with a value; a country code is two letters, kept in capitals."""

    __slots__ = ()
    wanted = f"an object with any of {', '.join(ADDRESS_PARTS)}"

    def __call__(self, raw: Any) -> dict[str, Any] | None:
        if type(raw) is str and not raw.strip():
            return None
        if not isinstance(raw, Mapping):
            raise RefusedError("is not an address")
        if not raw.keys() <= set(ADDRESS_PARTS):
            raise RefusedError("has a part that no address has")
        address = {part: value for part in ADDRESS_PARTS if (value := _part(part, raw.get(part))) is not None}
        return address or None


def _part(part: str, raw: Any) -> Any:
    if raw is None:
        return None
    try:
        return _PART_CLEANERS[part](raw)
    except RefusedError as error:
        raise RefusedError(f"has a {part} that {error.fault}", error.code) from error


def _text(raw: Any) -> str | None:
    return plain_text(raw, _MAX_PART)


def _country_code(raw: Any) -> str | None:
    text = plain_text(raw, _MAX_PART)
    if text is None:
        return None
    if not _COUNTRY_CODE.fullmatch(text):
        raise RefusedError("is not two letters such as DE")
    return text.upper()


_PART_CLEANERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(ADDRESS_TEXT_PARTS, _text),
    "country_code": _country_code,
    "latitude": _LATITUDE,
    "longitude": _LONGITUDE,
}
