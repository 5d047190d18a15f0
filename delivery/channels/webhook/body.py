"""The body of a webhook, in each of its formats. Numbers go out digit by digit as they were stored."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import msgspec

from delivery.channels.base import Envelope, RenderError
from distribution.fields.number import number_text

EVENT = "lead.created"

_encode = msgspec.json.Encoder(decimal_format="number").encode


def json_body(envelope: Envelope) -> bytes:
    """{"id": of the delivery, "type", "created_at", "test", "profile", "lead": {name: value}}, UTF-8, keys in this order."""
    return _encoded(
        {
            "id": envelope.delivery_id,
            "type": EVENT,
            "created_at": envelope.created_at,
            "test": envelope.is_test,
            "profile": envelope.profile,
            "lead": _named_values(envelope),
        }
    )


def flat_json_body(envelope: Envelope) -> bytes:
    """{name: value}, UTF-8, in the channel's order."""
    return _encoded(_named_values(envelope))


def form_body(envelope: Envelope) -> bytes:
    """Names and values as application/x-www-form-urlencoded (WHATWG URL, 5), UTF-8.

    A list repeats its name, an address is `name.postcode` and so on, a missing value is empty, true and false are words.
    """
    try:
        return urlencode([pair for field in envelope.fields for pair in _pairs(field.name, field.value)], errors="strict").encode("ascii")
    except UnicodeEncodeError as error:
        raise unwritable() from error


BODIES = {"json": json_body, "json_flat": flat_json_body, "form": form_body}
BODY_TYPES = {"json": "application/json", "json_flat": "application/json", "form": "application/x-www-form-urlencoded"}


def _named_values(envelope: Envelope) -> dict[str, Any]:
    return {field.name: field.value for field in envelope.fields}


def _encoded(content: dict[str, Any]) -> bytes:
    try:
        return _encode(content)
    except UnicodeEncodeError as error:
        raise unwritable() from error


def unwritable() -> RenderError:
    return RenderError("A value of this lead holds half of a surrogate pair, which is no character and cannot be sent.")


def _pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for part, inner in value.items():
                yield from _pairs(f"{name}.{part}", inner)
        case list() | tuple():
            for item in value:
                yield from _pairs(name, item)
        case _:
            yield name, _form_text(value)


def _form_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return number_text(value)
        case _:
            return str(value)
