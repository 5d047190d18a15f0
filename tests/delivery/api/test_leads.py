from typing import Any

import pytest

from accounts.ids import new_id
from distribution.models import Lead
from tests.builders import FIELDS, Set, make_account, make_entity, make_lead, make_set

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


def test_a_lead_is_told_with_where_it_went_and_why(acme: Set) -> None:
    answer = acme.shop.call("GET", f"leads/{acme.lead.id}")
    lead = answer.json()
    assert (lead["entity"], lead["entity_slug"], lead["lead_name"], lead["source"], lead["status"]) == (
        str(acme.entity.id), "solar_leads", "Jane", "api", "new",
    )  # fmt: skip
    assert lead["values"] == {"first_name": "Jane", "email": "jane@example.com", "zip": "90210", "budget": 1500.5, "ssn": "078-05-1120"}
    assert b'"budget":1500.5' in answer.content
    assert lead["encrypted_fields"] == ["ssn"]
    (delivery,) = lead["deliveries"]
    assert (delivery["id"], delivery["state"], delivery["partner"]) == (str(acme.delivery_id), "queued", str(acme.partner.id))
    (decision,) = lead["decisions"]
    assert (decision["profile"], decision["profile_name"], decision["is_matched"]) == (str(acme.profile.id), "Solar West", True)
    (assignment,) = decision["assignments"]
    assert (assignment["assignment"], assignment["is_chosen"], assignment["code"]) == (str(acme.assignment.id), True, "chosen")


def test_an_encrypted_value_needs_the_scope(acme: Set) -> None:
    key = acme.shop.key_with("read")
    for path in (f"leads/{acme.lead.id}", "leads"):
        answer = acme.shop.call("GET", path, key=key)
        assert b"078-05-1120" not in answer.content
        lead = answer.json()["results"][0] if path == "leads" else answer.json()
        assert (lead["values"]["ssn"], lead["encrypted_fields"]) == (None, ["ssn"])
    clear = acme.shop.get(f"leads/{acme.lead.id}", key=acme.shop.key_with("read", "read:encrypted"))
    assert clear["values"]["ssn"] == "078-05-1120"


def test_a_field_made_secret_later_hides_the_values_it_has_already(acme: Set) -> None:
    fields = [{**field, "is_encrypted": field["key"] in ("ssn", "zip")} for field in FIELDS]
    assert acme.shop.call("PATCH", "entities/solar_leads", {"fields": fields}).status_code == 200
    lead = acme.shop.get(f"leads/{acme.lead.id}", key=acme.shop.key_with("read"))
    assert (lead["values"]["zip"], lead["values"]["ssn"]) == (None, None)
    assert acme.shop.get(f"leads/{acme.lead.id}")["values"]["zip"] == "90210"


def test_of_an_erased_lead_no_encrypted_value_is_left(acme: Set) -> None:
    with acme.shop.open():
        Lead.objects.filter(id=acme.lead.id).update(wrapped_key=b"")
    assert acme.shop.get(f"leads/{acme.lead.id}")["values"]["ssn"] is None


def test_leads_are_filtered_by_entity_source_and_time(acme: Set) -> None:
    make_entity(acme.shop, name="Roofs", slug="roofs")

    def found(query: str) -> int:
        return len(acme.shop.get(f"leads?{query}")["results"])

    assert found("entity=solar_leads") == found(f"entity={acme.entity.id}") == 1
    assert found("entity=roofs") == 0
    assert found("source=api,form") == 1
    assert found("source=csv") == 0
    assert found("to=2020-01-01") == 0
    for query in ("entity=nothing", f"entity={new_id()}", "source=fax", "from=x"):
        assert acme.shop.call("GET", f"leads?{query}").status_code == 400


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(acme: Set, django_assert_num_queries: Any) -> None:
    for _ in range(4):
        make_lead(acme.shop)
    acme.shop.get("leads")  # notes the key's use, once a minute
    with django_assert_num_queries(11):
        assert len(acme.shop.get("leads")["results"]) == 5
