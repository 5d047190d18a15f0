"""Descriptions of fields, as the API takes them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distribution.fields import FIELD_TYPES, FieldSpec, clean_field_spec, clean_field_specs


def faults_of(raw: Any) -> list[tuple[str, str]]:
    spec, faults = clean_field_spec(raw)
    assert spec is None
    return [(fault.attr, fault.code) for fault in faults]


def test_a_description_becomes_a_spec() -> None:
    raw = {
        "key": "budget",
        "label": " Budget ",
        "type": "number",
        "required": True,
        "default": "1.50",
        "options": {"min": "0.5"},
    }

    assert clean_field_spec(raw, position=3) == (
        FieldSpec(
            "budget",
            "Budget",
            "number",
            is_required=True,
            default=Decimal("1.5"),
            options={"min": Decimal("0.5")},
            position=3,
        ),
        [],
    )


def test_a_label_comes_from_the_key_where_there_is_none() -> None:
    spec, _ = clean_field_spec({"key": "first_name", "type": "text"})

    assert spec is not None
    assert spec.label == "First name"


@pytest.mark.parametrize("options", [["Red", {"value": "b", "label": "Blue"}], {"choices": ["Red", {"value": "b", "label": "Blue"}]}])
def test_options_of_a_select_become_values_with_labels(options: Any) -> None:
    spec, faults = clean_field_spec({"key": "colour", "type": "select", "options": options})

    assert faults == []
    assert spec is not None
    assert spec.options == {"choices": [{"value": "Red", "label": "Red"}, {"value": "b", "label": "Blue"}]}


@pytest.mark.parametrize("key", ["", "1a", "A", "a-b", "a" * 64, 7, "é", "a\n"])
def test_a_key_of_another_form_is_refused(key: Any) -> None:
    assert faults_of({"key": key, "type": "text"}) == [("key", "invalid")]


@pytest.mark.parametrize("key", ["id", "status", "created_at", "lead_name", "entity", "notes", "lead_object"])
def test_a_key_of_the_system_is_refused(key: str) -> None:
    assert faults_of({"key": key, "type": "text"}) == [("key", "reserved")]


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        ([], [("", "invalid")]),
        ({}, [("key", "required"), ("type", "required")]),
        ({"key": "a", "type": "money"}, [("type", "invalid")]),
        ({"key": "a", "type": "text", "requierd": True}, [("requierd", "unknown")]),
        ({"key": "a", "type": "text", "required": "yes"}, [("required", "invalid")]),
        ({"key": "a", "type": "text", "label": "x" * 201}, [("label", "too_long")]),
        ({"key": "a", "type": "text", "position": -1}, [("position", "invalid")]),
        (
            {"key": "a", "type": "text", "options": {"max_length": 0, "min": 1}},
            [("options.min", "unknown"), ("options.max_length", "invalid")],
        ),
        ({"key": "a", "type": "number", "options": {"min": 5, "max": 4}}, [("options.max", "invalid")]),
        ({"key": "a", "type": "number", "options": {"step": 0}}, [("options.step", "invalid")]),
        ({"key": "a", "type": "number", "options": {"min": "x"}}, [("options.min", "invalid")]),
        ({"key": "a", "type": "number", "options": {"max": 5}, "default": 6}, [("default", "out_of_range")]),
        ({"key": "a", "type": "checkbox", "options": {"x": 1}}, [("options.x", "unknown")]),
        ({"key": "a", "type": "select"}, [("options", "invalid")]),
        ({"key": "a", "type": "select", "options": ["x", "X"]}, [("options.1", "duplicate")]),
        ({"key": "a", "type": "select", "options": [{"label": "x"}]}, [("options.0", "required")]),
    ],
)
def test_faults_carry_their_path(raw: Any, faults: list[tuple[str, str]]) -> None:
    assert faults_of(raw) == faults


def test_a_list_of_fields_keeps_its_order() -> None:
    specs, faults = clean_field_specs([{"key": "a", "type": "text"}, {"key": "b", "type": "email", "id": "x"}])

    assert faults == []
    assert [(spec.key, spec.position) for spec in specs] == [("a", 0), ("b", 1)]


def test_two_fields_that_answer_to_one_name_are_refused() -> None:
    _, faults = clean_field_specs([{"key": "zip_code", "type": "text"}, {"key": "zip", "label": "ZIP-Code", "type": "text"}])

    assert [(fault.attr, fault.code) for fault in faults] == [("fields.1.label", "duplicate")]


def test_faults_of_a_list_name_the_field_by_its_place() -> None:
    _, faults = clean_field_specs([{"key": "a", "type": "text"}, {"type": "text"}])

    assert [(fault.attr, fault.code) for fault in faults] == [("fields.1.key", "required")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("aZ_ 1\x00\ud800é", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "label", "min", "choices"]), inner, max_size=3),
    max_leaves=5,
)
DESCRIPTIONS = st.fixed_dictionaries(
    {"key": JSON | st.just("a"), "type": JSON | st.sampled_from(FIELD_TYPES)},
    optional=dict.fromkeys(("label", "required", "default", "options", "is_encrypted", "position", "more"), JSON),
)


@settings(max_examples=200)
@given(DESCRIPTIONS | JSON)
def test_describing_never_raises(raw: Any) -> None:
    spec, faults = clean_field_spec(raw)

    assert (spec is None) == bool(faults)
