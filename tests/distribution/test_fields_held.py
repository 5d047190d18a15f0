"""A rule is saved while the fields that it names are changed, on real connections."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction

from accounts.access import Access
from accounts.faults import RefusedChangeError
from distribution.entities import change_entity, find_entity
from distribution.models import Assignment, Profile
from distribution.profiles import add_profile, change_assignment, change_profile
from tests.builders import FIELDS, Set, Shop, make_account, make_set

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

NINE = {"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]}
WITHOUT_ZIP = {"fields": [field for field in FIELDS if field["key"] != "zip"]}
NO_KEYS: dict[str, Any] = {"duplicates": {"action": "off", "match": [], "window_days": None}}


@pytest.fixture
def acme() -> Set:
    acme = make_set(make_account())
    by_email = {"duplicates": {"action": "off", "match": [["email"]], "window_days": None}}
    assert acme.shop.call("PATCH", "entities/solar_leads", by_email).status_code == 200
    return acme


@contextmanager
def under_way(shop: Shop, change: Callable[[Access], object]) -> Iterator[None]:
    """Another connection has made the change, and commits at the end of the block."""
    is_made, may_end = Event(), Event()

    def make() -> None:
        try:
            with shop.open() as access:
                change(access)
                is_made.set()
                assert may_end.wait(30)
        finally:
            is_made.set()
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(make)
        try:
            assert is_made.wait(30)
            yield
        finally:
            may_end.set()
        made.result(30)


def must_wait(shop: Shop, change: Callable[[Access], object]) -> None:
    with shop.open() as access:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '200ms'")
        with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
            change(access)


def change_fields(access: Access, values: dict[str, Any] = WITHOUT_ZIP) -> None:
    entity = find_entity("solar_leads", is_to_change=True)
    assert entity
    change_entity(access, entity, values)


def drop_match_keys(access: Access) -> None:
    change_fields(access, NO_KEYS)


def rule_of_profile(access: Access) -> None:
    change_profile(access, Profile.objects.get(), {"rules": NINE})


def rule_of_new_profile(access: Access) -> None:
    add_profile(access, {"name": "East", "entity": "solar_leads", "rules": NINE})


def rule_of_assignment(access: Access) -> None:
    change_assignment(access, Assignment.objects.get(), {"rules": NINE})


def repeat_days(access: Access) -> None:
    change_assignment(access, Assignment.objects.get(), {"repeat_days": 30})


PAIRS = [
    (rule_of_profile, change_fields, "unknown_field"),
    (rule_of_new_profile, change_fields, "unknown_field"),
    (rule_of_assignment, change_fields, "unknown_field"),
    (repeat_days, drop_match_keys, "no_match_keys"),
]


@pytest.mark.parametrize(("save", "take_away", "code"), PAIRS)
def test_who_saves_waits_for_a_change_of_the_fields_and_sees_it(acme: Set, save: Any, take_away: Any, code: str) -> None:
    with under_way(acme.shop, take_away):
        must_wait(acme.shop, save)
    with acme.shop.open() as access, pytest.raises(RefusedChangeError) as refused:
        save(access)
    assert [fault.code for fault in refused.value.faults] == [code]


@pytest.mark.parametrize(("save", "take_away", "code"), PAIRS)
def test_who_changes_the_fields_waits_for_what_is_being_saved_and_is_refused(acme: Set, save: Any, take_away: Any, code: str) -> None:
    with under_way(acme.shop, save):
        must_wait(acme.shop, take_away)
    with acme.shop.open() as access, pytest.raises(RefusedChangeError) as refused:
        take_away(access)
    assert [fault.code for fault in refused.value.faults] == ["in_use"]
