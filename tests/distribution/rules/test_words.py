"""A rule in one line."""

from typing import Any

import pytest

from distribution.rules import load, rule_words
from tests.distribution.rules.leads import SPECS, condition

NINE = condition("zip", "starts_with", "90")
RICH = condition("budget", "at_least", 1000)
CALIFORNIA = condition("state", "equals", "CA")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({}, "every lead"),
        ({"all": [NINE]}, "ZIP starts with 90"),
        ({"all": [NINE, {"any": [RICH, CALIFORNIA]}]}, "ZIP starts with 90 and (Budget is at least 1000 or State is CA)"),
        ({"any": [NINE, {"all": [RICH]}]}, "ZIP starts with 90 or Budget is at least 1000"),
        ({"none": [NINE, RICH]}, "not (ZIP starts with 90 or Budget is at least 1000)"),
        ({"all": [condition("budget", "between", [1, 2])]}, "Budget lies between 1 and 2"),
        ({"all": [condition("roof", "equals", "flat")]}, "a condition that no longer fits"),
    ],
)
def test_the_words_of_a_rule(raw: dict[str, Any], words: str) -> None:
    assert rule_words(load(raw, SPECS)) == words


def test_what_is_wanted_of_an_encrypted_field_does_not_appear() -> None:
    assert rule_words(load({"all": [condition("ssn", "equals", "078-05-1120")]}, SPECS)) == "SSN is •••"


def test_a_long_rule_is_cut() -> None:
    assert len(rule_words(load({"all": [NINE] * 50}, SPECS))) == 200
