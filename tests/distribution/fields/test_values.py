"""What each field type takes, and what it becomes."""

from decimal import Decimal
from typing import Any

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from distribution.fields import FieldSpec, compile_cleaner

CHOICES = {"choices": [{"value": "CA", "label": "California"}, {"value": "NY", "label": "New York"}]}
GRID = {"min": 0, "max": 100, "step": Decimal("0.5")}


def clean_one(field_type: str, raw: Any, options: dict[str, Any] | None = None, region: str | None = "US") -> Any:
    spec = FieldSpec("f", "F", field_type, options=options or {})
    cleaned = compile_cleaner([spec], default_region=region).clean({"f": raw})
    assert not cleaned.faults, cleaned.faults
    return cleaned.values.get("f")


def fault_of(field_type: str, raw: Any, options: dict[str, Any] | None = None, region: str | None = "US") -> str:
    spec = FieldSpec("f", "F", field_type, options=options or {})
    (fault,) = compile_cleaner([spec], default_region=region).clean({"f": raw}).faults
    return fault.detail


@pytest.mark.parametrize(
    ("field_type", "raw", "value"),
    [
        ("text", "  Jane ", "Jane"),
        ("text", 90210, "90210"),
        ("text", 1.50, "1.5"),
        ("text", Decimal("1E-7"), "0.0000001"),
        ("text", " \t ", None),
        ("textarea", "a\r\nb\rc", "a\nb\nc"),
        ("number", "42", 42),
        ("number", " -1234.50 ", Decimal("-1234.5")),
        ("number", 25.1, Decimal("25.1")),
        ("number", "1e3", 1000),
        ("number", Decimal("0.10"), Decimal("0.1")),
        ("number", "-0.0", 0),
        ("number", 10**30 - 1, 10**30 - 1),
        ("number", "", None),
        ("email", "Jane.Doe@EXAMPLE.com", "Jane.Doe@example.com"),
        ("email", "jane@bücher.example", "jane@bücher.example"),
        ("email", "leads@helios.test", "leads@helios.test"),
        ("phone", "(415) 555-2671", "+14155552671"),
        ("phone", 4155552671, "+14155552671"),
        ("phone", "+49 30 901820", "+4930901820"),
        ("phone", "+39 06 6982", "+39066982"),
        ("date", "2026-02-28", "2026-02-28"),
        ("datetime", "2026-01-31T14:30:00+02:00", "2026-01-31T12:30:00Z"),
        ("datetime", "2026-01-31 14:30", "2026-01-31T14:30:00Z"),
        ("datetime", "2026-01-31T14:30:00.25Z", "2026-01-31T14:30:00.250000Z"),
        ("checkbox", "on", True),
        ("checkbox", "YES", True),
        ("checkbox", "1", True),
        ("checkbox", 0, False),
        ("checkbox", "false", False),
        ("url", "HTTPS://Example.COM/A?b#c", "https://example.com/A?b#c"),
        ("url", "http://User@Example.com:8080", "http://User@example.com:8080"),
        ("address", {"city": " Berlin ", "country_code": "de", "latitude": "52.5"}, None),
    ],
)
def test_a_value_is_normalised(field_type: str, raw: Any, value: Any) -> None:
    if field_type == "address":
        value = {"city": "Berlin", "country_code": "DE", "latitude": Decimal("52.5")}

    result = clean_one(field_type, raw)

    assert result == value
    assert type(result) is type(value)


WANTED = {
    "text": "a text of at most 10,000 characters",
    "number": "a number, such as 1234.5",
    "email": "an email address such as jane@example.com",
    "phone": "a telephone number such as +14155552671",
    "date": "a date such as 2026-01-31",
    "datetime": "a date and time such as 2026-01-31T14:30:00Z",
    "checkbox": "true or false",
    "url": "a URL that starts with http:// or https://",
}


@pytest.mark.parametrize(
    ("field_type", "raw", "fault"),
    [
        ("text", True, "true is not a text"),
        ("text", {"a": 1}, "an object is not a text"),
        ("text", "a\x00b", '"a\ufffdb" contains a NUL character'),
        ("text", "a\ud800", '"a?" contains half of a surrogate pair, which is no character'),
        ("number", "1,5", '"1,5" is not a number'),
        ("number", "1_000", '"1_000" is not a number'),
        ("number", True, "true is not a number"),
        ("number", float("nan"), "nan is not a number"),
        ("number", "Infinity", '"Infinity" is not a number'),
        ("number", "1e999999", '"1e999999" has more than 30 digits'),
        ("number", "9" * 31, f'"{"9" * 31}" has more than 30 digits'),
        ("email", "jane@", '"jane@" is not an email address'),
        ("phone", "123", '"123" is not a telephone number of a length in use there'),
        ("date", "31.01.2026", '"31.01.2026" is not a date'),
        ("date", "2026-02-30", '"2026-02-30" is no day of the calendar'),
        ("date", "2026-01-31T00:00:00Z", '"2026-01-31T00:00:00Z" is not a date'),
        ("datetime", "0001-01-01T00:00+14:00", '"0001-01-01T00:00+14:00" is no moment of the calendar'),
        ("checkbox", "maybe", '"maybe" is neither true nor false'),
        ("url", "ftp://example.com", '"ftp://example.com" is not a URL'),
        ("url", "http://[", '"http://[" is not a URL'),
        ("url", "javascript:alert(1)", '"javascript:alert(1)" is not a URL'),
    ],
)
def test_a_fault_names_the_field_the_value_and_what_is_wanted(field_type: str, raw: Any, fault: str) -> None:
    assert fault_of(field_type, raw) == f"F: {fault}; wanted {WANTED[field_type]}."


def test_a_number_too_long_to_print_is_refused_cheaply() -> None:
    assert fault_of("number", 10**100_000) == "F: a huge number has more than 30 digits; wanted a number, such as 1234.5."
    assert fault_of("number", Decimal("1E+999999999")).startswith("F: 1e+999999999 has more than 30 digits")


def test_a_long_value_is_cut_at_50_characters_in_its_fault() -> None:
    assert fault_of("email", "x" * 200).startswith('F: "' + "x" * 49 + '…" is not')


def test_a_text_longer_than_its_field_allows_is_refused() -> None:
    assert fault_of("text", "abcdef", {"max_length": 5}) == 'F: "abcdef" has 6 characters; wanted a text of at most 5 characters.'


@pytest.mark.parametrize(("raw", "value"), [(0, 0), ("100", 100), ("99.5", Decimal("99.5"))])
def test_a_number_on_the_grid_is_taken(raw: Any, value: Any) -> None:
    assert clean_one("number", raw, GRID) == value


@pytest.mark.parametrize(("raw", "fault"), [("-0.5", "is too small"), (101, "is too large"), ("0.25", "lies between two steps")])
def test_a_number_off_the_grid_is_refused(raw: Any, fault: str) -> None:
    assert f"{fault}; wanted a number of at least 0 and at most 100 in steps of 0.5." in fault_of("number", raw, GRID)


def test_a_telephone_number_without_country_needs_a_default_region() -> None:
    assert fault_of("phone", "415 555 2671", region=None).endswith(f"wanted {WANTED['phone']}, with its country code.")


def test_a_telephone_number_that_changes_at_each_reading_is_refused() -> None:
    assert "is not a telephone number" in fault_of("phone", "08882690595", region="BY")


@pytest.mark.parametrize("raw", ["CA", "ca", "California", " CALIFORNIA "])
def test_a_select_takes_value_or_label_whatever_the_case(raw: str) -> None:
    assert clean_one("select", raw, CHOICES) == "CA"


def test_a_select_refuses_what_is_no_option() -> None:
    assert fault_of("select", "TX", CHOICES) == 'F: "TX" is none of the options; wanted one of CA, NY.'


@pytest.mark.parametrize("raw", [["NY", "california", "NY"], "New York; ca", "NY,CA"])
def test_several_choices_come_in_the_order_of_the_options(raw: Any) -> None:
    assert clean_one("multi_select", raw, CHOICES) == ["CA", "NY"]


@pytest.mark.parametrize("raw", [[], "", [" "]])
def test_no_choice_is_a_missing_value(raw: Any) -> None:
    assert clean_one("multi_select", raw, CHOICES) is None


def test_an_address_refuses_a_faulty_part_by_name() -> None:
    assert "has a latitude that is too large; wanted an object with any of street" in fault_of("address", {"latitude": 91})
    assert "has a country_code that is not two letters" in fault_of("address", {"country_code": "ß"})


def by_validator(raw: str) -> str | None:
    try:
        return validate_email(raw, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return None


PLAIN = "abXZ01.+-_!"
DOMAINS = st.sampled_from([".com", ".TEST", ".local", ".x1", ".co-m", "example.Org", "xn--bcher-kva.example", "a--b.de", ""])


@settings(max_examples=300)
@given(st.text(PLAIN, max_size=8), st.text(PLAIN, max_size=4), DOMAINS)
def test_an_email_address_is_taken_as_the_validator_takes_it(local: str, domain: str, ending: str) -> None:
    raw = f"{local}@{domain}{ending}"
    cleaned = compile_cleaner([FieldSpec("f", "F", "email")], default_region=None).clean({"f": raw})

    assert cleaned.values.get("f") == by_validator(raw)
