"""When a channel's leads are sent together: the setting `batching`, checked when it is saved."""

from collections.abc import Mapping
from datetime import time
from typing import Any

from delivery.channels.reading import Reading

MODES = ("off", "every", "daily")
MOST_LEADS = 100_000
_KEYS = {"off": (), "every": ("minutes", "max_leads"), "daily": ("at", "weekdays", "max_leads")}
_KNOWN = ("mode", "minutes", "at", "weekdays", "max_leads")
_EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]


def clean_batching(reading: Reading) -> dict[str, Any]:
    """{"mode": "off"}, {"mode": "every", "minutes"} or {"mode": "daily", "at", "weekdays"}, the latter two with `max_leads` if it was given."""
    inner = reading.inner("batching", _KNOWN)
    mode = inner.choice("mode", MODES, default="off")
    if mode == "off":
        # A form that toggles between the modes may still carry the settings of another.
        return {"mode": "off"}
    for key in inner.raw:
        if key in _KNOWN and key != "mode" and key not in _KEYS[mode]:
            inner.report(key, "unknown", f"This says nothing with the mode {mode}; it takes {', '.join(_KEYS[mode])}.")
    batching: dict[str, Any] = {"mode": mode}
    if mode == "every":
        batching["minutes"] = inner.number("minutes", default=60, least=1, most=1_440)
    else:
        batching |= {"at": _time(inner), "weekdays": _weekdays(inner)}
    if inner.raw.get("max_leads") is not None:
        batching["max_leads"] = inner.number("max_leads", default=MOST_LEADS, least=1, most=MOST_LEADS)
    return batching


def is_batched(config: Mapping[str, Any]) -> bool:
    """Whether the leads of a channel with this config are collected; false for the other kinds."""
    return bool(config.get("batching", {}).get("mode", "off") != "off")


def _time(inner: Reading) -> str:
    value = inner.raw.get("at", "08:00")
    try:
        if isinstance(value, str) and len(value) == 5 and value.isascii():
            return time.fromisoformat(value).strftime("%H:%M")
    except ValueError:
        pass
    inner.report("at", "invalid", "Wanted a time of the day as HH:MM, from 00:00 to 23:59.")
    return "08:00"


def _weekdays(inner: Reading) -> list[int]:
    value = inner.raw.get("weekdays", _EVERY_DAY)
    if isinstance(value, list) and value and all(type(day) is int and 1 <= day <= 7 for day in value) and len(set(value)) == len(value):
        return sorted(value)
    inner.report("weekdays", "invalid", "Wanted a list of days from 1, Monday, to 7, Sunday, each once.")
    return _EVERY_DAY
