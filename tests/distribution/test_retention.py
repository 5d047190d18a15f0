"""Leads that an Entity keeps no longer are erased, daily or when somebody says so."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import connections

from accounts.access import Access
from accounts.jobs import JobFailedError, Step, take_one_step
from accounts.models import AuditEvent, Job
from delivery.models import Delivery
from distribution.models import Lead
from distribution.retention import start_due_retentions
from leadflip.background import KINDS
from tests.builders import Set, Shop, make_account, make_lead, make_set

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

DAY = datetime(2026, 3, 1, 8, tzinfo=UTC)


def days_later(days: float) -> Any:
    """The moment so long after the first lead came."""
    return time_machine.travel(DAY + timedelta(days=days), tick=False)


@pytest.fixture
def acme() -> Set:
    """Its lead came on DAY."""
    with days_later(0):
        return make_set(make_account())


def keep(acme: Set, days: int | None) -> None:
    assert acme.shop.call("PATCH", "entities/solar_leads", {"retention_days": days}).status_code == 200


def run(acme: Set) -> Any:
    """Start a run and finish it; the job as it is told then."""
    answer = acme.shop.call("POST", "entities/solar_leads/retention/run")
    assert answer.status_code == 202, answer.content
    work()
    return acme.shop.get(f"jobs/{answer.json()['id']}")


def work() -> None:
    while take_one_step(KINDS):
        pass


def erased(shop: Shop) -> list[bool]:
    """Of each lead, in the order in which they came."""
    with shop.open():
        return [lead.erased_at is not None for lead in Lead.objects.order_by("id")]


@pytest.mark.parametrize("days", [0, -1, 3651, "soon", 1.5, True, []])
def test_a_number_of_days_that_cannot_be_meant_is_refused(acme: Set, days: Any) -> None:
    answer = acme.shop.call("PATCH", "entities/solar_leads", {"retention_days": days})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["attr"] == "retention_days"
    assert acme.shop.get("entities/solar_leads")["retention_days"] is None


@pytest.mark.parametrize("days", [1, 3650, None])
def test_days_are_kept_with_the_entity(acme: Set, days: int | None) -> None:
    keep(acme, days)
    assert acme.shop.get("entities/solar_leads")["retention_days"] == days


def test_a_preview_counts_and_changes_nothing(acme: Set) -> None:
    with days_later(20):
        make_lead(acme.shop)
    keep(acme, 90)
    with days_later(31):
        path = "entities/solar_leads/retention"
        assert acme.shop.get(f"{path}?days=30") == {"days": 30, "leads": 1, "oldest": "2026-03-01T08:00:00Z"}
        assert acme.shop.get(f"{path}?days=5") == {"days": 5, "leads": 2, "oldest": "2026-03-01T08:00:00Z"}
        assert acme.shop.get(path) == {"days": 90, "leads": 0, "oldest": None}
    assert erased(acme.shop) == [False, False]
    with acme.shop.open():
        assert not Job.objects.exists()


def test_an_entity_that_keeps_its_leads_for_ever_has_nothing_to_preview_or_to_run(acme: Set) -> None:
    assert acme.shop.get("entities/solar_leads/retention") == {"days": None, "leads": 0, "oldest": None}
    answer = acme.shop.call("POST", "entities/solar_leads/retention/run")
    assert answer.status_code == 409
    assert "retention_days" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("days", ["0", "3651", "-1", "x", "1e3", "٣"])
def test_a_preview_of_no_number_is_refused(acme: Set, days: str) -> None:
    answer = acme.shop.call("GET", f"entities/solar_leads/retention?days={days}")
    assert answer.status_code == 400
    assert [(error["attr"], error["code"]) for error in answer.json()["errors"]] == [("days", "invalid")]


def test_a_run_erases_what_is_older_and_nothing_else(acme: Set) -> None:
    with days_later(0.5):
        make_lead(acme.shop)
    keep(acme, 30)
    with days_later(30):
        # To the moment: what came exactly thirty days ago is kept.
        assert run(acme)["result"] == {"erased": 0}
        assert erased(acme.shop) == [False, False]
    with days_later(30.25):
        job = run(acme)
    assert (job["state"], job["done"], job["total"], job["result"]) == ("done", 1, 1, {"erased": 1})
    assert erased(acme.shop) == [True, False]
    assert acme.shop.get(f"leads/{acme.lead.id}")["values"] == {}


def test_a_run_goes_step_by_step_over_any_number_of_leads(acme: Set) -> None:
    with days_later(1), acme.shop.open():
        (lead,) = Lead.objects.all()
        copies = [Lead(account=lead.account, entity=lead.entity, source="api", values={}, wrapped_key=b"k", created_at=DAY, updated_at=DAY) for _ in range(1000)]  # fmt: skip
        Lead.objects.bulk_create(copies)
    keep(acme, 30)
    with days_later(60):
        acme.shop.call("POST", "entities/solar_leads/retention/run")
        progress = []
        while take_one_step(KINDS):
            (job,) = acme.shop.get("jobs")["results"]
            progress.append((job["state"], job["done"], job["total"]))
    assert progress == [("running", 500, 1001), ("running", 1000, 1001), ("done", 1001, 1001)]
    assert all(erased(acme.shop))


def test_a_lead_is_erased_also_while_its_delivery_waits(acme: Set) -> None:
    keep(acme, 30)
    with days_later(31):
        run(acme)
    with acme.shop.open():
        delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("cancelled", "The lead was erased.")


def test_leads_of_other_entities_and_accounts_stay(acme: Set) -> None:
    with days_later(0):
        other = make_set(make_account("Other", "charlie@other.test"))
    keep(acme, 30)
    with days_later(31):
        run(acme)
    assert (erased(acme.shop), erased(other.shop)) == ([True], [False])


def test_each_run_is_one_event_of_the_audit_log(acme: Set) -> None:
    keep(acme, 30)
    with days_later(31):
        run(acme)
    with acme.shop.open() as access:
        event = AuditEvent.objects.get(action="retention")
        assert (event.object_type, event.object_id, event.changes) == ("entity", acme.entity.id, {"erased_leads": [None, 1]})
        assert event.actor_label != access.actor.label
        assert not AuditEvent.objects.filter(action="erased").exists()


def test_a_run_that_is_cancelled_says_what_it_erased_and_who_stopped_it(acme: Set) -> None:
    keep(acme, 30)
    with days_later(31):
        job = acme.shop.call("POST", "entities/solar_leads/retention/run").json()
        assert acme.shop.call("POST", f"jobs/{job['id']}/cancel").status_code == 200
        work()
    (event,) = [event for event in acme.shop.get("audit")["results"] if event["action"] == "retention"]
    assert event["changes"] == {"erased_leads": [None, 0], "run": [None, "cancelled"]}
    assert (event["object"], event["actor"]["kind"]) == (str(acme.entity.id), "api_key")


def test_a_run_that_fails_says_what_it_erased(acme: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    with days_later(1):
        make_lead(acme.shop)
    keep(acme, 30)
    monkeypatch.setattr("delivery.erasure._LEADS_PER_STEP", 1)

    def gives_up(_access: Access, job: Job) -> Step:
        raise JobFailedError("No more.")

    with days_later(60):
        acme.shop.call("POST", "entities/solar_leads/retention/run")
        assert take_one_step(KINDS)
        assert take_one_step({"retention": gives_up})
    with acme.shop.open():
        event = AuditEvent.objects.get(action="retention")
    assert event.changes == {"erased_leads": [None, 1], "run": [None, "failed"]}


def test_a_run_that_is_switched_off_meanwhile_erases_no_more(acme: Set) -> None:
    keep(acme, 30)
    with days_later(31):
        acme.shop.call("POST", "entities/solar_leads/retention/run")
        keep(acme, None)
        work()
    assert erased(acme.shop) == [False]
    assert acme.shop.get("jobs")["results"][0]["state"] == "done"


def test_two_who_start_a_run_get_the_same_one(acme: Set) -> None:
    keep(acme, 30)
    first, second = (acme.shop.call("POST", "entities/solar_leads/retention/run").json() for _ in range(2))
    assert first["id"] == second["id"]


def test_runs_start_once_a_day_where_there_is_something_to_erase(acme: Set) -> None:
    keep(acme, 30)
    with days_later(30):
        assert start_due_retentions() == 0
    with days_later(30.1):
        assert start_due_retentions() == 1
        assert start_due_retentions() == 0
        work()
    assert erased(acme.shop) == [True]
    with days_later(30.2):
        make_lead(acme.shop)
    keep(acme, 1)
    with days_later(31.05):
        assert start_due_retentions() == 0
    with days_later(31.3):
        assert start_due_retentions() == 1
        work()
        assert start_due_retentions() == 0
    assert erased(acme.shop) == [True, True]
    with acme.shop.open():
        assert set(Job.objects.values_list("actor_label", flat=True)) == {"Leadflip"}


def test_a_run_that_is_still_under_way_is_not_started_again(acme: Set) -> None:
    keep(acme, 30)
    with days_later(31):
        assert start_due_retentions() == 1
    with days_later(40):
        assert start_due_retentions() == 0


def test_without_retention_days_nothing_is_ever_due(acme: Set) -> None:
    with days_later(3650):
        assert start_due_retentions() == 0


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_two_workers_that_look_at_once_start_one_run(acme: Set) -> None:
    keep(acme, 30)
    start = Barrier(2)

    def look() -> int:
        try:
            start.wait(30)
            return start_due_retentions()
        finally:
            connections.close_all()

    with days_later(31), ThreadPoolExecutor(2) as pool:
        started = [future.result() for future in [pool.submit(look), pool.submit(look)]]
    assert sum(started) == 1
    with acme.shop.open():
        assert Job.objects.count() == 1
