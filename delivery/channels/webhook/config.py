"""Settings of a webhook channel, checked when saved."""

from collections.abc import Mapping, Sequence
from typing import Any

from delivery.channels.base import Config, FieldInfo, Secrets
from delivery.channels.reading import Reading
from delivery.channels.webhook.addresses import Reach, clean_url, is_elsewhere
from delivery.channels.webhook.answer_settings import clean_answers, clean_take
from delivery.channels.webhook.auth import clean_auth, header_of
from delivery.channels.webhook.headers import clean_headers
from delivery.channels.webhook.kept import KeptSecrets
from delivery.channels.webhook.signature import CURRENT, PREVIOUS, PREVIOUS_UNTIL, new_secret
from delivery.channels.webhook.template_body import clean_template
from delivery.retry import clean_retry

KNOWN = (
    "url", "payload_format", "template", "content_type", "timeout_seconds", "headers", "auth", "answers", "take", "retry", "max_in_flight",
    "rate_per_minute",
)  # fmt: skip
FORMATS = ("json", "json_flat", "form", "template")
DEFAULT_TIMEOUT = 20
MAX_TIMEOUT = 30


def clean_config(
    raw: Mapping[str, Any], *, fields: Sequence[FieldInfo], reach: Reach, old_config: Config, old_secrets: Secrets
) -> tuple[dict[str, Any], dict[str, str]]:
    """See `ChannelKind.clean_config`. A channel without a signing secret gets one; both secrets of a rotation stay."""
    reading = Reading(raw, path="config", known=KNOWN)
    target = clean_url(reading, "url", reach, missing="The address to send leads to is missing.")
    kept = KeptSecrets(old_secrets, is_moved=is_elsewhere(old_config.get("url"), target, reach))
    headers, header_secrets = clean_headers(reading, kept)
    auth, auth_secrets = clean_auth(reading, kept, reach, old=old_config.get("auth", {}))
    _refuse_two_of_one_name(reading, headers, auth)
    payload_format = reading.choice("payload_format", FORMATS, default=FORMATS[0])
    retry, faults = clean_retry(reading.raw.get("retry"), attr="config.retry")
    reading.faults += faults
    config = {
        "url": target.url if target else "",
        "payload_format": payload_format,
        **clean_template(reading, fields, is_used=payload_format == "template"),
        "timeout_seconds": reading.number("timeout_seconds", default=DEFAULT_TIMEOUT, least=1, most=MAX_TIMEOUT),
        "headers": headers,
        "auth": auth,
        "answers": clean_answers(reading),
        "take": clean_take(reading),
        "retry": retry,
        "max_in_flight": reading.in_flight(),
        "rate_per_minute": reading.rate(),
    }
    reading.finish()
    signing = {name: old_secrets[name] for name in (CURRENT, PREVIOUS, PREVIOUS_UNTIL) if name in old_secrets}
    return config, {CURRENT: new_secret(), **signing, **header_secrets, **auth_secrets}


def _refuse_two_of_one_name(reading: Reading, headers: Sequence[Mapping[str, Any]], auth: Mapping[str, Any]) -> None:
    taken = header_of(auth)
    if taken and any(header["name"].lower() == taken.lower() for header in headers):
        detail = f"The header {taken} is set by the authentication and stands among the headers too; take it out of one of them."
        reading.report("auth", "conflict", detail)
