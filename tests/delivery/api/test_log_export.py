"""GET /api/deliveries/export"""

import csv
import io

import pytest

from accounts.ids import new_id
from delivery import log_export
from delivery.models import Delivery
from distribution.entities import change_entity
from distribution.models import Entity, Lead, Partner
from tests.builders import FIELDS, Set, make_account, make_lead, make_set
from tests.delivery.api.tries import make_attempt

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


def export(acme: Set, query: str = "") -> list[dict[str, str]]:
    answer = acme.shop.call("GET", f"deliveries/export?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer["Content-Disposition"] == 'attachment; filename="deliveries.csv"'
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_delivery_is_a_row(acme: Set) -> None:
    make_attempt(acme)
    with acme.shop.open():
        Delivery.objects.update(partner_reference="P-4711", partner_price="25.00")
        delivery = Delivery.objects.get()
    assert export(acme) == [
        {
            "id": str(delivery.id),
            "created_at": delivery.created_at.isoformat(),
            "finished_at": "",
            "lead": str(acme.lead.id),
            "lead_name": "Jane",
            "profile": "Solar West",
            "partner": "Helios Direct",
            "channel": str(acme.channel.id),
            "kind": "webhook",
            "state": "delivered",
            "attempts_made": "1",
            "reason": "",
            "partner_reference": "P-4711",
            "partner_price": "25.00",
            "last_duration_ms": "0.0",
            "is_test": "false",
        }
    ]


def test_the_same_filters_hold_as_for_the_list(acme: Set) -> None:
    late = make_lead(acme.shop)
    assert [row["lead"] for row in export(acme)] == [str(late.id), str(acme.lead.id)]
    assert [row["lead"] for row in export(acme, f"lead={late.id}&state=queued")] == [str(late.id)]
    assert export(acme, "state=failed") == export(acme, f"partner={new_id()}") == []


def test_more_than_one_piece_is_there_whole_and_in_order(acme: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_export, "_ROWS_PER_PIECE", 2)
    leads = [acme.lead, *(make_lead(acme.shop, first_name=f"Jane {place}") for place in range(4))]
    assert [row["lead_name"] for row in export(acme)] == ["Jane 3", "Jane 2", "Jane 1", "Jane 0", "Jane"]
    assert [row["lead"] for row in export(acme)] == [str(lead.id) for lead in reversed(leads)]


def test_cells_that_a_spreadsheet_would_run_are_defused(acme: Set) -> None:
    with acme.shop.open():
        Partner.objects.update(name="=HYPERLINK(1)")
        Delivery.objects.update(partner_reference="+49 171", reason="@SUM(1)", state="failed", next_attempt_at=None)
        Lead.objects.update(values={"first_name": "-1+1"})
    (row,) = export(acme)
    assert (row["partner"], row["partner_reference"], row["reason"], row["lead_name"]) == (
        "'=HYPERLINK(1)",
        "'+49 171",
        "'@SUM(1)",
        "'-1+1",
    )


def test_a_value_that_is_encrypted_by_now_is_not_in_it(acme: Set) -> None:
    fields = [{**field, "is_encrypted": field["key"] in ("first_name", "ssn")} for field in FIELDS]
    with acme.shop.open() as access:
        change_entity(access, Entity.objects.get(), {"fields": fields})
        assert Lead.objects.get().values["first_name"] == "Jane"
    (row,) = export(acme)
    assert row["lead_name"] == "90210"


def test_of_an_erased_lead_no_name_is_left(acme: Set) -> None:
    assert acme.shop.call("DELETE", f"leads/{acme.lead.id}").status_code == 204
    (row,) = export(acme)
    assert (row["lead_name"], row["state"], row["lead"]) == ("", "cancelled", str(acme.lead.id))


def test_another_account_gets_a_header_alone(acme: Set) -> None:
    other = make_account("Other", "charlie@other.test")
    answer = other.call("GET", f"deliveries/export?lead={acme.lead.id}")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines == [",".join(log_export.COLUMNS)]
