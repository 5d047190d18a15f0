"""A whole lead: matching of names, missing values, encrypted fields, hostile input."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distribution.fields import FieldSpec, compile_cleaner
from distribution.fields.exact_json import ExactDecoder, ExactEncoder, dump, load

CHOICES = {"choices": [{"value": "a", "label": "Apple"}, {"value": "b", "label": "Pear"}]}
ALL_TYPES = [
    FieldSpec("name", "First name", "text", options={"max_length": 40}),
    FieldSpec("story", "Story", "textarea", position=1),
    FieldSpec("budget", "Budget", "number", position=2),
    FieldSpec("email", "Email", "email", position=3),
    FieldSpec("phone", "Phone", "phone", position=4),
    FieldSpec("born", "Born", "date", position=5),
    FieldSpec("seen", "Seen", "datetime", position=6),
    FieldSpec("fruit", "Fruit", "select", options=CHOICES, position=7),
    FieldSpec("fruits", "Fruits", "multi_select", options=CHOICES, position=8),
    FieldSpec("agreed", "Agreed", "checkbox", position=9),
    FieldSpec("site", "Site", "url", position=10),
    FieldSpec("home", "Home", "address", position=11),
    FieldSpec("ssn", "SSN", "text", is_encrypted=True, position=12),
]
CLEANER = compile_cleaner(ALL_TYPES, default_region="DE")


@pytest.mark.parametrize("name", ["name", "First name", "FIRST_NAME", "first-name", "firstname", "N-A_M e"])
def test_a_field_is_found_by_key_or_label_loosely(name: str) -> None:
    assert CLEANER.clean({name: "Jane"}).values == {"name": "Jane"}


def test_an_exact_key_goes_before_another_fields_label() -> None:
    specs = [FieldSpec("other", "email", "text"), FieldSpec("email", "Contact", "text", position=1)]

    assert compile_cleaner(specs, default_region=None).clean({"email": "x"}).values == {"email": "x"}


def test_two_names_for_one_field_are_a_fault_that_names_both() -> None:
    cleaned = CLEANER.clean({"First Name": "Jane", "name": "Joan"})

    assert [(fault.attr, fault.code, fault.detail) for fault in cleaned.faults] == [
        ("name", "duplicate", 'First name is given twice, as "First Name" and as "name"; wanted once.')
    ]


def test_unknown_keys_are_reported_cut_and_safe_to_write() -> None:
    cleaned = CLEANER.clean({"utm": 1, "\ud800": 2, "x" * 100: 3})

    assert cleaned.unknown == ["utm", "?", "x" * 49 + "…"]
    assert cleaned.faults == []


def test_a_key_that_only_begins_like_a_field_is_unknown() -> None:
    assert CLEANER.clean({"name" + "-" * 400 + "x": "Jane"}).values == {}


def test_a_flood_of_unknown_keys_is_counted() -> None:
    unknown = CLEANER.clean({f"k{number}": 1 for number in range(1_500)}).unknown

    assert len(unknown) == 101
    assert unknown[-1] == "and 1,400 more"


@pytest.mark.parametrize("raw", [{}, {"name": None}, {"name": ""}, {"name": "  "}])
def test_a_missing_required_field_is_a_fault(raw: dict[str, Any]) -> None:
    cleaner = compile_cleaner([FieldSpec("name", "First name", "text", is_required=True)], default_region=None)

    (fault,) = cleaner.clean(raw).faults

    assert (fault.attr, fault.code) == ("name", "required")
    assert fault.detail == "First name is missing; wanted a text of at most 10,000 characters."


def test_a_default_stands_in_for_a_missing_value() -> None:
    cleaner = compile_cleaner([FieldSpec("n", "N", "number", is_required=True, default="7.50")], default_region=None)

    assert cleaner.clean({"n": ""}).values == {"n": Decimal("7.5")}


def test_a_default_of_several_values_is_not_shared_between_leads() -> None:
    spec = FieldSpec("f", "F", "multi_select", options=CHOICES, default=["a"])
    cleaner = compile_cleaner([spec], default_region=None)

    cleaner.clean({}).values["f"].append("b")

    assert cleaner.clean({}).values == {"f": ["a"]}


def test_a_default_that_no_longer_fits_counts_as_none() -> None:
    spec = FieldSpec("f", "F", "select", options=CHOICES, default="gone")

    assert compile_cleaner([spec], default_region=None).clean({}).values == {}


def test_encrypted_values_are_kept_apart() -> None:
    cleaned = CLEANER.clean({"ssn": "078-05-1120", "name": "Jane"})

    assert (cleaned.values, cleaned.sealed) == ({"name": "Jane"}, {"ssn": "078-05-1120"})


@pytest.mark.parametrize("field_type", ["text", "number", "email", "phone", "date", "select", "checkbox", "url"])
def test_a_fault_never_repeats_an_encrypted_value(field_type: str) -> None:
    spec = FieldSpec("ssn", "SSN", field_type, options=CHOICES if field_type == "select" else {}, is_encrypted=True)

    (fault,) = compile_cleaner([spec], default_region="US").clean({"ssn": "0785511200\x00secret"}).faults

    assert fault.detail.startswith("SSN: the value ")
    assert "078" not in fault.detail
    assert "secret" not in fault.detail


def test_parts_of_an_address_may_come_as_keys_of_their_own() -> None:
    assert CLEANER.clean({"home.city": "Berlin", "Home.Post code": "10115"}).values == {"home": {"postcode": "10115", "city": "Berlin"}}


def test_an_address_given_whole_and_in_parts_is_a_fault() -> None:
    (fault,) = CLEANER.clean({"home": {"city": "Berlin"}, "home.city": "Bonn"}).faults

    assert fault.detail == 'Home is given twice, as "home" and as "home.city"; wanted once.'


def test_a_lead_that_is_no_object_is_a_fault() -> None:
    hostile: Any = None

    assert [fault.detail for fault in CLEANER.clean(hostile).faults] == ["A lead is null; wanted an object of field names and values."]


def test_a_400_deep_nest_is_a_fault() -> None:
    nest: Any = []
    for _ in range(400):
        nest = [nest]

    assert len(CLEANER.clean({spec.key: nest for spec in ALL_TYPES}).faults) == len(ALL_TYPES)


def test_values_survive_json_to_the_last_digit() -> None:
    values = CLEANER.clean({"budget": "123456789012345678901234567.125"}).values

    assert load(dump(values)) == values == {"budget": Decimal("123456789012345678901234567.125")}
    assert json.loads(json.dumps(values, cls=ExactEncoder), cls=ExactDecoder) == values


HOSTILE = st.text("aZ09 .,:;+-_@/\x00\r\n\ud800\udfffßİ\u00a0٣", max_size=20)
PARTS = st.sampled_from(["city", "latitude", "country_code", "x"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals(allow_nan=True, allow_infinity=True)
    | HOSTILE
    | st.sampled_from(["1e5", "2026-01-31", "a", "+4930901820", "jane@example.com", "http://a.b/", "on", "2026-01-31T10:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PARTS, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from([*(spec.key for spec in ALL_TYPES), "home.city", "First Name"]) | HOSTILE


@settings(max_examples=400)
@given(st.dictionaries(NAMES, JSON, max_size=8))
def test_cleaning_never_raises_and_a_second_time_changes_nothing(raw: dict[str, Any]) -> None:
    cleaned = CLEANER.clean(raw)
    once = {**cleaned.values, **cleaned.sealed}

    dump([cleaned.unknown, [fault.detail for fault in cleaned.faults]])
    again = CLEANER.clean(load(dump(once)))

    assert {**again.values, **again.sealed} == once
    assert (again.faults, again.unknown) == ([], [])
