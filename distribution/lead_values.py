"""Where a lead's values belong: among the plain ones or among the sealed ones. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from distribution.fields import FieldSpec


def arrange(
    specs: Iterable[FieldSpec], values: Mapping[str, Any], sealed: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return (plain, secret): the stored values, each where its field's present `is_encrypted` puts it.

    A field may have been switched since the lead was stored, and `distribution.resealing` may not have come to it yet: every reader goes through
    here, so that such a value is as secret, or as plain, as its field says now. Values of fields that the Entity no longer has stay where they are.
    """
    is_encrypted = {spec.key: spec.is_encrypted for spec in specs}
    to_hide = [key for key in values if is_encrypted.get(key, False)]
    to_show = [key for key in sealed if not is_encrypted.get(key, True)]
    if not to_hide and not to_show:
        return values, sealed
    # Of a key that is in both places, the one that is in its right place is the later.
    plain = {**{key: sealed[key] for key in to_show}, **{key: value for key, value in values.items() if key not in to_hide}}
    secret = {**{key: values[key] for key in to_hide}, **{key: value for key, value in sealed.items() if key not in to_show}}
    return plain, secret
