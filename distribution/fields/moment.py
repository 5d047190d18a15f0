"""Dates and points in time, kept as ISO 8601 texts."""

import re
from datetime import UTC, date, datetime
from typing import Any

from distribution.fields.faults import RefusedError

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d{1,6})?)?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII)


class DateCleaner:
    """Takes exactly YYYY-MM-DD: a time of day would need a zone to say which day it was."""

    __slots__ = ()
    wanted = "a date such as 2026-01-31"

    def __call__(self, raw: Any) -> str | None:
        text = _trimmed(raw, "is not a date")
        if not text:
            return None
        if not _DATE.fullmatch(text):
            raise RefusedError("is not a date")
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError as error:
            raise RefusedError("is no day of the calendar") from error


class DatetimeCleaner:
    """Takes YYYY-MM-DDThh:mm[:ss[.ffffff]][zone], also with a space for the T; gives UTC with a Z.

    Without a zone it counts as UTC.
    """

    __slots__ = ()
    wanted = "a date and time such as 2026-01-31T14:30:00Z"

    def __call__(self, raw: Any) -> str | None:
        text = _trimmed(raw, "is not a date and time")
        if not text:
            return None
        if not _DATETIME.fullmatch(text):
            raise RefusedError("is not a date and time")
        try:
            moment = datetime.fromisoformat(text.upper())
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError) as error:
            raise RefusedError("is no moment of the calendar") from error
        return moment.isoformat().removesuffix("+00:00") + "Z"


def _trimmed(raw: Any, fault: str) -> str:
    if type(raw) is not str:
        raise RefusedError(fault)
    return raw.strip()
