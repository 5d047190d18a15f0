"""Idempotency-Key."""

import json
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.jobs import take_one_step
from distribution.models import Lead
from intake.idempotency import forget_old_keys
from intake.models import IdempotencyKey
from leadflip.background import KINDS
from tests.builders import LEAD, Shop, as_json, make_account, make_entity

pytestmark = pytest.mark.django_db(databases=["default", "owner", "engine"])

BODY = {"entity": "solar_leads", **LEAD}


def post(shop: Shop, body: Any, key: str, path: str = "intake", content_type: str = "application/json") -> Any:
    headers = {"Authorization": f"Bearer {shop.key}", "Idempotency-Key": key}
    return Client(raise_request_exception=False).post(f"/api/{path}", data=as_json(body), content_type=content_type, headers=headers)


def count(shop: Shop) -> int:
    with shop.open():
        return Lead.objects.count()


@pytest.fixture
def shop(db: None) -> Shop:
    shop = make_account()
    make_entity(shop)
    return shop


def test_the_second_is_answered_with_the_first_ones_bytes(shop: Shop) -> None:
    first, second = post(shop, BODY, "a"), post(shop, BODY, "a")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert ("Idempotent-Replayed" in first.headers, second.headers["Idempotent-Replayed"]) == (False, "true")
    assert count(shop) == 1


def test_another_key_is_another_request(shop: Shop) -> None:
    post(shop, BODY, "a")
    post(shop, BODY, "b")
    assert count(shop) == 2


def test_the_same_key_with_another_body_is_a_conflict(shop: Shop) -> None:
    post(shop, BODY, "a")
    answer = post(shop, {**BODY, "first_name": "Ravi"}, "a")
    assert answer.status_code == 409
    assert "another request" in answer.json()["errors"][0]["detail"]
    assert count(shop) == 1


def test_the_same_key_at_another_address_is_a_conflict(shop: Shop) -> None:
    body = {"entity": "solar_leads", "batch": [LEAD]}
    assert post(shop, body, "a", "leads/bulk").status_code == 200
    assert post(shop, body, "a").status_code == 409


def test_bulk_is_done_once(shop: Shop) -> None:
    body = {"entity": "solar_leads", "batch": [LEAD, LEAD, {}]}
    first, second = post(shop, body, "a", "leads/bulk"), post(shop, body, "a", "leads/bulk")
    assert first.content == second.content
    assert count(shop) == 2


def test_a_refused_request_may_come_again_mended(shop: Shop) -> None:
    assert post(shop, {"entity": "solar_leads"}, "a").status_code == 400
    assert post(shop, BODY, "a").status_code == 200
    assert count(shop) == 1


def test_keys_of_two_accounts_do_not_meet(shop: Shop) -> None:
    other = make_account("Bobs", "bob@bobs.test")
    make_entity(other)
    post(shop, BODY, "a")
    assert post(other, {**BODY, "first_name": "Ravi"}, "a").status_code == 200


def test_a_form_is_done_once(shop: Shop) -> None:
    for _ in range(2):
        assert post(shop, b"entity=solar_leads&first_name=Jane", "a", content_type="application/x-www-form-urlencoded").status_code == 200
    assert count(shop) == 1


@pytest.mark.parametrize("key", ["", " " * 0, "ä", "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(shop: Shop, key: str) -> None:
    answer = post(shop, BODY, key)
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "Idempotency-Key")


def test_after_a_day_the_key_is_free(shop: Shop) -> None:
    post(shop, BODY, "a")
    with shop.open():
        IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    assert post(shop, {**BODY, "first_name": "Ravi"}, "a").status_code == 200
    assert count(shop) == 2


def test_a_rehearsal_takes_no_key(shop: Shop) -> None:
    post(shop, BODY, "a", "intake?dry_run=1")
    assert post(shop, {**BODY, "first_name": "Ravi"}, "a").status_code == 200


@pytest.mark.django_db(databases=["default", "owner", "engine"], transaction=True)
def test_at_one_instant_it_is_done_once(shop: Shop) -> None:
    def send(_: int) -> bytes:
        try:
            answer = post(shop, BODY, "a")
            assert answer.status_code == 200
            content: bytes = answer.content
            return content
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(send, range(16)))
    assert len(answers) == 1
    assert count(shop) == 1
    assert json.loads(answers.pop())["status"] == "success"


@pytest.mark.django_db(databases=["default", "owner", "engine"], transaction=True)
def test_old_keys_are_forgotten(shop: Shop) -> None:
    post(shop, BODY, "old")
    with shop.open():
        IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    post(shop, BODY, "new")
    assert forget_old_keys() == 1
    with shop.open():
        assert [known.key for known in IdempotencyKey.objects.all()] == ["new"]


def test_what_a_refused_row_repeats_is_stored_sealed(shop: Shop) -> None:
    answer = post(shop, {"entity": "solar_leads", "batch": [{**LEAD, "budget": "plenty"}]}, "a", "leads/bulk")
    assert "plenty" in answer.json()["errors"][0]["reason"]
    with shop.open():
        kept = IdempotencyKey.objects.get().answer
    assert "plenty" not in kept
    assert b"plenty" not in b64decode(kept)


def test_a_refused_row_repeats_nothing_of_an_encrypted_field(shop: Shop) -> None:
    fields = [{"key": "pin", "label": "PIN", "type": "number", "is_encrypted": True}]
    assert shop.call("POST", "entities", {"name": "Safes", "slug": "safes", "fields": fields}).status_code == 201
    answer = post(shop, {"entity": "safes", "batch": [{"pin": "0911-x"}]}, "a", "leads/bulk")
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("pin", "invalid")]
    assert b"0911" not in answer.content


def test_a_request_whose_lead_was_erased_does_not_bring_it_back(shop: Shop) -> None:
    erased, other = post(shop, BODY, "a").json()["lead_id"], post(shop, BODY, "b")
    assert shop.call("DELETE", f"leads/{erased}").status_code == 204
    again = post(shop, BODY, "a")
    assert again.status_code == 409
    assert again.json()["errors"][0]["detail"] == (
        "What was asked with this Idempotency-Key was done; a lead of it was erased since, and the answer went with it."
    )
    assert post(shop, BODY, "b").content == other.content
    assert count(shop) == 2
    with shop.open():
        assert IdempotencyKey.objects.get(key="a").answer == ""


def test_the_answer_to_a_repetition_goes_with_the_earlier_lead(shop: Shop) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=3)):
        earlier = post(shop, BODY, "a").json()["lead_id"]
    duplicates = {"action": "skip", "match": [["email"]], "window_days": None}
    assert shop.call("PATCH", "entities/solar_leads", {"duplicates": duplicates}).status_code == 200
    while take_one_step(KINDS):
        pass
    assert post(shop, {**BODY, "zip": "10115"}, "b").json()["lead_id"] == earlier
    assert shop.call("DELETE", f"leads/{earlier}").status_code == 204
    assert post(shop, {**BODY, "zip": "10115"}, "b").status_code == 409
