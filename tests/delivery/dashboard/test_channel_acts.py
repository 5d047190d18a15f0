"""What the buttons inside the form of a channel do, before anything is saved."""

import pytest
from django.http import QueryDict

from delivery.dashboard.channel_acceptance import propose
from delivery.dashboard.channel_acts import acted
from delivery.dashboard.channel_form import read_form

FORM = "field=a&field=b&field=c&headers-0-name=A&headers-0-value=1&headers-3-name=B&headers-3-secret=on&answers-0-status=404&answers-0-then=rejected"


def after(act: str) -> QueryDict:
    return acted(QueryDict(FORM), act)


def test_a_row_is_added_behind_the_others() -> None:
    assert after("add:headers")["headers-4-name"] == ""
    assert after("add:answers")["answers-1-then"] == "accepted"


def test_a_row_is_removed_with_all_its_parts() -> None:
    left = after("remove:headers:3")
    assert [name for name in left if name.startswith("headers")] == ["headers-0-name", "headers-0-value"]


@pytest.mark.parametrize(("act", "order"), [("up:b", "bac"), ("down:b", "acb"), ("up:a", "abc"), ("down:c", "abc"), ("up:unknown", "abc")])
def test_a_field_moves_by_one_and_not_beyond_the_ends(act: str, order: str) -> None:
    assert after(act).getlist("field") == list(order)


@pytest.mark.parametrize(
    "act", ["preview", "", "add:fields", "remove:headers:x", "remove:fields:0", "rules:no json", "rules:[1]", 'rules:{"a":1}']
)
def test_any_other_leaves_the_form_as_it_is(act: str) -> None:
    assert after(act) == QueryDict(FORM)


def test_rules_that_an_answer_suggests_come_before_those_that_are_there() -> None:
    proposal = propose(200, '{"result": {"status": "accepted"}}')[0]
    answers = read_form(after(f"rules:{proposal.packed}"), "webhook").raw["config"]["answers"]
    assert answers == [
        {"when": {"json": {"path": "$.result.status", "equals": "accepted"}}, "then": "accepted", "reason": ""},
        {"when": {"status": "2xx"}, "then": "rejected", "reason": "The partner answered without its sign of acceptance."},
        {"when": {"status": 404}, "then": "rejected", "reason": ""},
    ]
