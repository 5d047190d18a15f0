from typing import Any

import pytest
from django.db import connections
from django.test import Client

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def test_a_living_process_says_so_without_asking_anybody(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_is_ready_when_all_it_needs_is_there() -> None:
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_it_is_not_ready_without_redis(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "reasons": {"redis": "Redis does not answer."}})


def test_it_is_not_ready_before_the_migrations_are_applied() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'intake' OR app = 'sessions'")
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert "manage.py migrate" in answer.json()["reasons"]["migrations"]


def test_the_first_page_leads_to_sign_in() -> None:
    answer = Client().get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in")


def test_an_address_that_there_is_not_answers_as_an_id_that_there_is_not() -> None:
    answer = Client().get("/api/nothing")
    assert answer.status_code == 404
    assert answer.json() == {"type": "client_error", "errors": [{"code": "not_found", "detail": "Not found.", "attr": None}]}
