"""Jobs that count, stumble and give up, for the tests of how jobs are done."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

from accounts import audit, jobs
from accounts.access import Access
from accounts.jobs import JobFailedError, Step, TakeStep, take_one_step
from accounts.models import Account, AuditEvent, Job
from tests.builders import Shop

STEPS = 3


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
