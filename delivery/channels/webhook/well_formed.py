"""Whether a text is JSON or XML, and if not where; never a word of its content, which may be nobody's business."""

import re
from decimal import Decimal
from typing import Any
from xml.parsers import expat

import msgspec

_BYTE = re.compile(r" ?\(byte (\d+)\)")
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def json_fault(body: bytes) -> str | None:
    """What keeps the body from being JSON (RFC 8259), in words; None if nothing does."""
    try:
        _decode(body)
    except RecursionError:
        return "it is nested too deeply."
    except msgspec.DecodeError as error:
        words = str(error).removeprefix("JSON is malformed: ")
        at = _BYTE.search(words)
        return f"{_place(body, int(at[1]) if at else len(body))}: {_BYTE.sub('', words)}."
    return None


def xml_fault(body: bytes) -> str | None:
    """What keeps the body from being well-formed XML 1.0 without a DOCTYPE, in words; None if nothing does."""
    parser = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(body, True)  # noqa: FBT003 - takes no names
    except expat.ExpatError as error:
        return f"line {error.lineno} of it, byte {error.offset + 1}: {expat.ErrorString(error.code)}."
    except _DoctypeError:
        return "it has a DOCTYPE, which is not sent."
    return None


def _place(body: bytes, at: int) -> str:
    before = body[:at]
    return f"line {before.count(b'\n') + 1} of it, byte {at - before.rfind(b'\n')}"


class _DoctypeError(Exception):
    pass


def _refuse_doctype(*_: Any) -> None:
    # Entities of its own can make a short text a very long one.
    raise _DoctypeError
