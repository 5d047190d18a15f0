"""From a file to leads."""

import random
from typing import Any

import pytest
from django.db import connection, connections

from accounts.jobs import take_one_step
from accounts.models import Job
from delivery.models import Delivery
from distribution.models import Entity, Lead
from intake.models import Import, ImportPart
from leadflip.background import KINDS
from tests.builders import FIELDS, Shop, make_account, make_entity, make_set
from tests.intake.imports.files import HEADER, MAPPING, import_file, start, stored, upload, work_off

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

MATCH_BY_EMAIL = {"action": "skip", "match": [["email"]]}


@pytest.fixture
def acme() -> Shop:
    return make_account()


def counts(answer: Any) -> dict[str, int]:
    return {name: answer[name] for name in ("created", "updated", "skipped", "faulty")}


def many(number: int) -> bytes:
    return HEADER + b"".join(b"Lead %d,lead%d@example.com,%05d\n" % (n, n, n) for n in range(number))


def expected(number: int) -> list[dict[str, str]]:
    return [{"first_name": f"Lead {n}", "email": f"lead{n}@example.com", "zip": f"{n:05d}"} for n in range(number)]


def test_rows_become_leads_in_their_order(acme: Shop) -> None:
    make_entity(acme)
    answer = import_file(acme, many(1_234))
    assert (answer["state"], counts(answer)) == ("done", {"created": 1_234, "updated": 0, "skipped": 0, "faulty": 0})
    progress = answer["progress"]
    assert (progress["rows_done"], progress["bytes_done"], progress["seconds_left"]) == (1_234, progress["bytes_total"], None)
    assert stored(acme) == expected(1_234)


def test_leads_know_where_they_came_from(acme: Shop) -> None:
    make_entity(acme)
    answer = import_file(acme, b"name,state of it,words\nJane,hot,Call late\n", {"0": "first_name", "1": "status", "2": "note"})
    with acme.open():
        lead = Lead.objects.get()
    assert (lead.source, lead.status, lead.note, lead.request_id) == ("csv", "hot", "Call late", answer["id"])


def test_encrypted_fields_are_sealed(acme: Shop) -> None:
    make_entity(acme)
    import_file(acme, b"first_name,ssn\nJane,078-05-1120\n", {"0": "first_name", "1": "ssn"})
    with acme.open():
        lead = Lead.objects.get()
    assert lead.values == {"first_name": "Jane"}
    assert lead.sealed is not None


def test_a_step_takes_at_most_500_rows(acme: Shop) -> None:
    make_entity(acme)
    start(acme, upload(acme, many(1_001))["id"])
    done = []
    while take_one_step(KINDS):
        with acme.open():
            done.append(Lead.objects.count())
    assert done == [500, 1_000, 1_001]


def test_only_a_routed_import_sends(acme: Shop) -> None:
    make_set(acme)
    import_file(acme, HEADER + b"Jane,jane@example.com,90210\n", is_routed=False)
    with acme.open():
        assert Delivery.objects.count() == 1  # of the lead that was there before
    import_file(acme, HEADER + b"Jo,jo@example.com,90210\n", is_routed=True)
    with acme.open():
        assert Delivery.objects.count() == 2


@pytest.mark.parametrize(
    ("on_duplicate", "expected"),
    [(None, (1, 0, 2)), ("update", (1, 2, 0)), ("create_anyway", (3, 0, 0)), ("off", (3, 0, 0))],
)
def test_duplicates_by_the_entitys_rule_or_by_this_imports(acme: Shop, on_duplicate: str | None, expected: tuple[int, int, int]) -> None:
    make_entity(acme, duplicates=MATCH_BY_EMAIL)
    content = HEADER + b"Jane,jane@example.com,1\nJanet,JANE@example.com,2\nJane,jane@EXAMPLE.com,3\n"
    answer = import_file(acme, content, on_duplicate=on_duplicate)
    assert (answer["created"], answer["updated"], answer["skipped"]) == expected


def test_nobody_is_asked_for_duplicates_without_match_keys(acme: Shop) -> None:
    make_entity(acme)
    import_id = upload(acme, many(1))["id"]
    answer = acme.call("POST", f"imports/{import_id}/start", {"mapping": MAPPING, "is_routed": False, "on_duplicate": "skip"})
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "on_duplicate")


def test_a_faulty_row_does_not_sink_the_others(acme: Shop) -> None:
    make_entity(acme)
    answer = import_file(acme, HEADER + b"Jane,nope,1\n,jo@example.com,2\nJim,jim@example.com,3,4\nJill,jill@example.com\n")
    assert counts(answer) == {"created": 1, "updated": 0, "skipped": 0, "faulty": 3}
    assert stored(acme) == [{"first_name": "Jill", "email": "jill@example.com"}]


def test_the_file_is_destroyed_with_the_last_step(acme: Shop) -> None:
    make_entity(acme)
    import_id = import_file(acme, many(600))["id"]
    with acme.open():
        assert ImportPart.objects.count() == 0
    assert [column["samples"] for column in acme.get(f"imports/{import_id}")["columns"]] == [[], [], []]


def test_a_required_field_must_be_mapped(acme: Shop) -> None:
    make_entity(acme)
    import_id = upload(acme, many(1))["id"]
    answer = acme.call("POST", f"imports/{import_id}/start", {"mapping": {"1": "email"}, "is_routed": True})
    assert answer.status_code == 400
    assert "First name (first_name) is required" in answer.json()["errors"][0]["detail"]
    assert acme.get(f"imports/{import_id}")["state"] == "uploaded"


def test_an_import_is_started_once(acme: Shop) -> None:
    make_entity(acme)
    import_id = upload(acme, many(1))["id"]
    start(acme, import_id)
    assert acme.call("POST", f"imports/{import_id}/start", {"mapping": MAPPING, "is_routed": False}).status_code == 409
    with acme.open():
        assert Job.objects.count() == 1


def test_cancelled_before_the_start(acme: Shop) -> None:
    make_entity(acme)
    import_id = upload(acme, many(1))["id"]
    assert acme.call("POST", f"imports/{import_id}/cancel").json()["state"] == "cancelled"
    assert acme.call("POST", f"imports/{import_id}/cancel").status_code == 409
    assert acme.call("POST", f"imports/{import_id}/start", {"mapping": MAPPING, "is_routed": False}).status_code == 409
    with acme.open():
        assert ImportPart.objects.count() == 0


def test_cancelled_on_its_way(acme: Shop) -> None:
    make_entity(acme)
    import_id = upload(acme, many(1_200))["id"]
    start(acme, import_id)
    take_one_step(KINDS)
    under_way = acme.get(f"imports/{import_id}")
    assert (under_way["state"], under_way["progress"]["rows_done"], under_way["progress"]["seconds_left"] is None) == (
        "running",
        500,
        False,
    )
    cancelled = acme.call("POST", f"imports/{import_id}/cancel").json()
    assert (cancelled["state"], cancelled["created"]) == ("cancelled", 500)
    work_off()
    assert stored(acme) == expected(500)
    with acme.open():
        assert ImportPart.objects.count() == 0


def test_a_field_that_goes_away_stops_the_import_with_a_reason(acme: Shop) -> None:
    entity = make_entity(acme)
    import_id = upload(acme, many(600))["id"]
    start(acme, import_id)
    take_one_step(KINDS)
    fields = [field for field in FIELDS if field["key"] != "zip"]
    assert acme.call("PATCH", f"entities/{entity.id}", {"fields": fields}).status_code == 200
    work_off()
    answer = acme.get(f"imports/{import_id}")
    assert (answer["state"], answer["created"]) == ("failed", 500)
    assert answer["reason"] == "The Entity has lost what columns are mapped to: zip. What was imported until then stays."


def test_an_entity_may_go_before_its_import_is_started(acme: Shop) -> None:
    entity = make_entity(acme)
    import_id = upload(acme, many(1))["id"]
    assert acme.call("DELETE", f"entities/{entity.id}").status_code == 204
    assert acme.call("GET", f"imports/{import_id}").status_code == 404
    with acme.open():
        assert (Entity.objects.count(), Import.objects.count()) == (0, 0)


def test_the_list_costs_the_same_for_any_number(acme: Shop, django_assert_num_queries: Any) -> None:
    make_entity(acme)
    for _ in range(3):
        import_file(acme, many(1))
    with django_assert_num_queries(4):  # two of them open and close the request's transaction
        results = acme.get("imports")["results"]
    assert [row["created"] for row in results] == [1, 1, 1]


class KilledError(BaseException):
    """As a kill: nothing that handles exceptions may take it for one."""


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_worker_that_dies_anywhere_neither_loses_nor_doubles_a_row(acme: Shop) -> None:
    make_entity(acme)
    chance = random.Random(7)
    start(acme, upload(acme, many(3_210))["id"])

    def dies(access: Any, job: Job) -> Any:
        step = KINDS["import"](access, job)
        if chance.random() < 0.5:
            raise KilledError
        return step

    deaths = 0
    while True:
        try:
            if not take_one_step({"import": dies}):
                break
        except KilledError:
            deaths += 1
            connection.close()
    assert deaths > 0
    assert stored(acme) == expected(3_210)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_lost_connection_undoes_the_step_and_no_more(acme: Shop) -> None:
    make_entity(acme)
    start(acme, upload(acme, many(1_100))["id"])
    take_one_step(KINDS)

    def loses_its_connection(access: Any, job: Job) -> Any:
        step = KINDS["import"](access, job)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        end_backend(pid)
        Job.objects.count()
        return step

    assert take_one_step({"import": loses_its_connection}) is False
    connection.close()
    work_off()
    assert stored(acme) == expected(1_100)


def end_backend(pid: int) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
