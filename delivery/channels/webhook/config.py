"""Settings of a webhook channel: checked when saved, made ready for sending once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from delivery.channels.base import Config, Secrets
from delivery.channels.reading import Reading
from delivery.channels.webhook.headers import MASK, clean_headers, is_confidential, secret_key
from delivery.channels.webhook.signature import CURRENT, PREVIOUS, PREVIOUS_UNTIL, decode_secret, new_secret
from delivery.outbound import OutboundPolicy, Target, UrlError, parse_url
from delivery.outcome import Headers
from delivery.retry import clean_retry

KNOWN = ("url", "payload_format", "timeout_seconds", "headers", "retry", "max_in_flight")
FORMATS = ("json", "json_flat", "form")
CONTENT_TYPES = {
    "json": "application/json",
    "json_flat": "application/json",
    "form": "application/x-www-form-urlencoded",
}
DEFAULT_TIMEOUT = 20
MAX_TIMEOUT = 30
USER_AGENT = "Leadflip/1 (Standard Webhooks 1.0)"

_MAX_KEPT = 5_000
_encode = msgspec.json.Encoder().encode


def clean_config(
    raw: Mapping[str, Any], *, is_http_allowed: bool, policy: OutboundPolicy, old_secrets: Secrets
) -> tuple[dict[str, Any], dict[str, str]]:
    """See `ChannelKind.clean_config`. A channel without a signing secret gets one; both secrets of a rotation stay."""
    reading = Reading(raw, path="config", known=KNOWN)
    headers, secrets = clean_headers(reading, old_secrets)
    retry, faults = clean_retry(reading.raw.get("retry"), attr="config.retry")
    reading.faults += faults
    config = {
        "url": _clean_url(reading, is_http_allowed, policy),
        "payload_format": _clean_format(reading),
        "timeout_seconds": reading.number("timeout_seconds", default=DEFAULT_TIMEOUT, least=1, most=MAX_TIMEOUT),
        "headers": headers,
        "retry": retry,
        "max_in_flight": reading.in_flight(),
    }
    reading.finish()
    signing = {name: old_secrets[name] for name in (CURRENT, PREVIOUS, PREVIOUS_UNTIL) if name in old_secrets}
    return config, {CURRENT: new_secret(), **signing, **secrets}


def _clean_url(reading: Reading, is_http_allowed: bool, policy: OutboundPolicy) -> str:  # noqa: FBT001
    url = reading.raw.get("url")
    if not isinstance(url, str) or not url.strip():
        reading.report("url", "required", "The address to send leads to is missing.")
        return ""
    try:
        return parse_url(url.strip(), is_http_allowed=is_http_allowed, policy=policy).url
    except UrlError as error:
        reading.report("url", error.code, error.detail)
        return ""


def _clean_format(reading: Reading) -> str:
    if reading.raw.get("payload_format") == "template":
        reading.report("payload_format", "not_available", f"Templates are not available yet; wanted one of {', '.join(FORMATS)}.")
        return FORMATS[0]
    return reading.choice("payload_format", FORMATS, default=FORMATS[0])


@dataclass(frozen=True, slots=True)
class Prepared:
    """A channel's settings as sending needs them, made once per content.

    fixed_headers: all but the three of the signature. shown_headers: the same for the log, secrets masked.
    previous_key: signs too until `previous_until`, seconds since 1970.
    """

    target: Target
    url: str
    timeout_seconds: float
    fixed_headers: Headers
    shown_headers: Headers
    key: bytes
    previous_key: bytes | None = None
    previous_until: float = 0.0

    def keys(self, timestamp: float) -> tuple[bytes, ...]:
        if self.previous_key is None or timestamp >= self.previous_until:
            return (self.key,)
        return (self.key, self.previous_key)


class PreparedConfigs:
    """Keeps the Prepared of each content of settings; bounded, the oldest go first.

    The content is the key, so that neither a version nor an invalidation can be forgotten.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[bytes, bool, OutboundPolicy], Prepared] = {}

    def prepare(self, config: Config, secrets: Secrets, *, is_http_allowed: bool, policy: OutboundPolicy) -> Prepared:
        """Raises UrlError for an address that may no longer be used, ValueError without a usable signing secret."""
        content = (_encode((config, secrets)), is_http_allowed, policy)
        prepared = self._kept.get(content)
        if prepared is None:
            prepared = _prepare(config, secrets, is_http_allowed=is_http_allowed, policy=policy)
            while len(self._kept) >= _MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[content] = prepared
        return prepared


def _prepare(config: Config, secrets: Secrets, *, is_http_allowed: bool, policy: OutboundPolicy) -> Prepared:
    target = parse_url(config["url"], is_http_allowed=is_http_allowed, policy=policy)
    fixed: list[tuple[str, str]] = []
    shown: list[tuple[str, str]] = []
    for header in config["headers"]:
        name = header["name"]
        value = secrets.get(secret_key(name), "") if header["secret"] else header["value"]
        fixed.append((name, value))
        shown.append((name, MASK if header["secret"] or is_confidential(name) else value))
    if not any(name.lower() == "user-agent" for name, _ in fixed):
        fixed.append(("User-Agent", USER_AGENT))
        shown.append(("User-Agent", USER_AGENT))
    previous = secrets.get(PREVIOUS)
    until = secrets.get(PREVIOUS_UNTIL)
    return Prepared(
        target=target,
        url=target.url,
        timeout_seconds=float(config["timeout_seconds"]),
        fixed_headers=tuple(fixed),
        shown_headers=tuple(shown),
        key=decode_secret(secrets.get(CURRENT, "")),
        previous_key=decode_secret(previous) if previous else None,
        # Without a limit it signs until somebody takes it away.
        previous_until=datetime.fromisoformat(until).timestamp() if until else float("inf"),
    )
