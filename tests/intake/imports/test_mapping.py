"""Which column brings which field, checked and put to use."""

import pytest

from distribution.fields import FieldSpec
from intake.imports.mapping import clean_mapping, lead_of_row, lost_slots

SPECS = [
    FieldSpec("first_name", "First name", "text", is_required=True, position=0),
    FieldSpec("email", "Email", "email", position=1),
    FieldSpec("consent", "Consent", "text", is_required=True, default="yes", position=2),
    FieldSpec("home", "Home", "address", position=3),
]


def test_a_column_may_bring_several_fields_and_names_are_matched_loosely() -> None:
    assert clean_mapping({"0": ["First Name", "note"], "1": "Email", "2": None}, SPECS, width=3) == (
        {0: ("first_name", "note"), 1: ("email",)},
        [],
    )


@pytest.mark.parametrize(
    ("raw", "attr", "code"),
    [
        ([], "mapping", "invalid"),
        ({}, "mapping", "required"),
        ({"0": None}, "mapping", "required"),
        ({"0": "email"}, "mapping", "required"),
        ({"3": "first_name"}, "mapping.3", "unknown_column"),
        ({"-1": "first_name"}, "mapping.-1", "unknown_column"),
        ({"²": "first_name"}, "mapping.²", "unknown_column"),
        ({"0": "nope"}, "mapping.0", "unknown_field"),
        ({"0": {"a": 1}}, "mapping.0", "unknown_field"),
        ({"0": "created_at"}, "mapping.0", "unknown_field"),
        ({"0": "first_name", "1": "first_name"}, "mapping", "duplicate"),
        ({"0": "first_name", "1": "home", "2": "home.city"}, "mapping", "duplicate"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_told(raw: object, attr: str, code: str) -> None:
    _, faults = clean_mapping(raw, SPECS, width=3)
    assert [(fault.attr, fault.code) for fault in faults] == [(attr, code)]


def test_a_required_field_is_named() -> None:
    _, (fault,) = clean_mapping({"1": "email"}, SPECS, width=3)
    assert fault.detail == "First name (first_name) is required and comes from no column; map one to it, or give the field a default."


def test_a_short_row_lacks_values() -> None:
    lead = lead_of_row(["Jane"], {0: ("first_name",), 1: ("email",)}, width=2)
    assert (lead.raw, lead.status, lead.note, lead.faults) == ({"first_name": "Jane"}, "new", "", ())


def test_a_long_row_is_faulty() -> None:
    (fault,) = lead_of_row(["Jane", "a", "b"], {0: ("first_name",)}, width=2).faults
    assert fault.detail == "The row has 3 cells and the file 2 columns. Is a quote missing?"


def test_status_and_note_are_bounded() -> None:
    lead = lead_of_row(["s" * 51, "n" * 10_001], {0: ("status",), 1: ("note",)}, width=2)
    assert [(fault.attr, fault.code) for fault in lead.faults] == [("status", "too_long"), ("note", "too_long")]


def test_fields_that_went_away_are_named() -> None:
    assert lost_slots({0: ("first_name", "gone"), 1: ("home.city",), 2: ("note",)}, SPECS) == ["gone"]
