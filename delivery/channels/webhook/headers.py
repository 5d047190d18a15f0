"""Custom headers: which names and values a user may set, and which of them nobody may see again."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from delivery.channels.reading import Reading
from delivery.channels.webhook.kept import MASK, KeptSecrets
from delivery.outcome import Headers

MAX_HEADERS = 30
MAX_NAME = 100
MAX_VALUE = 4_096
MAX_TOTAL = 16_384

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, 5.6.2
_VALUE = re.compile(r"[!-~]([\t !-~]*[!-~])?")  # RFC 9110, 5.5, without obs-text
_REFUSED = {
    **dict.fromkeys(
        ("host", "content-length", "content-type", "content-encoding", "accept-encoding", "date"),
        "is set by Leadflip itself.",
    ),
    **dict.fromkeys(
        (
            "connection",
            "expect",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ),
        "concerns the connection and not the message (RFC 9110, 7.6.1).",
    ),
}
_CONFIDENTIAL = re.compile(r"authori[sz]ation|cookie|password|secret|token|credential|signature|api[-_]?key|auth[-_]?key", re.IGNORECASE)


def secret_key(name: str) -> str:
    """Where the value of a secret header is kept among the channel's secrets; names are the same in any case."""
    return f"header:{name.lower()}"


def is_confidential(name: str) -> bool:
    """Whether a header's name says that its value is nobody's business, ticked as secret or not."""
    return _CONFIDENTIAL.search(name) is not None


def clean_headers(reading: Reading, kept: KeptSecrets) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """From [{"name", "value", "secret"}] to the stored list, where a secret has no value, and the secrets.

    A header named like a credential is secret unless said otherwise. A secret without a value keeps the one it has.
    """
    stored: list[dict[str, Any]] = []
    secrets: dict[str, str] = {}
    names: set[str] = set()
    total = 0
    for place, raw in enumerate(reading.items("headers", most=MAX_HEADERS)):
        header = Reading(raw, path=f"{reading.path}.headers.{place}", known=("name", "value", "secret"), faults=reading.faults)
        name = clean_name(header)
        if name is None:
            continue
        if name.lower() in names:
            header.report("name", "duplicate", f"The header {name} is given twice.")
        names.add(name.lower())
        is_secret = header.flag("secret", default=is_confidential(name))
        value = _clean_value(header, kept if is_secret else KeptSecrets({}), secret_key(name))
        if value is None:
            continue
        total += len(name) + len(value)
        if is_secret:
            secrets[secret_key(name)] = value
            stored.append({"name": name, "secret": True})
        else:
            stored.append({"name": name, "value": value, "secret": False})
    if total > MAX_TOTAL:
        reading.report("headers", "too_long", f"Together the headers have more than {MAX_TOTAL:,} characters.")
    return stored, secrets


def clean_name(header: Reading) -> str | None:
    """The setting `name`; None with a fault."""
    name = header.raw.get("name")
    if not isinstance(name, str) or not _TOKEN.fullmatch(name) or len(name) > MAX_NAME:
        header.report("name", "invalid", f"A header's name is at most {MAX_NAME} letters, digits and any of !#$%&'*+-.^_`|~ .")
        return None
    lowered = name.lower()
    if lowered.startswith("webhook-"):
        header.report("name", "reserved", f"The header {name} is reserved for the signature: names with webhook- are Leadflip's own.")
        return None
    if lowered in _REFUSED:
        header.report("name", "reserved", f"The header {name} {_REFUSED[lowered]}")
        return None
    return name


def _clean_value(header: Reading, kept: KeptSecrets, key: str) -> str | None:
    value = kept.given_or_kept(header, "value", key=key)
    return None if value is None else checked_value(header, "value", value)


def checked_value(reading: Reading, name: str, value: Any) -> str | None:
    """Trimmed; None with a fault, which never quotes it."""
    if not isinstance(value, str) or not _VALUE.fullmatch(value.strip(" \t")):
        reading.report(name, "invalid", "A header's value is one line of plain ASCII characters.")
        return None
    trimmed: str = value.strip(" \t")
    if len(trimmed) > MAX_VALUE:
        reading.report(name, "too_long", f"Wanted at most {MAX_VALUE:,} characters.")
        return None
    return trimmed


def shown_headers(headers: Sequence[Mapping[str, Any]]) -> Headers:
    """Stored headers for people: secret values, and those whose name says that they are, masked."""
    return tuple((one["name"], MASK if one["secret"] or is_confidential(one["name"]) else one["value"]) for one in headers)
