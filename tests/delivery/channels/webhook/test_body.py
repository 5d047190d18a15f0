"""The bytes of a webhook: nothing is lost on the way into JSON or a form."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.channels.base import Context, Envelope, EnvelopeField, RenderError, Rendering
from delivery.channels.webhook import KIND

DELIVERY = UUID("0199a2f4-7b1c-7000-8000-000000000001")
CONTEXT = Context(datetime(2026, 11, 24, 9, 30, tzinfo=UTC))


def envelope(values: dict[str, Any], *, is_test: bool = False) -> Envelope:
    return Envelope(
        delivery_id=DELIVERY,
        lead_id=UUID("0199a2f4-7b1c-7000-8000-000000000002"),
        created_at=datetime(2026, 11, 24, 9, 29, 5, 120000, tzinfo=UTC),
        source="api",
        status="new",
        lead_name="Jane",
        entity="Solar Leads",
        profile="Solar West",
        partner="Helios Direct",
        fields=tuple(EnvelopeField(f"key_{place}", name, name, "text", value) for place, (name, value) in enumerate(values.items())),
        is_test=is_test,
    )


def rendered(values: dict[str, Any], payload_format: str, *, is_test: bool = False) -> Rendering:
    return KIND.render(envelope(values, is_test=is_test), {"payload_format": payload_format}, context=CONTEXT)


def test_the_envelope() -> None:
    rendering = rendered({"Name": "Jané", "budget": Decimal("1200.50"), "missing": None}, "json")
    assert rendering.content_type == "application/json"
    assert rendering.body == (
        b'{"id":"0199a2f4-7b1c-7000-8000-000000000001","type":"lead.created","created_at":"2026-11-24T09:29:05.120000Z","test":false,'
        b'"profile":"Solar West","lead":{"Name":"Jan\xc3\xa9","budget":1200.50,"missing":null}}'
    )


def test_a_test_says_so() -> None:
    assert json.loads(rendered({}, "json", is_test=True).body)["test"] is True


def test_flat_json() -> None:
    rendering = rendered({"b": 1, "a": [True, "x"], "address": {"city": "Bonn"}}, "json_flat")
    assert rendering.body == b'{"b":1,"a":[true,"x"],"address":{"city":"Bonn"}}'


def test_a_form() -> None:
    values = {
        "first name": "Jané & Söhne",
        "budget": Decimal("1200.50"),
        "large": Decimal("1E+3"),
        "is_owner": True,
        "is_new": False,
        "missing": None,
        "tags": ["roof", "garden"],
        "address": {"postcode": "53111", "latitude": Decimal("50.7")},
    }
    rendering = rendered(values, "form")
    assert rendering.content_type == "application/x-www-form-urlencoded"
    assert rendering.body == (
        b"first+name=Jan%C3%A9+%26+S%C3%B6hne&budget=1200.50&large=1000&is_owner=true&is_new=false&missing="
        b"&tags=roof&tags=garden&address.postcode=53111&address.latitude=50.7"
    )


@pytest.mark.parametrize("payload_format", ["json", "json_flat", "form"])
def test_half_a_character_is_a_render_error(payload_format: str) -> None:
    with pytest.raises(RenderError, match="surrogate"):
        rendered({"a": "\ud800"}, payload_format)


texts = st.text(alphabet=st.characters(codec="utf-8"))
numbers = st.integers(-(10**29), 10**29) | st.decimals(
    allow_nan=False, allow_infinity=False, places=8, min_value=-(10**15), max_value=10**15
)
plain = st.none() | st.booleans() | texts | numbers
leads = st.dictionaries(texts, plain | st.lists(texts, max_size=3), max_size=8)


@pytest.mark.parametrize("payload_format", ["json", "json_flat"])
@given(values=leads)
def test_json_keeps_every_digit_character_and_the_order(payload_format: str, values: dict[str, Any]) -> None:
    read = json.loads(rendered(values, payload_format).body, parse_float=Decimal)
    lead = read["lead"] if payload_format == "json" else read
    assert list(lead.items()) == list(values.items())
    for name, value in values.items():
        if isinstance(value, Decimal):
            assert Decimal(lead[name]).as_tuple() == value.as_tuple() or lead[name] == value


@given(st.dictionaries(texts, texts, max_size=8))
def test_a_form_keeps_every_character_and_the_order(values: dict[str, str]) -> None:
    body = rendered(dict(values), "form").body.decode("ascii")
    assert parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body)) == list(values.items())


@given(numbers)
def test_a_form_keeps_every_digit(number: Decimal | int) -> None:
    ((_, text),) = parse_qsl(rendered({"n": number}, "form").body.decode())
    assert Decimal(text) == number
    assert "E" not in text
