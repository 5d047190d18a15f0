"""Rules as profiles and assignments save them."""

from typing import Any

import pytest

from tests.builders import FIELDS, Set, make_account, make_lead, make_set

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

LOCAL = {"all": [{"field": "phone", "operator": "equals", "value": "(415) 555-2671"}]}


@pytest.fixture
def acme() -> Set:
    acme = make_set(make_account())
    fields = [*FIELDS, {"key": "phone", "label": "Phone", "type": "phone"}]
    assert acme.shop.call("PATCH", "entities/solar_leads", {"fields": fields}).status_code == 200
    return acme


def addresses_of(acme: Set) -> tuple[str, str]:
    return f"profiles/{acme.profile.id}", f"profiles/{acme.profile.id}/assignments/{acme.assignment.id}"


def deliveries_of(acme: Set, **values: Any) -> int:
    lead = make_lead(acme.shop, **values)
    return len(acme.shop.get(f"leads/{lead.id}")["deliveries"])


@pytest.mark.parametrize("place", [0, 1])
def test_a_telephone_number_is_saved_as_it_is_routed_by_the_accounts_region(acme: Set, place: int) -> None:
    answer = acme.shop.call("PATCH", addresses_of(acme)[place], {"rules": LOCAL})
    assert answer.status_code == 200, answer.content
    assert deliveries_of(acme, phone="+1 415 555 2671") == 1
    assert deliveries_of(acme, phone="+1 415 555 2672") == 0


def test_leads_are_routed_by_a_pattern(acme: Set) -> None:
    rules = {"all": [{"field": "zip", "operator": "matches", "value": "^9[0-6]"}]}
    assert acme.shop.call("PATCH", addresses_of(acme)[0], {"rules": rules}).status_code == 200
    assert [deliveries_of(acme, zip=zip_code) for zip_code in ("90210", "97210", "19000")] == [1, 0, 0]


def test_a_pattern_that_does_not_compile_is_not_saved(acme: Set) -> None:
    rules = {"any": [{"field": "zip", "operator": "matches", "value": "(?=9)"}]}
    answer = acme.shop.call("PATCH", addresses_of(acme)[0], {"rules": rules})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "code": "invalid",
            "attr": "rules.any.0.value",
            "detail": 'The operator matches on ZIP has "(?=9)", which RE2 can not use (invalid perl operator: (?=); back-references and look-arounds '
            "are not supported; wanted a regular expression as RE2 has it.",
        }
    ]
