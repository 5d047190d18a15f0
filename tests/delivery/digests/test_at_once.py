"""Several background workers at once, while leads come in."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.ids import new_id
from delivery.enqueue import NewDelivery, enqueue
from delivery.models import Delivery, Digest
from tests.delivery.digests.collecting import Collecting, start_collecting, work
from tests.delivery.digests.mails import names_in, numbered
from tests.flows.inbox import Inbox

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "engine"])


def work_in_a_thread() -> None:
    try:
        for _ in range(20):
            work()
    finally:
        connections.close_all()


def send_in_a_thread(shop: Collecting) -> None:
    try:
        for _ in range(12):
            shop.send(25)
    finally:
        connections.close_all()


def test_workers_at_once_put_each_lead_into_one_digest(inbox: Inbox) -> None:
    batching = {"mode": "every", "minutes": 60, "max_leads": 40}
    shop = start_collecting(inbox, attach_csv=True, format="none", batching=batching)
    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(send_in_a_thread, shop), *(threads.submit(work_in_a_thread) for _ in range(3))]
        for one in running:
            one.result(60)
    shop.send_digests()
    assert Counter(name for mail in inbox.mails for name in names_in(mail)) == Counter(numbered(300))
    assert max(digest.lead_count for digest in shop.digests()) == 40
    assert shop.states() == ["delivered"] * 300


def test_a_digest_that_another_transaction_holds_is_left_to_it(inbox: Inbox) -> None:
    shop = start_collecting(inbox)
    shop.send(2)
    work()
    shop.pass_an_hour()
    with connections["owner"].cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM delivery_digest FOR UPDATE")
        try:
            work()
        finally:
            cursor.execute("ROLLBACK")
    assert shop.digests()[0].closed_at is None
    work()
    assert shop.digests()[0].closed_at is not None


def test_a_delivery_that_another_transaction_holds_comes_with_the_next_digest(inbox: Inbox) -> None:
    shop = start_collecting(inbox, attach_csv=True)
    shop.send(3)
    work()
    shop.pass_an_hour()
    held = shop.members()[1].id
    with connections["owner"].cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM delivery_delivery WHERE id = %s FOR UPDATE", [held])
        try:
            work()
        finally:
            cursor.execute("ROLLBACK")
    shop.send_digests()
    assert sorted(names_in(mail) for mail in inbox.mails) == [["Lead 1", "Lead 3"], ["Lead 2"]]


def test_a_delivery_that_waits_for_a_cap_joins_no_digest_before(inbox: Inbox) -> None:
    shop = start_collecting(inbox, attach_csv=True)
    (lead_id,) = shop.send(1)
    with shop.shop.open() as access:
        first, now = Delivery.objects.get(), timezone.now()
        later = NewDelivery(
            lead_id=lead_id, channel_id=first.channel_id, profile_id=first.profile_id, partner_id=first.partner_id,
            due_at=now + timedelta(hours=3), wait_reason="The cap begins anew at 22:00.", collects=True, id=new_id(),
        )  # fmt: skip
        enqueue([later], account_id=access.account_id, now=now)
    shop.send_digests()
    assert [(member.state, member.reason) for member in shop.members()] == [
        ("delivered", ""),
        ("collecting", "The cap begins anew at 22:00."),
    ]
    work()
    with shop.shop.open():
        assert not Digest.objects.filter(closed_at=None).exists()
        Delivery.objects.filter(id=later.id).update(next_attempt_at=timezone.now())
    shop.send_digests()
    assert shop.states() == ["delivered"] * 2


def test_planning_looks_at_channels_and_not_at_leads(inbox: Inbox) -> None:
    shop = start_collecting(inbox)
    shop.send(500)
    work()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM leadflip_digests_to_plan()")
        assert cursor.fetchall() == []
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE delivery_delivery")
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'leadflip_digests_to_plan'")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {cursor.fetchone()[0]}")
        plan = cursor.fetchone()[0][0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 60
