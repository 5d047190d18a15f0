"""By what cells are separated."""

import pytest

from intake.imports.sniffing import said_delimiter, sniff_delimiter


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ("name,email\nJane,jane@example.com\nJo,jo@example.com\n", ","),
        ("name;email\nJane;jane@example.com\nJo;jo@example.com\n", ";"),
        ("name\temail\nJane\tjane@example.com\n", "\t"),
        ("name|email\nJane|jane@example.com\n", "|"),
        # Decimal commas in every row.
        ("name;price;rate\nJane;1,50;2,5\nJo;2,25;3,5\n", ";"),
        ("Name;Amount (EUR, gross);Day\nJane;1,50;Mon\nJo;2,25;Tue\n", ";"),
        # Other delimiters inside of quotes.
        ('name,tags\nJane,"a;b;c"\nJo,"d;e;f"\n', ","),
        ('name;place\n"Doe, Jane";"Bonn, DE"\n"Doe, Jo";"Ulm, DE"\n', ";"),
        # One row in ten is ragged.
        ("a,b,c\n" + "1,2,3\n" * 9 + "1,2\n", ","),
        ("email\njane@example.com\njo@example.com\n", ","),
        ("a;b;c\r1;2;3\r", ";"),
        ("", ","),
    ],
)
def test_the_delimiter_is_found(sample: str, delimiter: str) -> None:
    assert sniff_delimiter(sample) == delimiter


@pytest.mark.parametrize(("line", "said"), [("sep=;", ";"), ("SEP=\t", "\t"), ("sep=x", None), ("separator", None), ("sep=;,", None)])
def test_a_first_line_may_say_it(line: str, said: str | None) -> None:
    assert said_delimiter(line) == said
