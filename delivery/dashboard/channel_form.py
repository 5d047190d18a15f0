"""What was typed into the form of a channel, as delivery.channel_config takes it, and where in the form each of its faults belongs. Pure.

Nothing is checked here: what is no number is handed on as the text that it is. A row of a list (headers, answer rules) that is left empty is no row.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from accounts.faults import HasFault
from delivery.channels.webhook.auth import SETTINGS

_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}
_DELAY = re.compile(r"(\d{1,9})\s*(s|m|min|h|d)?", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)
_ROW = re.compile(r"(headers|answers)-(\d{1,4})-\w+", re.ASCII)

# Of each way to authenticate: the setting, and the control it is typed into.
AUTH: Mapping[str, Mapping[str, str]] = {
    kind: {setting: f"{kind}_{setting}" for setting in settings} for kind, settings in SETTINGS.items() if settings
}
# A browser would send a tab, and whitespace is trimmed: they go by name.
DELIMITERS: Mapping[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
ANSWER_PARTS = ("status", "text", "regex", "path", "equals", "then", "reason")
_CONDITIONS = ("status", "text", "regex", "path", "equals", "reason")
# Paths of faults that are not simply the name of a control after `config.`.
_CONTROLS = {
    "kind": "kind",
    "fields": "fields_mode",
    "fields.mode": "fields_mode",
    "fields.include_encrypted": "include_encrypted",
    "fields.selected": "fields_mode",
    "config.retry": "retry_policy",
    "config.retry.policy": "retry_policy",
    "config.retry.delays_seconds": "retry_delays",
    "config.auth": "auth_kind",
    "config.auth.kind": "auth_kind",
    "config.headers": "headers",
    "config.answers": "answers",
    "config.take.partner_id": "take_partner_id",
    "config.take.price": "take_price",
    "config.csv.delimiter": "csv_delimiter",
    "config.csv.bom": "csv_bom",
    "config.csv.file_name": "csv_file_name",
    "config.batching": "batching_mode",
    "config.batching.mode": "batching_mode",
    "config.batching.minutes": "batching_minutes",
    "config.batching.at": "batching_at",
    "config.batching.weekdays": "batching_weekdays",
    "config.batching.max_leads": "batching_max_leads",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """raw: {"kind", "fields", "config"}. places: by paths in raw, the names of the controls that rows of the form made."""

    raw: dict[str, Any]
    places: Mapping[str, str] = field(default_factory=dict)

    def control_of(self, fault: HasFault) -> str:
        """Where the fault belongs: the control of its path or of what contains it; empty for none."""
        path = fault.attr
        while path:
            known = self.places.get(path) or _CONTROLS.get(path)
            if known:
                return known
            top, _, rest = path.partition(".")
            if top == "config" and rest and "." not in rest:
                return rest
            path = path.rpartition(".")[0]
        return ""


def read_form(post: QueryDict, kind: str) -> Typed:
    places: dict[str, str] = {}
    config = _webhook(post, places) if kind == "webhook" else _email(post)
    config |= {"retry": _retry(post), **_numbers(post, "max_in_flight", "rate_per_minute")}
    return Typed({"kind": kind, "fields": _selection(post, places), "config": config}, places)


def rows_of(post: QueryDict, name: str) -> list[int]:
    """The numbers of the rows that the form has of a list, in their order."""
    found = (_ROW.fullmatch(key) for key in post)
    return sorted({int(row[2]) for row in found if row and row[1] == name})


def literal(text: str) -> Any:
    """What a condition's value means: JSON where it is some, else the text itself."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, dict) else value


def _webhook(post: QueryDict, places: dict[str, str]) -> dict[str, Any]:
    return {
        **_texts(post, "url", "payload_format", "content_type", "template"),
        **_numbers(post, "timeout_seconds"),
        "headers": _headers(post, places),
        "auth": _auth(post, places),
        "answers": _answers(post, places),
        "take": _texts(post, "take_partner_id", "take_price", prefix="take_"),
    }


def _email(post: QueryDict) -> dict[str, Any]:
    return {
        "recipients": _list(post, "recipients"),
        "cc": _list(post, "cc"),
        **_texts(post, "reply_to", "subject", "format", "body_template"),
        "attach_csv": "attach_csv" in post,
        "csv": _csv(post),
        "batching": _batching(post),
    }


def _selection(post: QueryDict, places: dict[str, str]) -> dict[str, Any]:
    mode = post.get("fields_mode", "all")
    if mode != "selected":
        return {"mode": mode, "include_encrypted": "include_encrypted" in post}
    sent = set(post.getlist("send"))
    keys = [key for key in post.getlist("field") if key in sent]
    for place, key in enumerate(keys):
        places[f"fields.selected.{place}"] = f"as-{key}"
    names = ((key, post.get(f"as-{key}", "").strip()) for key in keys)
    return {"mode": mode, "selected": [{"key": key, "as": name} if name else {"key": key} for key, name in names]}


def _headers(post: QueryDict, places: dict[str, str]) -> list[dict[str, Any]]:
    headers: list[dict[str, Any]] = []
    for row in rows_of(post, "headers"):
        name, value = post.get(f"headers-{row}-name", "").strip(), post.get(f"headers-{row}-value", "")
        if not name and not value:
            continue
        path = f"config.headers.{len(headers)}"
        places |= {path: f"headers-{row}-name", f"{path}.value": f"headers-{row}-value", f"{path}.secret": f"headers-{row}-secret"}
        # Without the tick the name decides: one that sounds like a credential is secret. Without a value a secret stays as it is.
        secret = {"secret": True} if f"headers-{row}-secret" in post else {}
        headers.append({"name": name, **secret, **({"value": value} if value else {})})
    return headers


def _auth(post: QueryDict, places: dict[str, str]) -> dict[str, Any]:
    kind = post.get("auth_kind", "none")
    controls = AUTH.get(kind, {})
    places |= {f"config.auth.{setting}": control for setting, control in controls.items()}
    return {"kind": kind} | {setting: post[control] for setting, control in controls.items() if post.get(control)}


def _answers(post: QueryDict, places: dict[str, str]) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = []
    for row in rows_of(post, "answers"):
        typed = {part: post.get(f"answers-{row}-{part}", "").strip() for part in ANSWER_PARTS}
        if not any(typed[part] for part in _CONDITIONS):
            continue
        path = f"config.answers.{len(answers)}"
        places |= {f"{path}.{part}": f"answers-{row}-{part}" for part in ("then", "reason")}
        places |= {f"{path}.when.{part}": f"answers-{row}-{part}" for part in ("status", "text", "regex")}
        places |= {
            path: f"answers-{row}-status",
            f"{path}.when.json": f"answers-{row}-equals",
            f"{path}.when.json.path": f"answers-{row}-path",
        }
        answers.append({"when": _when(typed), "then": typed["then"] or "accepted", "reason": typed["reason"]})
    return answers


def _when(typed: Mapping[str, str]) -> dict[str, Any]:
    when: dict[str, Any] = {part: typed[part] for part in ("text", "regex") if typed[part]}
    if typed["status"]:
        statuses = [_number_or_text(part) for part in re.split(r"[,;\s]+", typed["status"].lower()) if part]
        when["status"] = statuses[0] if len(statuses) == 1 else statuses
    if typed["path"] or typed["equals"]:
        value = literal(typed["equals"])
        wanted = {} if not typed["equals"] else {"in": value} if isinstance(value, list) else {"equals": value}
        when["json"] = {"path": typed["path"], **wanted}
    return when


def _retry(post: QueryDict) -> dict[str, Any]:
    policy = post.get("retry_policy", "standard")
    return {"policy": policy, "delays_seconds": _delays(post.get("retry_delays", ""))} if policy == "custom" else {"policy": policy}


def _delays(text: str) -> list[Any]:
    return [_seconds(part) for part in (part.strip() for part in re.split(r"[,;\n]", text.lower())) if part]


def _seconds(text: str) -> Any:
    delay = _DELAY.fullmatch(text)
    return int(delay[1]) * _UNITS[delay[2] or ""] if delay else text


def _csv(post: QueryDict) -> dict[str, Any]:
    csv = {**_texts(post, "csv_delimiter", "csv_file_name", prefix="csv_"), "bom": "csv_bom" in post}
    if "delimiter" in csv:
        csv["delimiter"] = DELIMITERS.get(csv["delimiter"], csv["delimiter"])
    return csv


def _batching(post: QueryDict) -> dict[str, Any]:
    mode = post.get("batching_mode", "off")
    if mode == "off":
        return {"mode": "off"}
    batching: dict[str, Any] = {"mode": mode, **_numbers(post, "batching_max_leads", prefix="batching_")}
    if mode == "every":
        return batching | _numbers(post, "batching_minutes", prefix="batching_")
    weekdays = [_number_or_text(day) for day in post.getlist("batching_weekdays")]
    return {**batching, **_texts(post, "batching_at", prefix="batching_"), "weekdays": weekdays}


def _list(post: QueryDict, name: str) -> list[str]:
    return [part for part in (part.strip() for part in re.split(r"[,;\n]", post.get(name, ""))) if part]


def _texts(post: QueryDict, *names: str, prefix: str = "") -> dict[str, Any]:
    """Those that are not empty. Lines end with LF, whatever the browser sends."""
    return _typed(post, names, prefix, lambda text: text.replace("\r\n", "\n"))


def _numbers(post: QueryDict, *names: str, prefix: str = "") -> dict[str, Any]:
    return _typed(post, names, prefix, lambda text: _number_or_text(text.strip()))


def _typed(post: QueryDict, names: Sequence[str], prefix: str, read: Callable[[str], Any]) -> dict[str, Any]:
    texts = {name: post.get(name, "") for name in names}
    return {name.removeprefix(prefix): read(text) for name, text in texts.items() if text.strip()}


def _number_or_text(text: str) -> Any:
    return int(text) if _NUMBER.fullmatch(text) else text
