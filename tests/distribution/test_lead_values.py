from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.fields import FieldSpec
from distribution.lead_values import arrange

KEYS = ("a", "b", "c", "gone")
VALUES = st.dictionaries(st.sampled_from(KEYS), st.integers())


def specs(*encrypted: str) -> list[FieldSpec]:
    """The fields a, b and c."""
    return [
        FieldSpec(
            key=key, label=key, type="text", is_required=False, default=None, options={}, is_encrypted=key in encrypted, position=position
        )
        for position, key in enumerate("abc")
    ]


@pytest.mark.parametrize(
    ("encrypted", "values", "sealed", "plain", "secret"),
    [
        (["b"], {"a": 1}, {"b": 2}, {"a": 1}, {"b": 2}),
        (["a", "b"], {"a": 1}, {"b": 2}, {}, {"a": 1, "b": 2}),
        ([], {"a": 1}, {"b": 2}, {"a": 1, "b": 2}, {}),
        (["a"], {"a": 1}, {"b": 2}, {"b": 2}, {"a": 1}),
        (["a"], {"gone": 1}, {"a": 2}, {"gone": 1}, {"a": 2}),
        ([], {"a": 1}, {"gone": 2}, {"a": 1}, {"gone": 2}),
        (["a"], {"a": 1}, {"a": 2}, {}, {"a": 2}),
        ([], {"a": 1}, {"a": 2}, {"a": 1}, {}),
    ],
    ids=["in place", "made secret", "made plain", "both", "a plain orphan", "a sealed orphan", "secret twice", "plain twice"],
)
def test_each_value_goes_where_its_field_says(
    encrypted: list[str], values: Mapping[str, Any], sealed: Mapping[str, Any], plain: Mapping[str, Any], secret: Mapping[str, Any]
) -> None:
    assert arrange(specs(*encrypted), values, sealed) == (plain, secret)


@given(st.sets(st.sampled_from("abc")), VALUES, VALUES)
def test_nothing_is_lost_nothing_is_misplaced_and_twice_is_once(
    encrypted: set[str], values: dict[str, int], sealed: dict[str, int]
) -> None:
    plain, secret = arrange(specs(*encrypted), values, sealed)
    assert plain.keys() | secret.keys() == values.keys() | sealed.keys()
    assert not encrypted & plain.keys()
    assert secret.keys() <= encrypted | {"gone"}
    assert arrange(specs(*encrypted), plain, secret) == (plain, secret)
