"""Jobs step by step: in turns, whole or not at all, each by one worker."""

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connection, connections

from accounts import audit, jobs
from accounts.access import Access
from accounts.faults import ConflictError
from accounts.jobs import JobFailedError, Step, TakeStep, take_one_step
from accounts.models import Account, AuditEvent, Job
from tests.builders import Shop, make_account

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

STEPS = 3


@pytest.fixture
def acme() -> Shop:
    return make_account()


@pytest.fixture
def other() -> Shop:
    return make_account("Other", "charlie@other.test")


def begin(shop: Shop, kind: str = "count", **params: Any) -> Job:
    with shop.open() as access:
        return jobs.start(access, kind, label="Counting", params=params)


def now_of(shop: Shop, job: Job) -> Job:
    with shop.open():
        return Job.objects.get(id=job.id)


def traces(shop: Shop) -> list[int]:
    """What the steps left in the database, in their order."""
    with shop.open():
        return list(AuditEvent.objects.filter(action="step").order_by("id").values_list("changes__number", flat=True))


def leave_trace(access: Access, job: Job) -> int:
    number = (job.cursor or 0) + 1
    audit.note(access, "step", Account.objects.get(), changes={"number": number})
    return number


def count(access: Access, job: Job) -> Step:
    """A trace per step, STEPS in all."""
    number = leave_trace(access, job)
    return Step(cursor=number, done=number * 10, is_last=number == STEPS, total=STEPS * 10, result={f"step {number}": "done"})


def stumble(access: Access, job: Job) -> Step:
    leave_trace(access, job)
    raise ValueError("jane@example.com is not what I expected")


def give_up(access: Access, job: Job) -> Step:
    leave_trace(access, job)
    raise JobFailedError("Line 7 has more columns than the first.")


KINDS: dict[str, TakeStep] = {"count": count, "stumble": stumble, "give up": give_up}


def work() -> int:
    """Take steps until there is none. Returns how many."""
    number = 0
    while take_one_step(KINDS):
        number += 1
        assert number < 100
    return number


def in_threads(*actions: Any) -> list[Any]:
    """Each as another worker, with a database connection of its own."""

    def run(action: Any) -> Any:
        try:
            return action()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result() for future in [pool.submit(run, action) for action in actions]]


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


class _Gate:
    """A step that stops in the middle, until it is let through."""

    def __init__(self, then: TakeStep) -> None:
        self.entered, self.opened, self._then = Event(), Event(), then

    def __call__(self, access: Access, job: Job) -> Step:
        self.entered.set()
        assert self.opened.wait(30)
        return self._then(access, job)


def test_cancelling_waits_for_the_step_under_way_and_is_the_last_word(acme: Shop) -> None:
    job, gate = begin(acme), _Gate(count)

    def cancel() -> None:
        assert gate.entered.wait(30)
        with acme.open():
            found = Job.objects.get(id=job.id)
            gate.opened.set()
            jobs.cancel(found)

    in_threads(lambda: take_one_step({"count": gate}), cancel)
    ended = now_of(acme, job)
    assert (ended.state, ended.done, ended.cursor) == ("cancelled", 10, 1)
    assert traces(acme) == [1]


def test_a_last_step_under_way_comes_before_the_one_who_cancels(acme: Shop) -> None:
    def finish(access: Access, job: Job) -> Step:
        return Step(cursor=None, done=1, is_last=True)

    job, gate = begin(acme), _Gate(finish)

    def cancel() -> str:
        assert gate.entered.wait(30)
        with acme.open():
            found = Job.objects.get(id=job.id)
            gate.opened.set()
            with pytest.raises(ConflictError, match="done already"):
                jobs.cancel(found)
        return found.state

    in_threads(lambda: take_one_step({"count": gate}), cancel)
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


def test_two_workers_never_take_the_same_step(acme: Shop) -> None:
    begin(acme)
    start = Barrier(2)

    def work_along() -> int:
        start.wait(30)
        return work()

    in_threads(work_along, work_along)
    work()
    assert traces(acme) == [1, 2, 3]


def test_a_worker_passes_over_the_job_that_another_one_holds(acme: Shop, other: Shop) -> None:
    held, free = begin(acme), begin(other)
    gate = _Gate(count)

    def second() -> bool:
        assert gate.entered.wait(30)
        try:
            return take_one_step(KINDS)
        finally:
            gate.opened.set()

    assert in_threads(lambda: take_one_step({"count": gate}), second) == [True, True]
    assert (now_of(acme, held).done, now_of(other, free).done) == (10, 10)


def test_a_worker_that_dies_in_a_step_loses_nothing(acme: Shop) -> None:
    job = begin(acme)
    take_one_step(KINDS)

    def die(access: Access, job: Job) -> Step:
        step = count(access, job)
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
        return step

    assert not take_one_step({"count": die})
    kept = now_of(acme, job)
    assert (kept.state, kept.cursor, kept.done, kept.faults_in_a_row) == ("running", 1, 10, 0)
    assert traces(acme) == [1]
    work()
    assert (now_of(acme, job).state, traces(acme)) == ("done", [1, 2, 3])


def test_an_account_sees_its_own_jobs_alone(acme: Shop, other: Shop) -> None:
    job = begin(acme)
    assert [one["id"] for one in acme.get("jobs")["results"]] == [str(job.id)]
    assert acme.get(f"jobs/{job.id}")["label"] == "Counting"
    assert other.get("jobs")["results"] == []
    for method, path in (("GET", f"jobs/{job.id}"), ("POST", f"jobs/{job.id}/cancel")):
        assert other.call(method, path).status_code == 404
    assert now_of(acme, job).state == "queued"
