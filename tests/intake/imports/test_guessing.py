"""Which field a column probably brings."""

from distribution.fields import FieldSpec
from intake.imports.column_names import clean_names
from intake.imports.guessing import Guess, guess_fields

SPECS = [
    FieldSpec("first_name", "First name", "text", position=0),
    FieldSpec("email", "Email", "email", position=1),
    FieldSpec("contact_number", "Contact number", "phone", position=2),
    FieldSpec("zip", "ZIP", "text", position=3),
    FieldSpec("home", "Home", "address", position=4),
]


def guessed(names: list[str], *rows: list[str]) -> list[str | None]:
    return [guess.field for guess in guess_fields(SPECS, names, rows)]


def test_by_key_or_label_however_they_are_written() -> None:
    assert guess_fields(SPECS, ["FIRST-NAME", "Contact Number"], []) == [Guess("first_name", "high"), Guess("contact_number", "high")]


def test_by_other_words_for_the_same() -> None:
    guesses = guess_fields(SPECS, ["Vorname", "E-Mail-Adresse", "Tel.", "PLZ", "Comment"], [])
    assert guesses == [Guess(field, "medium") for field in ("first_name", "email", "contact_number", "zip", "note")]


def test_parts_of_an_address() -> None:
    assert guessed(["Street", "Town", "Bundesland"]) == ["home.street", "home.city", "home.state"]


def test_by_what_the_cells_look_like() -> None:
    names, rows = ["column 1", "column 2"], [["jane@example.com", "+1 213 373 4253"], ["", "0049 30 901820"], ["jo@example.com", ""]]
    assert guess_fields(SPECS, names, rows) == [Guess("email", "low"), Guess("contact_number", "low")]


def test_a_field_is_guessed_once_and_the_better_reason_wins() -> None:
    assert guessed(["Mail", "Email", "other"], ["a@example.com", "b@example.com", "c@example.com"]) == [None, "email", None]


def test_what_nobody_can_tell_is_left_open() -> None:
    assert guess_fields(SPECS, ["Colour"], [["red"]]) == [Guess()]


def test_every_column_has_a_name_of_its_own() -> None:
    names, warnings = clean_names(["Email", "", "email", " a\tb\u202e ", "email 2"])
    assert names == ["Email", "column 2", "email 2", "a b", "email 2 2"]
    assert [warning.partition(" ha")[0] for warning in warnings] == ["Column 2", "Column 3", "Column 5"]
