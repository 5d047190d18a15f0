"""What each operator says of each type."""

from decimal import Decimal
from typing import Any

import pytest

from tests.distribution.rules.leads import condition, holds

TRUE_ONES: list[tuple[str, Any, str, Any]] = [
    ("zip", "90210", "equals", " 90210 "),
    ("zip", "90210", "equals", 90210),
    ("zip", "SW1A", "equals", "sw1a"),
    ("zip", "90210", "not_equals", "10115"),
    ("zip", "90210", "in_list", ["10115", "90210"]),
    ("zip", "90210", "not_in_list", ["10115"]),
    ("zip", "SW1A 2AA", "contains", "1a 2"),
    ("zip", "SW1A", "not_contains", "x"),
    ("zip", "90210", "starts_with", "90"),
    ("zip", "SW1A", "ends_with", "1a"),
    ("zip", "90210", "matches", r"^9\d+$"),
    ("zip", "90210", "is_not_empty", None),
    ("zip", None, "is_empty", None),
    ("budget", 500, "equals", "500.0"),
    ("budget", 0.1, "equals", "0.1"),
    ("budget", Decimal("0.1"), "not_equals", 0.2),
    ("budget", 500, "in_list", [1, "500"]),
    ("budget", 499, "less_than", 500),
    ("budget", 500, "at_most", "500"),
    ("budget", Decimal("500.01"), "greater_than", 500),
    ("budget", 500, "at_least", 500),
    ("budget", 500, "between", [500, "500"]),
    ("email", "Jane@example.com", "equals", "jane@EXAMPLE.com"),
    ("email", "jane@example.com", "ends_with", "@Example.com"),
    ("phone", "+14155552671", "equals", "(415) 555-2671"),
    ("phone", "+14155552671", "starts_with", "+1415"),
    ("born", "1990-02-01", "less_than", "1990-02-02"),
    ("born", "1990-02-01", "between", ["1990-02-01", "1990-02-01"]),
    ("born", "2026-05-15", "within_last_days", 0),
    ("born", "2026-05-08", "within_last_days", "7"),
    ("born", "2026-05-07", "older_than_days", 7),
    ("seen", "2026-05-14T12:00:00Z", "within_last_days", 1),
    ("seen", "2026-05-14T11:59:59Z", "older_than_days", 1),
    ("seen", "2026-05-14T12:00:00.500000Z", "greater_than", "2026-05-14T12:00:00Z"),
    ("seen", "2026-05-14T12:00:00Z", "equals", "2026-05-14T14:00+02:00"),
    ("state", "CA", "equals", "california"),
    ("state", "CA", "in_list", ["New York", "CA"]),
    ("owner", True, "equals", "yes"),
    ("owner", False, "not_equals", True),
    ("tags", ["solar", "roof"], "equals", ["ROOF", "solar"]),
    ("tags", ["solar", "roof"], "any_of", ["roof", "heat"]),
    ("tags", ["solar", "roof"], "in_list", ["roof", "heat"]),
    ("tags", ["solar", "roof"], "all_of", ["roof"]),
    ("tags", ["solar"], "none_of", ["roof", "heat"]),
    ("tags", ["solar"], "not_in_list", ["roof"]),
    ("home", {"city": "Berlin"}, "is_not_empty", None),
]


@pytest.mark.parametrize(("field", "actual", "operator", "wanted"), TRUE_ONES)
def test_a_condition_is_true(field: str, actual: Any, operator: str, wanted: Any) -> None:
    assert holds({"all": [condition(field, operator, wanted)]}, {field: actual} if actual is not None else {})


@pytest.mark.parametrize(
    ("field", "actual", "operator", "wanted"),
    [
        ("zip", "10115", "starts_with", "90"),
        ("budget", 500, "greater_than", 500),
        ("budget", 500, "between", [501, 600]),
        ("born", "2026-05-16", "within_last_days", 7),
        ("born", "2026-05-08", "older_than_days", 7),
        ("seen", "2026-05-14T11:59:59Z", "within_last_days", 1),
        ("state", "NY", "equals", "CA"),
        ("owner", False, "equals", True),
        ("tags", ["solar"], "all_of", ["solar", "roof"]),
        ("tags", ["solar"], "none_of", ["solar"]),
        ("zip", "", "is_not_empty", None),
        ("zip", "0", "is_empty", None),
    ],
)
def test_a_condition_is_false(field: str, actual: Any, operator: str, wanted: Any) -> None:
    assert not holds({"all": [condition(field, operator, wanted)]}, {field: actual})


@pytest.mark.parametrize(("field", "_actual", "operator", "wanted"), TRUE_ONES)
def test_a_missing_value_makes_every_condition_false_but_is_empty(field: str, _actual: Any, operator: str, wanted: Any) -> None:
    assert holds({"all": [condition(field, operator, wanted)]}, {}) is (operator == "is_empty")


@pytest.mark.parametrize("actual", [7, True, "no such", [], ["x"], [[1]], {}, 1.5, Decimal("NaN"), Decimal("sNaN"), float("nan")])
@pytest.mark.parametrize(("field", "_actual", "operator", "wanted"), TRUE_ONES)
def test_a_value_of_another_type_is_never_an_error(field: str, _actual: Any, operator: str, wanted: Any, actual: Any) -> None:
    assert holds({"all": [condition(field, operator, wanted)]}, {field: actual}) in {True, False}


@pytest.mark.parametrize(
    ("field", "actual", "operator", "wanted"),
    [
        ("zip", 90210, "not_equals", "1"),
        ("budget", "500", "not_equals", 1),
        ("budget", True, "at_least", 0),
        ("born", "yesterday", "not_in_list", ["1990-01-01"]),
        ("owner", "true", "not_equals", False),
        ("tags", "roof", "none_of", ["solar"]),
    ],
)
def test_a_value_of_another_type_makes_negative_operators_false_too(field: str, actual: Any, operator: str, wanted: Any) -> None:
    assert not holds({"all": [condition(field, operator, wanted)]}, {field: actual})


@pytest.mark.parametrize(
    ("field", "operator", "wanted"),
    [
        ("status", "equals", "NEW"),
        ("source", "in_list", ["form", "api"]),
        ("id", "starts_with", "0198"),
        ("created_at", "within_last_days", 1),
        ("updated_at", "at_most", "2026-05-15T12:00:00Z"),
    ],
)
def test_system_fields_can_be_asked(field: str, operator: str, wanted: Any) -> None:
    assert holds({"all": [condition(field, operator, wanted)]})


def test_parts_of_an_address_can_be_asked() -> None:
    rule = {"all": [condition("home.postcode", "starts_with", "101"), condition("home.latitude", "at_least", 52)]}

    assert holds(rule, {"home": {"postcode": "10115", "latitude": Decimal("52.5")}})
    assert not holds(rule, {"home": {"postcode": "10115"}})


@pytest.mark.parametrize(
    ("operator", "wanted", "is_true"),
    [
        ("equals", " 078-AB ", True),
        ("equals", "079", False),
        ("not_equals", "079", True),
        ("not_equals", "078-ab", False),
        ("in_list", ["1", "078-ab"], True),
        ("not_in_list", ["1", "2"], True),
        ("not_in_list", ["078-AB"], False),
    ],
)
def test_an_encrypted_field_is_compared_by_its_blind_index(operator: str, wanted: Any, is_true: bool) -> None:
    assert holds({"all": [condition("ssn", operator, wanted)]}, sealed={"ssn": "078-Ab"}) is is_true


def test_an_encrypted_field_that_is_missing_makes_its_condition_false() -> None:
    assert not holds({"all": [condition("ssn", "not_equals", "079")]})


def test_a_part_of_an_encrypted_address_is_compared_by_its_blind_index() -> None:
    assert holds({"all": [condition("safe.postcode", "equals", "10115")]}, sealed={"safe": {"postcode": "10115"}})


def test_ten_thousand_values_fit_a_list() -> None:
    rule = {"all": [condition("zip", "in_list", [str(number) for number in range(10_000)])]}

    assert holds(rule, {"zip": "9999"})
    assert not holds(rule, {"zip": "10000"})
