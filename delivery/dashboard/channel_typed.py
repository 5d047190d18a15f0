"""A channel's stored settings as if they had just been typed into its form; the inverse of `channel_form.read_form`. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import QueryDict

from delivery.channels.email.config import DEFAULT_SUBJECT
from delivery.dashboard.channel_form import AUTH, DELIMITERS, literal
from distribution.fields import SYSTEM_KEYS, FieldSpec

_DELIMITER_NAMES = {delimiter: name for name, delimiter in DELIMITERS.items()}
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
NEW_CONFIG: Mapping[str, Mapping[str, Any]] = {"webhook": {}, "email": {"subject": DEFAULT_SUBJECT}}


def typed_of(kind: str, selection: Mapping[str, Any], config: Mapping[str, Any], specs: Sequence[FieldSpec]) -> QueryDict:
    """config: as stored, or one of NEW_CONFIG. Secrets are not in it: their controls stay empty."""
    typed = QueryDict(mutable=True)
    typed.update(_webhook(config) if kind == "webhook" else _email(config))
    typed.update(_both(config))
    typed.setlist("batching_weekdays", [str(day) for day in config.get("batching", {}).get("weekdays", range(1, 8))])
    _put_fields(typed, selection, specs)
    return typed


def spoken_delay(seconds: int) -> str:
    """In the largest unit that it is whole in: 90s, 5m, 2h, 1d."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _both(config: Mapping[str, Any]) -> dict[str, str]:
    retry = config.get("retry", {})
    return {
        "retry_policy": retry.get("policy", "standard"),
        "retry_delays": ", ".join(map(spoken_delay, retry.get("delays_seconds", []))),
        "max_in_flight": str(config.get("max_in_flight", 5)),
        "rate_per_minute": _text(config.get("rate_per_minute")),
    }


def _webhook(config: Mapping[str, Any]) -> dict[str, str]:
    take = config.get("take", {})
    return {
        "url": config.get("url", ""),
        "payload_format": config.get("payload_format", "json"),
        "content_type": config.get("content_type", "application/json"),
        "template": config.get("template", ""),
        "timeout_seconds": str(config.get("timeout_seconds", 20)),
        "take_partner_id": take.get("partner_id", ""),
        "take_price": take.get("price", ""),
        **_auth(config.get("auth", {"kind": "none"})),
        **_headers(config.get("headers", [])),
        **_answers(config.get("answers", [])),
    }


def _auth(auth: Mapping[str, Any]) -> dict[str, str]:
    start = {"api_key_in": "header", "oauth2_credentials_in": "body"}
    controls = AUTH.get(auth["kind"], {})
    return {"auth_kind": auth["kind"], **start, **{controls[name]: str(value) for name, value in auth.items() if name in controls}}


def _headers(headers: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    typed: dict[str, str] = {}
    for row, header in enumerate(headers):
        typed |= {f"headers-{row}-name": header["name"], f"headers-{row}-value": header.get("value") or ""}
        if header["secret"]:
            typed[f"headers-{row}-secret"] = "on"
    return typed


def _answers(answers: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    typed: dict[str, str] = {}
    for row, rule in enumerate(answers):
        for part, text in typed_rule(rule).items():
            typed[f"answers-{row}-{part}"] = text
    return typed


def typed_rule(rule: Mapping[str, Any]) -> dict[str, str]:
    """One answer rule as the parts of its row."""
    when = rule["when"]
    status = when.get("status", [])
    typed = {
        "status": ", ".join(map(str, status if isinstance(status, list) else [status])),
        "text": when.get("text", ""),
        "regex": when.get("regex", ""),
        "then": rule["then"],
        "reason": rule.get("reason", ""),
    }
    if json_part := when.get("json"):
        value = json.dumps(json_part["in"], ensure_ascii=False) if "in" in json_part else typed_literal(json_part["equals"])
        typed |= {"path": json_part["path"], "equals": value}
    return typed


def typed_literal(value: Any) -> str:
    """What is to be typed so that `channel_form.literal` makes this value of it; of a text, the text itself if that will do."""
    if isinstance(value, str) and value and value == value.strip() and literal(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _email(config: Mapping[str, Any]) -> dict[str, str]:
    csv, batching = config.get("csv", {}), config.get("batching", {"mode": "off"})
    typed = {
        "recipients": "\n".join(config.get("recipients", [])),
        "cc": "\n".join(config.get("cc", [])),
        "reply_to": config.get("reply_to", ""),
        "subject": config.get("subject", ""),
        "format": config.get("format", "html"),
        "body_template": config.get("body_template", ""),
        "csv_delimiter": _DELIMITER_NAMES[csv.get("delimiter", ",")],
        "csv_file_name": csv.get("file_name", "lead.csv"),
        "batching_mode": batching["mode"],
        "batching_minutes": _text(batching.get("minutes", 60)),
        "batching_at": batching.get("at", "08:00"),
        "batching_max_leads": _text(batching.get("max_leads")),
    }
    ticked = {"attach_csv": config.get("attach_csv", False), "csv_bom": csv.get("bom", False)}
    return typed | {name: "on" for name, is_ticked in ticked.items() if is_ticked}


def _put_fields(typed: QueryDict, selection: Mapping[str, Any], specs: Sequence[FieldSpec]) -> None:
    """Every field there is, those that are sent first. Under "all", what it sends is what a choice begins with."""
    chosen = {item["key"]: item.get("as", "") for item in selection.get("selected", [])}
    is_all = selection["mode"] == "all"
    known = [spec.key for spec in specs]
    typed["fields_mode"] = selection["mode"]
    typed.setlist("field", list(dict.fromkeys([*chosen, *known, *SYSTEM_KEYS])))
    typed.setlist("send", [spec.key for spec in specs if not spec.is_encrypted] if is_all else list(chosen))
    for key, name in chosen.items():
        typed[f"as-{key}"] = name
    if is_all and selection.get("include_encrypted"):
        typed["include_encrypted"] = "on"


def _text(value: Any) -> str:
    return "" if value is None else str(value)
