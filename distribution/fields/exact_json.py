"""JSON whose numbers keep every digit: what leads' values are stored as.

jsonb keeps numbers as `numeric`, so that nothing is lost between `dump` and `load`. `ExactEncoder` and `ExactDecoder`
do the same for Django's JSONField.
"""

import json
from decimal import Decimal
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def dump(value: Any) -> bytes:
    return _ENCODER.encode(value)


def load(text: bytes | str) -> Any:
    """Return the value; numbers with a fraction or an exponent as Decimal. Raises msgspec.DecodeError."""
    return _DECODER.decode(text)


class ExactEncoder(json.JSONEncoder):
    def encode(self, o: Any) -> str:
        return dump(o).decode()


class ExactDecoder(json.JSONDecoder):
    def __init__(self, **options: Any) -> None:
        super().__init__(parse_float=Decimal, **options)
