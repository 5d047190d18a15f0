"""Values in a JSON text. What stands inside of a string is escaped for it, what stands in place of a value is written as JSON."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from jinja2 import Undefined, pass_context
from jinja2.runtime import Context

from delivery.templating.text import counted_text, spend

# Put around every value of a JSON template by `json_places`; no user can write these names.
IN_STRING = "_in_string"
AS_VALUE = "_as_value"


class JsonText(str):
    """A text that is JSON already."""

    __slots__ = ()


def _substitute(value: Any) -> Any:
    if isinstance(value, Undefined):
        return str(value)  # raises, with the name that there is not
    raise TypeError("This is no value.")


_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=_substitute).encode


@pass_context
def as_json(context: Context, value: Any) -> JsonText:
    """The value as JSON: a text in quotation marks, a number as its digits, true, false, null, a list, an object."""
    text = value if isinstance(value, JsonText) else JsonText(_encode(value).decode())
    spend(context, 100 + len(text))
    return text


@pass_context
def in_string(context: Context, value: Any) -> str:
    """The value's text between quotation marks that stand in the template: it cannot end them."""
    return _encode(str(counted_text(context, value))).decode()[1:-1]


PLACERS: Mapping[str, Callable[..., str]] = {IN_STRING: in_string, AS_VALUE: as_json}
