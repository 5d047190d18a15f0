"""All deliveries of a filter sent again, as a job does it."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.jobs import take_one_step
from accounts.models import AuditEvent, Job
from delivery.models import Delivery, DeliveryChannel
from distribution.models import Lead
from leadflip.background import KINDS
from tests.builders import Set, Shop, make_account, make_assignment, make_channel, make_lead, make_partner, make_set

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

NOW = timezone.now().replace(microsecond=0) + timedelta(hours=1)


@pytest.fixture
def acme() -> Set:
    """Five deliveries that failed before anything was sent."""
    acme = make_set(make_account())
    for _ in range(4):
        make_lead(acme.shop)
    end(acme.shop, "failed")
    return acme


def end(shop: Shop, state: str, **which: Any) -> None:
    with shop.open():
        Delivery.objects.filter(**which).update(state=state, next_attempt_at=None, finished_at=timezone.now())


def start(shop: Shop, status: int = 202, /, **body: Any) -> Any:
    answer = shop.call("POST", "deliveries/resend", body)
    assert answer.status_code == status, answer.content
    return answer.json()


def work() -> None:
    while take_one_step(KINDS):
        pass


def job_of(acme: Set, job: Any) -> Any:
    return acme.shop.get(f"jobs/{job['id']}")


def states(acme: Set) -> Counter[str]:
    with acme.shop.open():
        return Counter(Delivery.objects.values_list("state", flat=True))


def due_times(acme: Set) -> list[float]:
    """Seconds behind NOW, in the order of the ids."""
    with acme.shop.open():
        due = Delivery.objects.exclude(next_attempt_at=None).order_by("id").values_list("next_attempt_at", flat=True)
        return [round((moment - NOW).total_seconds(), 3) for moment in due if moment]


def test_what_the_filter_finds_is_queued_and_counted(acme: Set) -> None:
    end(acme.shop, "rejected", lead=acme.lead)
    job = start(acme.shop, state=["failed"])
    assert (job["kind"], job["state"], job["done"], job["total"]) == ("resend", "queued", 0, None)
    work()
    done = job_of(acme, job)
    assert (done["state"], done["done"], done["total"], done["result"]) == ("done", 4, 4, {"resent": 4, "passed_over": {}})
    assert states(acme) == {"queued": 4, "rejected": 1}


def test_counting_beforehand_changes_nothing(acme: Set) -> None:
    assert start(acme.shop, 200, state=["failed"], dry_run=True) == {"count": 5}
    assert start(acme.shop, 200, lead=str(acme.lead.id), dry_run=True) == {"count": 1}
    assert start(acme.shop, 200, state=["delivered"], dry_run=True) == {"count": 0}
    assert states(acme) == {"failed": 5}
    with acme.shop.open():
        assert not Job.objects.exists()


def test_each_filter_leaves_out_what_is_not_of_it(acme: Set) -> None:
    other = make_partner(acme.shop, "Sunrise")
    channel = make_channel(acme.shop, make_assignment(acme.shop, acme.profile, other))
    make_lead(acme.shop)
    with acme.shop.open():
        made = Delivery.objects.get(channel=channel).created_at

    def count(**body: Any) -> int:
        counted: int = start(acme.shop, 200, dry_run=True, **body)["count"]
        return counted

    assert count(partner=str(other.id)) == count(channel=str(channel.id)) == 1
    assert count(profile=str(acme.profile.id)) == count(entity=str(acme.entity.id)) == 7
    assert count(partner=str(other.id), state=["failed"]) == 0
    assert count(ids=[str(acme.delivery_id)]) == 1
    assert count(**{"from": made.isoformat()}) == 2
    assert count(to=made.isoformat()) == 5


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "non_field_errors"),
        ({"state": []}, "non_field_errors"),
        ({"state": "failed"}, "state"),
        ({"state": ["lost"]}, "state.0"),
        ({"partner": "x"}, "partner"),
        ({"ids": ["01a20dba-cb3e-77e1-99fd-6b20b3da9584"] * 1_001}, "ids"),
        ({"ids": ["x"]}, "ids.0"),
        ({"state": ["failed"], "from": "yesterday"}, "from"),
        ({"state": ["failed"], "rendering": "new"}, "rendering"),
        ({"state": ["failed"], "per_second": 0}, "per_second"),
        ({"state": ["failed"], "per_second": 1_001}, "per_second"),
        ({"state": ["failed"], "since": "2026-01-01"}, "since"),
    ],
)
def test_a_body_that_cannot_be_meant_is_refused(acme: Set, body: Any, attr: str) -> None:
    answer = acme.shop.call("POST", "deliveries/resend", body)
    assert (answer.status_code, [error["attr"] for error in answer.json()["errors"]]) == (400, [attr])
    with acme.shop.open():
        assert not Job.objects.exists()


def test_a_delivery_that_comes_after_the_start_is_left_alone(acme: Set) -> None:
    start(acme.shop, profile=str(acme.profile.id))
    make_lead(acme.shop)
    with acme.shop.open():
        Delivery.objects.filter(state="queued").update(state="failed", next_attempt_at=None)
    work()
    assert states(acme) == {"queued": 5, "failed": 1}


def test_they_fall_due_at_the_pace_that_was_asked_for(acme: Set) -> None:
    with time_machine.travel(NOW, tick=False):
        start(acme.shop, state=["failed"], per_second=4)
        work()
    assert due_times(acme) == [0, 0.25, 0.5, 0.75, 1]


def test_no_more_is_queued_than_falls_due_soon_and_the_rest_when_its_time_comes(acme: Set) -> None:
    with acme.shop.open():
        lead = Lead.objects.get(id=acme.lead.id)
        Delivery.objects.bulk_create([copy_of(acme, lead) for _ in range(60)])
    with time_machine.travel(NOW, tick=False):
        job = start(acme.shop, state=["failed"], per_second=1)
        work()
        assert (states(acme)["queued"], job_of(acme, job)["state"]) == (30, "running")
        assert not take_one_step(KINDS)
    with time_machine.travel(NOW + timedelta(seconds=5), tick=False):
        work()
        assert states(acme)["queued"] == 35
    # Nobody came for a while: what was missed is not made up for in a burst.
    with time_machine.travel(NOW + timedelta(seconds=100), tick=False):
        work()
    assert states(acme)["queued"] == 65
    assert due_times(acme) == [*range(35), *range(100, 130)]
    assert job_of(acme, job)["result"]["resent"] == 65


def copy_of(acme: Set, lead: Lead) -> Delivery:
    return Delivery(
        account=acme.shop.account, lead=lead, channel=acme.channel, profile=acme.profile, partner=acme.partner, state="failed",
        created_at=timezone.now(), updated_at=timezone.now(),
    )  # fmt: skip


def test_a_cancelled_job_queues_no_more(acme: Set) -> None:
    with acme.shop.open():
        Delivery.objects.bulk_create([copy_of(acme, acme.lead) for _ in range(60)])
    job = start(acme.shop, state=["failed"], per_second=1)
    work()
    assert acme.shop.call("POST", f"jobs/{job['id']}/cancel").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        work()
    assert states(acme) == {"queued": 30, "failed": 35}


def test_a_second_job_over_the_same_deliveries_sends_nothing_twice(acme: Set) -> None:
    start(acme.shop, state=["failed"], per_second=1)
    second = start(acme.shop, profile=str(acme.profile.id), per_second=1)
    work()
    assert job_of(acme, second)["result"] == {"resent": 0, "passed_over": {"queued": 5}}
    with acme.shop.open():
        assert set(Delivery.objects.values_list("attempts_before_resend", flat=True)) == {0}


def test_what_cannot_be_sent_is_passed_over_and_told_by_reason(acme: Set) -> None:
    with acme.shop.open():
        first, second, third, *_ = Delivery.objects.order_by("id").values_list("id", flat=True)
        Delivery.objects.filter(id=first).update(attempts_made=1)
        Delivery.objects.filter(id=second).update(is_test=True)
        Delivery.objects.filter(id=third).update(state="queued", next_attempt_at=timezone.now())
    job = start(acme.shop, profile=str(acme.profile.id))
    work()
    done = job_of(acme, job)
    assert (done["done"], done["result"]) == (5, {"resent": 2, "passed_over": {"not_kept": 1, "test": 1, "queued": 1}})


def test_a_paused_channel_gets_nothing(acme: Set) -> None:
    with acme.shop.open():
        DeliveryChannel.objects.update(paused_at=timezone.now())
    job = start(acme.shop, state=["failed"])
    work()
    assert job_of(acme, job)["result"] == {"resent": 0, "passed_over": {"paused": 5}}
    assert states(acme) == {"failed": 5}


def test_more_than_one_step_can_look_at_are_all_resent_once(acme: Set) -> None:
    with acme.shop.open():
        Delivery.objects.bulk_create([copy_of(acme, acme.lead) for _ in range(4_200)])
        Delivery.objects.filter(id__in=list(Delivery.objects.order_by("id").values_list("id", flat=True)[5:3_000])).update(state="rejected")
    job = start(acme.shop, state=["failed"], per_second=1000)
    steps = 0
    while take_one_step(KINDS):
        steps += 1
    assert steps == 3
    assert job_of(acme, job)["result"]["resent"] == 4_205 - 2_995
    assert states(acme) == {"queued": 1_210, "rejected": 2_995}


def test_a_step_that_is_undone_is_taken_again_and_queues_each_once(acme: Set) -> None:
    def stumble(access: Any, job: Any) -> Any:
        KINDS["resend"](access, job)
        raise ZeroDivisionError

    job = start(acme.shop, state=["failed"])
    take_one_step({**KINDS, "resend": stumble})
    assert states(acme) == {"failed": 5}
    work()
    assert (states(acme), job_of(acme, job)["result"]["resent"]) == ({"queued": 5}, 5)


def test_another_accounts_deliveries_are_out_of_reach(acme: Set) -> None:
    other = make_account("Other", "charlie@other.test")
    assert start(other, 200, ids=[str(acme.delivery_id)], dry_run=True) == {"count": 0}
    start(other, ids=[str(acme.delivery_id)])
    work()
    assert states(acme) == {"failed": 5}


def test_who_started_it_over_what_is_on_record(acme: Set) -> None:
    job = start(acme.shop, state=["failed"], rendering="fresh", partner=str(acme.partner.id))
    with acme.shop.open():
        event = AuditEvent.objects.get(action="started")
        assert str(event.object_id) == job["id"]
    assert event.changes == {
        "filter": [None, {"states": ["failed"], "partner": str(acme.partner.id)}],
        "rendering": [None, "fresh"],
    }
