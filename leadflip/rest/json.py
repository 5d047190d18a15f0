"""JSON in and out: exact numbers, bounded nesting, and nothing that Postgres could choke on."""

import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any, NoReturn

import msgspec
from django.utils.functional import Promise
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

MAX_DEPTH = 64


def _as_text(value: Any) -> str:
    if isinstance(value, Promise):
        return str(value)
    raise NotImplementedError(f"{type(value)} is nothing that JSON has")


# A Decimal goes out as the number it is, with all its digits; what is to be a text (a price) is one already.
_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=_as_text)


class JsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None) -> bytes:
        return b"" if data is None else _ENCODER.encode(data)


class AlwaysJson(DefaultContentNegotiation):
    """Whatever a client accepts, it gets JSON: many send an `Accept` that they do not mean."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class JsonParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        return parse_json(stream.read())


def parse_json(body: bytes) -> Any:
    """Numbers with a fraction come as Decimal. Raises ParseError with the reason in words."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise ParseError(f"The body is not UTF-8: byte {error.start} cannot be read.") from error
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_one_of_each)
    except RecursionError as error:
        raise ParseError(f"The JSON is nested too deeply; at most {MAX_DEPTH} levels are read.") from error
    except ValueError as error:
        raise ParseError(f"The body is not valid JSON: {error}.") from error
    _check(value, MAX_DEPTH)
    return value


def _one_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values under one key, one would be dropped silently."""
    members = dict(pairs)
    if len(members) < len(pairs):
        ((twice, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {twice[:50]!r} stands twice in one object")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _check(value: Any, depth: int) -> None:
    """Postgres stores neither NUL nor a lone surrogate, and nobody means them."""
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict | list):
        if depth == 0:
            raise ParseError(f"The JSON is nested too deeply; at most {MAX_DEPTH} levels are read.")
        if isinstance(value, dict):
            for key in value:
                _check_text(key)
            value = value.values()
        for item in value:
            _check(item, depth - 1)


def _check_text(text: str) -> None:
    if text.isascii():
        if "\x00" in text:
            raise ParseError("A text holds a NUL character (\\u0000), which cannot be stored.")
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ParseError(f"A text holds half of a surrogate pair at character {error.start}, which is not valid Unicode.") from error
    if "\x00" in text:
        raise ParseError("A text holds a NUL character (\\u0000), which cannot be stored.")
