"""Jobs step by step: in turns, whole or not at all, each by one worker."""

import logging

import pytest

from accounts import jobs
from accounts.access import Access
from accounts.jobs import Step, take_one_step
from accounts.models import Account, AuditEvent, Job
from tests.accounts.counting import KINDS, begin, count, now_of, traces, work
from tests.builders import Shop, make_account

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def acme() -> Shop:
    return make_account()


@pytest.fixture
def other() -> Shop:
    return make_account("Other", "charlie@other.test")


def test_a_job_is_done_step_by_step_and_tells_how_far_it_is(acme: Shop) -> None:
    job = begin(acme)
    assert (job.state, job.done, job.total) == ("queued", 0, None)
    assert take_one_step(KINDS)
    running = now_of(acme, job)
    assert (running.state, running.done, running.total, running.cursor, running.finished_at) == ("running", 10, 30, 1, None)
    assert work() == 2
    done = now_of(acme, job)
    assert (done.state, done.done, done.total, done.reason) == ("done", 30, 30, "")
    assert done.result == {"step 1": "done", "step 2": "done", "step 3": "done"}
    assert done.finished_at is not None
    assert traces(acme) == [1, 2, 3]
    assert not take_one_step(KINDS)


def test_a_step_acts_for_the_one_who_started_the_job(acme: Shop) -> None:
    begin(acme)
    take_one_step(KINDS)
    with acme.open() as access:
        assert AuditEvent.objects.get(action="step").actor_label == access.actor.label


def test_the_jobs_of_two_accounts_take_turns(acme: Shop, other: Shop) -> None:
    first, second = begin(acme), begin(other)
    done = []
    while take_one_step(KINDS):
        done.append((now_of(acme, first).done, now_of(other, second).done))
    assert done == [(10, 0), (10, 10), (20, 10), (20, 20), (30, 20), (30, 30)]


def test_a_step_sees_its_own_account_alone(acme: Shop, other: Shop) -> None:
    seen: list[list[Account]] = []

    def look(access: Access, job: Job) -> Step:
        seen.append(list(Account.objects.all()))
        return Step(cursor=None, done=1, is_last=True)

    begin(acme), begin(other)
    while take_one_step({"count": look}):
        pass
    assert seen == [[acme.account], [other.account]]


def test_a_step_that_fails_leaves_nothing_and_is_tried_again(acme: Shop) -> None:
    job = begin(acme, "stumble")
    assert take_one_step(KINDS)
    failed = now_of(acme, job)
    assert (failed.state, failed.faults_in_a_row, failed.done, failed.cursor) == ("queued", 1, 0, None)
    assert traces(acme) == []
    assert take_one_step({"stumble": count})
    recovered = now_of(acme, job)
    assert (recovered.state, recovered.faults_in_a_row, recovered.cursor) == ("running", 0, 1)


def test_a_job_that_fails_five_times_in_a_row_is_given_up_without_a_word_of_the_fault(acme: Shop) -> None:
    job = begin(acme, "stumble")
    assert work() == 5
    failed = now_of(acme, job)
    assert (failed.state, failed.faults_in_a_row, failed.done) == ("failed", 5, 0)
    assert failed.reason == "Leadflip could not go on with this; what was done until then stays done."
    assert failed.finished_at is not None
    assert traces(acme) == []


def test_a_job_of_a_kind_that_no_worker_knows_is_given_up(acme: Shop) -> None:
    job = begin(acme, "unheard of")
    assert work() == 5
    assert now_of(acme, job).state == "failed"


def test_a_failing_job_keeps_no_other_from_its_turn(acme: Shop, other: Shop) -> None:
    begin(acme, "stumble")
    job = begin(other)
    work()
    assert now_of(other, job).state == "done"


def test_a_job_that_cannot_go_on_ends_with_its_reason_at_once(acme: Shop) -> None:
    job = begin(acme, "give up")
    assert work() == 1
    failed = now_of(acme, job)
    assert (failed.state, failed.reason, failed.faults_in_a_row) == ("failed", "Line 7 has more columns than the first.", 0)
    assert traces(acme) == []


def test_a_cancelled_job_keeps_what_is_done_and_does_no_more(acme: Shop) -> None:
    job = begin(acme)
    take_one_step(KINDS)
    answer = acme.call("POST", f"jobs/{job.id}/cancel")
    assert (answer.status_code, answer.json()["state"], answer.json()["done"]) == (200, "cancelled", 10)
    assert not take_one_step(KINDS)
    assert traces(acme) == [1]


def test_a_job_that_is_over_cannot_be_cancelled(acme: Shop) -> None:
    job = begin(acme)
    work()
    answer = acme.call("POST", f"jobs/{job.id}/cancel")
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["detail"] == "This job is done already; there is nothing left to cancel."
    assert now_of(acme, job).state == "done"


class _Canceller(logging.Handler):
    """Cancels the job between the end of its failed step and the count of the fault: just then the log tells of it."""

    def __init__(self, shop: Shop, job: Job) -> None:
        super().__init__()
        self._shop, self._job = shop, job

    def emit(self, record: logging.LogRecord) -> None:
        with self._shop.open():
            jobs.cancel(self._job)


def test_a_job_cancelled_as_its_step_fails_stays_cancelled(acme: Shop) -> None:
    job = begin(acme, "stumble")
    canceller = _Canceller(acme, job)
    jobs.logger.addHandler(canceller)
    try:
        work()
    finally:
        jobs.logger.removeHandler(canceller)
    ended = now_of(acme, job)
    assert (ended.state, ended.faults_in_a_row) == ("cancelled", 0)


def test_an_account_sees_its_own_jobs_alone(acme: Shop, other: Shop) -> None:
    job = begin(acme)
    assert [one["id"] for one in acme.get("jobs")["results"]] == [str(job.id)]
    assert acme.get(f"jobs/{job.id}")["label"] == "Counting"
    assert other.get("jobs")["results"] == []
    for method, path in (("GET", f"jobs/{job.id}"), ("POST", f"jobs/{job.id}/cancel")):
        assert other.call(method, path).status_code == 404
    assert now_of(acme, job).state == "queued"
