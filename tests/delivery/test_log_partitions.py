"""Months made ahead, months dropped, and what an account keeps for a shorter time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import ProgrammingError, connection, connections, transaction
from django.utils import timezone

from accounts.ids import first_id_of, new_id
from accounts.isolation import account_scope
from accounts.models import Account
from delivery.log_partitions import drop_old_months, forget_old_log
from delivery.models import Attempt, Delivery, Rendering
from leadflip.background import CHORES
from tests.delivery.lanes import Lane, make_lane

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

TABLES = ("delivery_attempt", "delivery_rendering")


def run(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """As the owner."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def months(table: str) -> list[str]:
    rows = run("SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = %s::regclass ORDER BY 1", table)
    return [str(name).removeprefix(f"{table}_") for (name,) in rows]


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Leave the months as they were."""
    before = {table: months(table) for table in TABLES}
    yield
    with connections["owner"].cursor() as cursor:
        for table in TABLES:
            for month in set(months(table)) - set(before[table]):
                cursor.execute(f"DROP TABLE {table}_{month}")
        cursor.execute("SELECT leadflip_make_partitions(current_date)")
    assert {table: months(table) for table in TABLES} == before


def lane(name: str = "Acme", *, log_days: int = 90) -> Lane:
    made = make_lane(name)
    with account_scope(made.account.id):
        Account.objects.update(log_days=log_days)
    made.add(state="delivered", attempts_made=1)
    return made


def log(lane: Lane, *, days_ago: float, rendering_id: UUID | None = None) -> UUID:
    """A try of the lane's delivery so long ago, with a rendering unless it has one. Returns the rendering's id."""
    moment = timezone.now() - timedelta(days=days_ago)
    with account_scope(lane.account.id):
        delivery = Delivery.objects.get()
        if rendering_id is None:
            rendering_id = new_id()
            Rendering.objects.create(
                id=rendering_id, account=lane.account, delivery=delivery, sealed_body=b"x", content_type="x", created_at=moment
            )
        Attempt.objects.create(
            id=UUID(int=first_id_of(moment).int + new_id().int % (1 << 64)), account=lane.account, delivery=delivery, channel=lane.channel,
            rendering_id=rendering_id, number=1, trigger="automatic", started_at=moment, outcome="delivered", code="ok", reason="", method="POST",
            target="", address="", request_headers=[], sealed_response=b"x", duration_ms=1,
        )  # fmt: skip
        return rendering_id


def kept(lane: Lane) -> tuple[list[int], int]:
    """Ages of the tries in days, and the number of renderings."""
    with account_scope(lane.account.id):
        moments = Attempt.objects.order_by("started_at").values_list("started_at", flat=True)
        return [round((timezone.now() - moment).total_seconds() / 86_400) for moment in moments], Rendering.objects.count()


def month_of(days_ago: float) -> datetime:
    return (timezone.now() - timedelta(days=days_ago)).astimezone(UTC)


def make_month(moment: datetime) -> None:
    run("SELECT leadflip_make_partitions(%s)", moment.date())


def test_three_months_lie_ready_ahead() -> None:
    now = timezone.now().astimezone(UTC)
    ahead = [(now.replace(day=1) + timedelta(days=31 * place)).strftime("%Y_%m") for place in range(1, 4)]
    for table in TABLES:
        assert {*ahead, now.strftime("%Y_%m"), "other"} <= set(months(table))


def test_making_months_again_makes_none() -> None:
    assert run("SELECT leadflip_make_partitions(current_date)") == [(0,)]


def test_rows_of_a_month_that_there_was_not_move_into_it_when_it_is_made() -> None:
    acme = lane()
    log(acme, days_ago=800)
    assert run("SELECT count(*) FROM delivery_attempt_other") == run("SELECT count(*) FROM delivery_rendering_other") == [(1,)]
    make_month(month_of(800))
    name = month_of(800).strftime("%Y_%m")
    for table in TABLES:
        assert run(f"SELECT (SELECT count(*) FROM {table}_other), (SELECT count(*) FROM {table}_{name})") == [(0, 1)]
    assert kept(acme) == ([800], 1)


def test_a_new_month_is_as_closed_as_the_others() -> None:
    make_month(month_of(800))
    name = f"delivery_attempt_{month_of(800).strftime('%Y_%m')}"
    assert run("SELECT relrowsecurity FROM pg_class WHERE relname = %s", name) == [(True,)]
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {name}")


def test_a_month_is_dropped_when_no_account_keeps_anything_of_it() -> None:
    make_month(month_of(800))
    acme = lane(log_days=90)
    log(acme, days_ago=800)
    log(acme, days_ago=1)
    old = month_of(800).strftime("%Y_%m")
    assert drop_old_months() >= 2
    assert all(old not in months(table) for table in TABLES)
    assert kept(acme) == ([1], 1)
    assert drop_old_months() == 0


def test_the_account_that_keeps_its_log_longest_keeps_it_for_all() -> None:
    make_month(month_of(300))
    lane(log_days=90), lane("Other", log_days=400)
    old = month_of(300).strftime("%Y_%m")
    drop_old_months()
    assert all(old in months(table) for table in TABLES)


def test_a_month_stays_as_long_as_a_retry_may_need_it() -> None:
    lane(log_days=7)
    drop_old_months()
    ended = timezone.now().astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last = (ended - timedelta(days=1)).strftime("%Y_%m")
    is_kept = timezone.now() < ended + timedelta(days=9)
    assert [last in months(table) for table in TABLES] == [is_kept, is_kept]


def test_a_month_that_is_being_read_is_left_for_the_next_hour() -> None:
    make_month(month_of(800))
    lane()
    old = month_of(800).strftime("%Y_%m")
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(f"LOCK TABLE delivery_attempt_{old} IN ACCESS SHARE MODE")
        drop_old_months()
    assert old in months("delivery_attempt")
    drop_old_months()
    assert old not in months("delivery_attempt")


def test_what_an_account_keeps_for_a_shorter_time_is_removed_row_by_row() -> None:
    short, long = lane("Short", log_days=7), lane("Long", log_days=400)
    for one in (short, long):
        for days_ago in (30, 8, 6):
            log(one, days_ago=days_ago)
    assert forget_old_log() == 2
    assert kept(short) == ([6], 1)
    assert kept(long) == ([30, 8, 6], 3)
    assert forget_old_log() == 0


def test_a_rendering_stays_while_a_younger_try_or_a_waiting_delivery_needs_it() -> None:
    short = lane("Short", log_days=7)
    lane("Long", log_days=400)
    rendering_id = log(short, days_ago=9)
    log(short, days_ago=5, rendering_id=rendering_id)
    forget_old_log()
    assert kept(short) == ([5], 1)
    waiting = lane("Waiting", log_days=7)
    log(waiting, days_ago=9)
    with account_scope(waiting.account.id):
        Delivery.objects.update(state="held")
    forget_old_log()
    assert kept(waiting) == ([], 1)


def test_the_application_can_remove_nothing_of_the_log_itself() -> None:
    acme = lane()
    log(acme, days_ago=1)
    for table in TABLES:
        with pytest.raises(ProgrammingError, match="permission denied"), account_scope(acme.account.id), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")


def test_both_are_done_every_hour() -> None:
    assert {drop_old_months, forget_old_log} <= set(CHORES)
