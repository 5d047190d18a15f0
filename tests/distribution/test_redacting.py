import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.fields import FieldSpec, clean_field_specs
from distribution.redacting import with_hidden_values, without_values
from distribution.rules import compile_rule, first_failure, load, view_lead

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ASSIGNMENT = {"assignment": "a", "partner": "p", "partner_name": "Helios", "is_chosen": False}


def fields() -> list[FieldSpec]:
    specs, faults = clean_field_specs(
        [{"key": "city", "type": "text"}, {"key": "home", "label": "Home address", "type": "address"}], default_region="US"
    )
    assert not faults
    return specs


def detail_of(rules: Any, values: Any) -> dict[str, Any]:
    """A Decision as it is stored: the rules failed for the profile, and for one of its assignments."""
    rule = compile_rule(load(rules, fields(), default_region="US"), blind=lambda key, text: f"{key} {text}")
    lead = view_lead(values, lead_id="l", status="new", source="api", created_at=NOW, updated_at=NOW)
    failure = first_failure(rule, lead, NOW)
    assert failure is not None
    told = {"reason": f"{failure.words}.", "details": failure.as_json()}
    return {
        "profile": "s", "profile_name": "Solar West", "strategy": "send_to_all", "is_matched": False, **told,
        "assignments": [
            {**ASSIGNMENT, "code": "rule", **told},
            {**ASSIGNMENT, "code": "cap", "reason": "The cap of Helios is full.", "details": {"subject": "partner", "limit": 5}},
        ],
    }  # fmt: skip


def wants(field: str, value: str) -> dict[str, Any]:
    return {"all": [{"field": field, "operator": "equals", "value": value}]}


def test_of_an_erased_lead_the_codes_stay_and_the_values_go() -> None:
    before = detail_of(wants("city", "Oslo"), {"city": "Bergen"})
    assert "Bergen" in before["reason"]
    after = without_values(before)
    reason = "A condition on city decided (the lead was erased)."
    assert (after["reason"], after["is_matched"], after["profile_name"]) == (reason, False, "Solar West")
    assert after["details"] == before["details"] | {"wanted": None, "actual": None, "words": reason[:-1]}
    rule, cap = after["assignments"]
    assert (rule["code"], rule["reason"], rule["partner_name"]) == ("rule", reason, "Helios")
    assert cap == before["assignments"][1]


def test_redacting_twice_changes_nothing_more() -> None:
    once = without_values(detail_of(wants("city", "Oslo"), {"city": "Bergen"}))
    assert without_values(once) == once


@pytest.mark.parametrize("field", ["home", "home.city"])
def test_a_field_that_is_encrypted_by_now_is_masked_with_its_parts(field: str) -> None:
    rules = wants("home.city", "Oslo") if field == "home.city" else {"all": [{"field": "home", "operator": "is_empty"}]}
    before = detail_of(rules, {"home": {"city": "Bergen"}})
    after = with_hidden_values(before, {"home": "Home address"})
    assert after["reason"] == after["assignments"][0]["reason"] == "A condition on Home address decided; its values are encrypted."
    assert (after["details"]["wanted"], after["details"]["actual"], after["details"]["field"]) == ("•••", "•••", field)
    assert with_hidden_values(after, {"home": "Home address"}) == after


def test_fields_that_are_not_encrypted_are_told_as_before() -> None:
    before = detail_of(wants("city", "Oslo"), {"city": "Bergen"})
    assert with_hidden_values(before, {"home": "Home address"}) == before


# Of a rule that cannot be used the text of the rule is told, and nothing of the lead: keep to values that can.
VALUES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=80).map(lambda text: f"§{text}")


@given(wanted=VALUES, actual=VALUES, kind=st.sampled_from(["all", "any", "none"]))
def test_no_value_is_left_whatever_it_was(wanted: str, actual: str, kind: str) -> None:
    lead = {"city": actual, "home": {"street": actual, "city": actual}}
    conditions = [
        {"field": "city", "operator": "equals", "value": actual if kind == "none" else f"{actual}{wanted}"},
        {"field": "home.street", "operator": "contains", "value": f"{actual}{wanted}"},
    ]
    before = detail_of({kind: conditions}, lead)
    assert "§" in json.dumps(before, ensure_ascii=False)
    for after in (without_values(before), with_hidden_values(before, {"city": "City", "home": "Home address"})):
        assert "§" not in json.dumps(after, ensure_ascii=False)
