"""Which rules a real answer suggests."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.dashboard.channel_acceptance import MOST, propose, read_proposal
from tests.delivery.dashboard.test_channel_form import stored


def words(status: int | None, body: str | None) -> list[str]:
    return [one.words for one in propose(status, body)]


def test_places_that_tell_how_it_went_come_first_and_the_status_last() -> None:
    body = '{"brand": "Helios", "id": "a-1", "result": {"status": "accepted", "lead_id": 7}, "success": true}'
    assert words(200, body) == ['$.result.status is "accepted"', "$.success is true", '$.brand is "Helios"', "The status 200"]


def test_an_answer_in_words_suggests_its_first_line() -> None:
    assert words(200, "\nOK, thank you\nmore") == ["The text “OK, thank you”", "The status 200"]


@pytest.mark.parametrize("body", ["", None, "[1, 2]", "\x00\x01", "{}"])
def test_a_body_without_a_sign_leaves_the_status(body: str | None) -> None:
    assert words(202, body)[-1] == "The status 202"


@pytest.mark.parametrize("status", [None, 302, 401, 503])
def test_without_an_answer_and_from_one_of_trouble_there_is_nothing_to_suggest(status: int | None) -> None:
    assert propose(status, '{"status": "error"}') == []


def test_a_name_that_needs_quotes_gets_them() -> None:
    assert words(200, '{"lead status": "ok"}')[0] == "$['lead status'] is \"ok\""


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=80),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=20), inner),
)


@given(json_values)
def test_whatever_is_answered_suggests_rules_that_can_be_saved(value: object) -> None:
    proposals = propose(200, json.dumps(value))
    assert len(proposals) <= MOST
    for one in proposals:
        rules = read_proposal(one.packed)
        assert rules == list(one.rules)
        stored("webhook", {"url": "https://partner.example.com/leads", "answers": rules})
