"""Which fields of a lead go out, in which order and under which names."""

from decimal import Decimal
from typing import Any

import pytest

from delivery.payload import chosen_fields, clean_selection, select_fields
from distribution.fields import FieldSpec

SPECS = (
    FieldSpec("first_name", "First name", "text"),
    FieldSpec("budget", "Budget", "number"),
    FieldSpec("ssn", "SSN", "text", is_encrypted=True),
    FieldSpec("email", "Email", "email"),
)
VALUES = {"id": "0199", "status": "new", "first_name": "Jane", "budget": Decimal("12.50"), "email": "jane@example.com"}
SEALED = {"ssn": "078-05-1120"}


def sent(selection: dict[str, Any], values: dict[str, Any] | None = None) -> list[tuple[str, Any]]:
    fields = select_fields(selection, SPECS, VALUES if values is None else values, SEALED)
    return [(field.name, field.value) for field in fields]


def test_all_leaves_encrypted_fields_out_altogether() -> None:
    assert sent({"mode": "all", "include_encrypted": False}) == [
        ("first_name", "Jane"),
        ("budget", Decimal("12.50")),
        ("email", "jane@example.com"),
    ]


def test_all_with_encrypted_fields_in_the_entitys_order() -> None:
    names = [name for name, _ in sent({"mode": "all", "include_encrypted": True})]
    assert names == ["first_name", "budget", "ssn", "email"]
    assert dict(sent({"mode": "all", "include_encrypted": True}))["ssn"] == "078-05-1120"


def test_selected_fields_in_their_own_order_and_under_their_own_names() -> None:
    selection = {"mode": "selected", "selected": [{"key": "email"}, {"key": "first_name", "as": "Name"}]}
    assert sent(selection) == [("email", "jane@example.com"), ("Name", "Jane")]


def test_choosing_an_encrypted_field_by_name_sends_it() -> None:
    (field,) = select_fields({"mode": "selected", "selected": [{"key": "ssn", "as": "Social"}]}, SPECS, VALUES, SEALED)
    assert (field.key, field.name, field.label, field.value, field.is_encrypted) == ("ssn", "Social", "Social", "078-05-1120", True)


def test_a_plain_value_never_stands_in_for_an_encrypted_one() -> None:
    (field,) = select_fields({"mode": "selected", "selected": [{"key": "ssn"}]}, SPECS, {"ssn": "left over"}, {})
    assert field.value is None


def test_a_missing_value_is_none() -> None:
    assert sent({"mode": "all"}, {}) == [("first_name", None), ("budget", None), ("email", None)]


def test_a_system_field_may_be_chosen() -> None:
    (field,) = select_fields({"mode": "selected", "selected": [{"key": "id", "as": "ref"}]}, SPECS, VALUES, {})
    assert (field.name, field.label, field.value, field.type) == ("ref", "ref", "0199", "text")


def test_a_field_that_the_entity_lost_keeps_its_column() -> None:
    assert sent({"mode": "selected", "selected": [{"key": "gone"}, {"key": "email"}]}, {"gone": "x", "email": "y"}) == [
        ("gone", None),
        ("email", "y"),
    ]


def test_the_label_for_people_is_the_rename_or_the_entitys() -> None:
    selection = {"mode": "selected", "selected": [{"key": "email"}, {"key": "budget", "as": "Price"}]}
    assert [field.label for field in select_fields(selection, SPECS, VALUES, {})] == ["Email", "Price"]


def test_templates_may_name_what_goes_out() -> None:
    assert [info.key for info in chosen_fields({"mode": "all", "include_encrypted": False}, SPECS)] == ["first_name", "budget", "email"]


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        (None, {"mode": "all", "include_encrypted": False}),
        ({"mode": "all"}, {"mode": "all", "include_encrypted": False}),
        ({"mode": "all", "include_encrypted": True}, {"mode": "all", "include_encrypted": True}),
        (
            {"mode": "selected", "selected": [{"key": "first_name", "as": " Name "}, {"key": "email", "as": None}]},
            {"mode": "selected", "selected": [{"key": "first_name", "as": "Name"}, {"key": "email"}]},
        ),
        ({"mode": "selected", "selected": [{"key": "updated_at"}]}, {"mode": "selected", "selected": [{"key": "updated_at"}]}),
        ({"mode": "selected", "selected": [{"key": "ssn"}]}, {"mode": "selected", "selected": [{"key": "ssn"}]}),
    ],
)
def test_a_selection_as_it_is_stored(raw: Any, stored: dict[str, Any]) -> None:
    assert clean_selection(raw, SPECS) == (stored, [])


def selected(*items: Any) -> dict[str, Any]:
    return {"mode": "selected", "selected": list(items)}


@pytest.mark.parametrize(
    ("raw", "attr", "code"),
    [
        ("all", "fields", "invalid"),
        ({}, "fields.mode", "invalid"),
        ({"mode": "some"}, "fields.mode", "invalid"),
        ({"mode": ["all"]}, "fields.mode", "invalid"),
        ({"mode": "all", "include_encrypted": "yes"}, "fields.include_encrypted", "invalid"),
        ({"mode": "all", "only": []}, "fields.only", "unknown"),
        ({"mode": "selected"}, "fields.selected", "invalid"),
        ({"mode": "selected", "selected": []}, "fields.selected", "invalid"),
        (selected("email"), "fields.selected.0", "invalid"),
        (selected({"key": "nope"}), "fields.selected.0.key", "unknown_field"),
        (selected({"key": ["email"]}), "fields.selected.0.key", "unknown_field"),
        (selected({"key": "email"}, {"key": "email", "as": "Other"}), "fields.selected.1.key", "duplicate"),
        (selected({"key": "email"}, {"key": "budget", "as": "email"}), "fields.selected.1.as", "duplicate"),
        (selected({"key": "email", "as": "  "}), "fields.selected.0.as", "invalid"),
        (selected({"key": "email", "as": "x" * 101}), "fields.selected.0.as", "invalid"),
        (selected({"key": "email", "as": "a\nb"}), "fields.selected.0.as", "invalid"),
        (selected({"key": "email", "as": "a\x00b"}), "fields.selected.0.as", "invalid"),
        (selected({"key": "email", "as": "half \ud800"}), "fields.selected.0.as", "invalid"),
        (selected({"key": "email", "as": 5}), "fields.selected.0.as", "invalid"),
        (selected({"key": "email", "rename": "x"}), "fields.selected.0.rename", "unknown"),
    ],
)
def test_a_wrong_selection_names_its_place(raw: Any, attr: str, code: str) -> None:
    _, faults = clean_selection(raw, SPECS)
    assert [(fault.attr, fault.code) for fault in faults] == [(attr, code)]
