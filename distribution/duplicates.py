"""Duplicates: when a lead repeats an earlier one, by the match keys of its Entity. The pure part: the rule, and digests of people."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from distribution.fields import Fault, FieldSpec
from distribution.fields.faults import cut, echo
from distribution.fields.spec import ADDRESS_PARTS
from distribution.rules.lead import blind_text

ACTIONS = ("off", "skip", "update", "create_anyway")
MAX_KEYS, MAX_FIELDS_IN_KEY, MAX_WINDOW_DAYS = 10, 5, 3_650
_DIGEST_BYTES = 16
_SHAPE = '{"action": "skip", "match": [["email"], ["phone", "last_name"]], "window_days": 30}'

type MatchKey = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """action: one of ACTIONS. keys: tried in order; each a set of fields that must all be there and agree. window: None for ever."""

    action: str = "off"
    keys: tuple[MatchKey, ...] = ()
    window: timedelta | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "DuplicateRule":
        """From what `clean_duplicates` made."""
        days = stored.get("window_days")
        keys = tuple(tuple(key) for key in stored.get("match", []))
        return cls(stored.get("action", "off"), keys, timedelta(days=days) if days else None)


def digests_of(
    keys: Iterable[MatchKey], values: Mapping[str, Any], blind: Callable[[str, str], str], *, scope: str
) -> dict[bytes, MatchKey]:
    """A digest of the person for every key whose fields the lead has, in the order of the keys.

    values: normalised, plain and encrypted together. blind: the account's keyed index, so that a digest tells nothing. scope: the Entity's id.
    """
    found: dict[bytes, MatchKey] = {}
    for key in keys:
        texts = [_text(values, name) for name in key]
        if all(texts):
            index = blind(f"match:{scope}:{'+'.join(key)}", "\x1f".join(texts))
            found[bytes.fromhex(index)[:_DIGEST_BYTES]] = key
    return found


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if value is None and "." in name:
        key, _, part = name.partition(".")
        address = values.get(key)
        value = address.get(part) if isinstance(address, Mapping) else None
    return "" if value is None else blind_text(value)


def clean_duplicates(raw: Any, specs: Sequence[FieldSpec]) -> tuple[dict[str, Any], list[Fault]]:
    """Check what the API takes; a match key may be one field's name instead of a list."""
    if raw is None:
        raw = {}
    if not isinstance(raw, Mapping):
        return {}, [Fault("duplicates", "invalid", f"duplicates is {echo(raw)}; wanted an object such as {_SHAPE}.")]
    faults = [
        Fault(f"duplicates.{cut(name)}", "unknown", f"{echo(name)} means nothing here; wanted any of action, match, window_days.")
        for name in raw
        if name not in ("action", "match", "window_days")
    ]
    action, days = raw.get("action", "off"), raw.get("window_days")
    if action not in ACTIONS:
        faults.append(Fault("duplicates.action", "invalid", f"action is {echo(action)}; wanted any of {', '.join(ACTIONS)}."))
    if days is not None and not (type(days) is int and 1 <= days <= MAX_WINDOW_DAYS):
        wanted = f"a whole number of days from 1 to {MAX_WINDOW_DAYS:,}, or null for no limit"
        faults.append(Fault("duplicates.window_days", "invalid", f"window_days is {echo(days)}; wanted {wanted}."))
    keys, key_faults = _clean_keys(raw.get("match", []), specs)
    faults += key_faults
    if not faults and action != "off" and not keys:
        detail = f'match is empty; to {action.replace("_", " ")} duplicates it must say by which fields, such as [["email"]].'
        faults.append(Fault("duplicates.match", "required", detail))
    return {"action": action, "match": keys, "window_days": days}, faults


def _clean_keys(raw: Any, specs: Sequence[FieldSpec]) -> tuple[list[list[str]], list[Fault]]:
    wanted = f"a list of up to {MAX_KEYS} match keys, each a list of up to {MAX_FIELDS_IN_KEY} field keys"
    if not isinstance(raw, list) or len(raw) > MAX_KEYS:
        return [], [Fault("duplicates.match", "invalid", f"match is {echo(raw)}; wanted {wanted}.")]
    known = _names(specs)
    keys: list[list[str]] = []
    faults = []
    for place, one in enumerate(raw):
        key = [one] if isinstance(one, str) else one
        attr = f"duplicates.match.{place}"
        if not isinstance(key, list) or not 1 <= len(key) <= MAX_FIELDS_IN_KEY:
            faults.append(Fault(attr, "invalid", f"This match key is {echo(one)}; wanted {wanted}."))
            continue
        strangers = [name for name in key if not isinstance(name, str) or name not in known]
        if strangers:
            detail = f"{', '.join(map(echo, strangers))}: no field of this Entity; wanted any of {', '.join(sorted(known))}."
            faults.append(Fault(attr, "unknown_field", detail))
        elif len(set(key)) < len(key):
            faults.append(Fault(attr, "duplicate", f"This match key names a field twice: {', '.join(key)}; wanted each once."))
        elif key not in keys:
            keys.append(key)
    return keys, faults


def _names(specs: Sequence[FieldSpec]) -> set[str]:
    names = {spec.key for spec in specs if spec.type != "address"}
    return names | {f"{spec.key}.{part}" for spec in specs if spec.type == "address" for part in ADDRESS_PARTS}
