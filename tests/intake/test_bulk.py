"""POST /api/leads/bulk."""

from typing import Any

import pytest

from delivery.models import Delivery
from distribution.models import Lead
from tests.builders import Shop, make_account, make_assignment, make_channel, make_entity, make_partner, make_profile

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def shop(db: None) -> Shop:
    shop = make_account()
    make_entity(shop)
    return shop


def send(shop: Shop, batch: Any, **more: Any) -> tuple[int, dict[str, Any]]:
    answer = shop.call("POST", "leads/bulk", {"entity": "solar_leads", "batch": batch, **more})
    return answer.status_code, answer.json()


def names(shop: Shop) -> list[str]:
    with shop.open():
        return list(Lead.objects.order_by("id").values_list("values__first_name", flat=True))


def test_created_lists_the_leads_in_order(shop: Shop) -> None:
    status, answer = send(shop, [{"First Name": "A"}, {"first_name": "B"}, {"first_name": "C"}])
    assert (status, answer["status"], answer["errors"]) == (200, "success", [])
    with shop.open():
        assert [one["lead_id"] for one in answer["created"]] == [
            str(lead_id) for lead_id in Lead.objects.order_by("id").values_list("id", flat=True)
        ]
    assert [one["index"] for one in answer["created"]] == [0, 1, 2]
    assert names(shop) == ["A", "B", "C"]


def test_one_bad_row_does_not_sink_the_rest(shop: Shop) -> None:
    status, answer = send(shop, [{"first_name": "A"}, {"budget": "much"}, "no lead", {"first_name": "D", "status": 5}, {"first_name": "E"}])
    assert (status, answer["status"]) == (200, "partial")
    assert [(error["index"], error["field"], error["code"]) for error in answer["errors"]] == [
        (1, "first_name", "required"), (1, "budget", "invalid"), (2, "", "invalid"), (3, "status", "invalid"),
    ]  # fmt: skip
    assert [one["index"] for one in answer["created"]] == [0, 4]
    assert names(shop) == ["A", "E"]


def test_atomic_is_all_or_nothing(shop: Shop) -> None:
    status, answer = send(shop, [{"first_name": "A"}, {"budget": "1"}], atomic=True)
    assert status == 400
    assert [(error["attr"], error["code"]) for error in answer["errors"]] == [("batch.1.first_name", "required")]
    assert names(shop) == []


def test_all_faulty_is_failed(shop: Shop) -> None:
    status, answer = send(shop, [{}, {}])
    assert (status, answer["status"], answer["created"], len(answer["errors"])) == (200, "failed", [], 2)


def test_every_lead_is_routed_and_answered_with_where_it_went(shop: Shop) -> None:
    make_channel(shop, make_assignment(shop, make_profile(shop), make_partner(shop), caps={"day": 2}))
    _, answer = send(shop, [{"first_name": name} for name in "ABC"])
    assert [len(one["deliveries"]) for one in answer["created"]] == [1, 1, 0]
    with shop.open():
        assert Delivery.objects.count() == 2


def test_the_note_is_for_those_that_have_none(shop: Shop) -> None:
    send(shop, [{"first_name": "A"}, {"first_name": "B", "note": "Calls back"}], note="Fair", source="csv")
    with shop.open():
        assert list(Lead.objects.order_by("id").values_list("note", "source")) == [("Fair", "csv"), ("Calls back", "csv")]


def test_warnings_stand_beside_their_lead(shop: Shop) -> None:
    _, answer = send(shop, [{"first_name": "A", "colour": "blue"}, {"first_name": "B"}])
    assert [one["warnings"] for one in answer["created"]] == [["'colour' names no field of solar_leads and was not stored."], []]


@pytest.mark.parametrize(
    ("body", "attrs"),
    [
        ([], ["non_field_errors"]),
        ({}, ["entity", "batch"]),
        ({"entity": "solar_leads", "batch": []}, ["batch"]),
        ({"entity": "solar_leads", "batch": [{}] * 1001}, ["batch"]),
        ({"entity": "solar_leads", "batch": {"first_name": "A"}}, ["batch"]),
        ({"entity": "moon", "batch": [{"first_name": "A"}]}, ["entity"]),
        ({"entity": "solar_leads", "batch": [{"first_name": "A"}], "source": "crystal ball"}, ["source"]),
        ({"entity": "solar_leads", "batch": [{"first_name": "A"}], "atomic": "yes", "note": 5}, ["note", "atomic"]),
        ({"entity": "solar_leads", "batch": [{"first_name": "A"}], "leads": []}, ["leads"]),
    ],
)
def test_a_wrong_body_is_refused_at_its_place(shop: Shop, body: Any, attrs: list[str]) -> None:
    answer = shop.call("POST", "leads/bulk", body)
    assert (answer.status_code, [error["attr"] for error in answer.json()["errors"]]) == (400, attrs)
    assert names(shop) == []


def test_a_thousand_leads_in_one_call(shop: Shop) -> None:
    status, answer = send(shop, [{"first_name": f"Lead {number}"} for number in range(1000)])
    assert (status, len(answer["created"])) == (200, 1000)
    assert len(set(names(shop))) == 1000


def test_above_a_mebibyte_is_read_and_above_ten_is_not(shop: Shop) -> None:
    long = "x" * 4_000
    status, _ = send(shop, [{"first_name": "A", "note": long} for _ in range(400)])
    assert status == 200
    answer = shop.call("POST", "leads/bulk", b'{"entity": "solar_leads", "batch": [{"note": "' + b"x" * (10 << 20) + b'"}]}')
    assert answer.status_code == 413
