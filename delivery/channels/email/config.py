"""Settings of an email channel, checked when saved."""

from collections.abc import Mapping, Sequence
from typing import Any

from email_validator import EmailNotValidError, validate_email

from delivery.channels.base import Fault, FieldInfo
from delivery.channels.email.batching import clean_batching
from delivery.channels.reading import Reading, named
from delivery.retry import clean_retry
from delivery.templating import check

KNOWN = (
    "recipients", "cc", "reply_to", "subject", "body_template", "format", "attach_csv", "csv", "batching", "retry", "max_in_flight",
    "rate_per_minute",
)  # fmt: skip
FORMATS = ("html", "text", "none")
DELIMITERS = (",", ";", "\t", "|")
DEFAULT_SUBJECT = "New Lead: {{lead_name}}"
DEFAULT_DIGEST_SUBJECT = "{% if lead_count == 1 %}New Lead: {{ lead_name }}{% else %}{{ lead_count }} New Leads{% endif %}"
DEFAULT_FILE_NAME = "lead.csv"
MAX_RECIPIENTS = 10
_MAX_SUBJECT = 500
_MAX_BODY = 50_000


def clean_config(raw: Mapping[str, Any], *, fields: Sequence[FieldInfo]) -> dict[str, Any]:
    """See `ChannelKind.clean_config`; an email channel has no secrets of its own. Raises ConfigError."""
    reading = Reading(raw, path="config", known=KNOWN)
    retry, faults = clean_retry(reading.raw.get("retry"), attr="config.retry")
    reading.faults += faults
    batching = clean_batching(reading)
    config = {
        "recipients": _addresses(reading, "recipients"),
        "cc": _addresses(reading, "cc"),
        "reply_to": _address(reading, "reply_to"),
        "subject": _subject(reading, fields, is_digest=batching["mode"] != "off"),
        "body_template": _template(reading, "body_template", fields, default="", most=_MAX_BODY),
        "format": reading.choice("format", FORMATS, default="html"),
        "attach_csv": reading.flag("attach_csv", default=False),
        "csv": _csv(reading, fields),
        "batching": batching,
        "retry": retry,
        "max_in_flight": reading.in_flight(),
        "rate_per_minute": reading.rate(),
    }
    if config["format"] == "none" and not config["attach_csv"]:
        reading.report("format", "invalid", "A mail needs a body or a CSV attachment: choose html or text, or set attach_csv.")
    reading.finish()
    return config


def _addresses(reading: Reading, name: str) -> list[str]:
    found: list[str] = []
    for place, item in enumerate(reading.items(name, most=MAX_RECIPIENTS)):
        address = _valid(item)
        if address is None:
            reading.report(f"{name}.{place}", "invalid", f"{named(item)} is not an email address.")
        elif address in found:
            reading.report(f"{name}.{place}", "duplicate", f"{address} is in the list twice.")
        else:
            found.append(address)
    return found


def _address(reading: Reading, name: str) -> str:
    item = reading.raw.get(name)
    if item is None or item == "":
        return ""
    address = _valid(item)
    if address is None:
        reading.report(name, "invalid", f"{named(item)} is not an email address.")
    return address or ""


def _valid(item: Any) -> str | None:
    if not isinstance(item, str):
        return None
    try:
        found = validate_email(item, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    # Not every mail server speaks SMTPUTF8: the form in ASCII is the one that always arrives.
    return found.ascii_email


def _template(reading: Reading, name: str, fields: Sequence[FieldInfo], *, default: str, most: int) -> str:
    source = reading.text(name, default=default, most=most)
    reading.faults += [Fault(f"{reading.path}.{name}", fault.code, str(fault)) for fault in check(source, fields)]
    return source


def _subject(reading: Reading, fields: Sequence[FieldInfo], *, is_digest: bool) -> str:
    """One that is our own changes with the batching, since it was stored with the channel."""
    default = DEFAULT_DIGEST_SUBJECT if is_digest else DEFAULT_SUBJECT
    subject = _template(reading, "subject", fields, default=default, most=_MAX_SUBJECT)
    return default if subject in (DEFAULT_SUBJECT, DEFAULT_DIGEST_SUBJECT) else subject


def _csv(reading: Reading, fields: Sequence[FieldInfo]) -> dict[str, Any]:
    inner = reading.inner("csv", ("delimiter", "bom", "file_name"))
    return {
        "delimiter": inner.choice("delimiter", DELIMITERS, default=","),
        "bom": inner.flag("bom", default=False),
        "file_name": _template(inner, "file_name", fields, default=DEFAULT_FILE_NAME, most=200),
    }
