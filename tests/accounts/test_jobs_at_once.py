"""Workers, and people who cancel, at one instant; workers that die."""

from threading import Barrier, Event

import pytest
from django.db import connection, connections

from accounts import jobs
from accounts.access import Access
from accounts.faults import ConflictError
from accounts.jobs import Step, TakeStep, take_one_step
from accounts.models import Job
from tests.accounts.counting import KINDS, begin, count, in_threads, now_of, traces, work
from tests.builders import Shop, make_account

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def acme() -> Shop:
    return make_account()


@pytest.fixture
def other() -> Shop:
    return make_account("Other", "charlie@other.test")


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
