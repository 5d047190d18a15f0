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
from distribution.fields.number import exact_number

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
# Every number that a field can hold: 30 digits, with the point anywhere among them.
numbers = st.builds(
    lambda digits, scale: exact_number(Decimal(f"{digits}E-{scale}")), st.integers(-(10**30) + 1, 10**30 - 1), st.integers(0, 29)
)
plain = st.none() | st.booleans() | texts | numbers
values_of_fields = plain | st.lists(plain, max_size=3) | st.dictionaries(texts, plain, max_size=3)
leads = st.dictionaries(texts, values_of_fields, max_size=8)


def exactly(value: Any) -> Any:
    """The value with its type, every digit and the order of its keys; == alone says that 1, 1.0 and True are the same."""
    match value:
        case dict():
            return [(name, exactly(inner)) for name, inner in value.items()]
        case list():
            return ["list", *map(exactly, value)]
        case None | bool() | str():
            return type(value), value
        case _:
            return "number", Decimal(value).as_tuple()


@pytest.mark.parametrize("payload_format", ["json", "json_flat"])
@given(values=leads)
def test_json_keeps_every_digit_character_and_the_order(payload_format: str, values: dict[str, Any]) -> None:
    read = json.loads(rendered(values, payload_format).body, parse_float=Decimal, parse_int=Decimal)
    assert exactly(read["lead"] if payload_format == "json" else read) == exactly(values)


def said(value: Any) -> list[str]:
    """What a form says for a value, or for each of several, in words of this test's own."""
    if isinstance(value, list):
        return [text for inner in value for text in said(inner)]
    words = {None: "", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return [words[value]]
    return [value if isinstance(value, str) else format(Decimal(value), "f")]


@given(leads)
def test_a_form_keeps_every_digit_character_and_the_order(values: dict[str, Any]) -> None:
    body = rendered(dict(values), "form").body.decode("ascii")
    expected = []
    for name, value in values.items():
        parts = {f"{name}.{part}": inner for part, inner in value.items()} if isinstance(value, dict) else {name: value}
        expected += [(part, text) for part, inner in parts.items() for text in said(inner)]
    assert parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body)) == expected


@given(numbers)
def test_a_form_writes_numbers_without_exponents(number: Decimal | int) -> None:
    ((_, text),) = parse_qsl(rendered({"n": number}, "form").body.decode())
    assert Decimal(text) == number
    assert set(text) <= set("-.0123456789")
