"""An account with a long past: leads, what was sent of them and every try, spread evenly over the last sixty days, made by statements alone."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connections, transaction
from django.utils import timezone

from accounts.dashboard.paging import PAGE_SIZE
from benchmarks.shop import Shop, open_shop
from benchmarks.sql_ids import id_at
from delivery.volume import count_hours_of

DAYS = 60
PARTNERS = 20
TRIES = 3  # of each delivery

# Of a thousand deliveries: 25 failed, 20 were rejected, 5 cancelled, 2 are held, 3 wait for their next try; the others arrived.
_PLAN = f"""
CREATE TEMPORARY TABLE plan AS
SELECT place, moment, {id_at("moment")} AS lead_id, {id_at("moment + interval '2 ms'")} AS delivery_id, way.channel_id, way.profile_id,
       way.partner_id, CASE WHEN turn < 25 THEN 'failed' WHEN turn < 45 THEN 'rejected' WHEN turn < 50 THEN 'cancelled' WHEN turn < 52 THEN 'held'
                            WHEN turn < 55 THEN 'queued' ELSE 'delivered' END AS state
FROM generate_series(1, %(rows)s) AS place
CROSS JOIN LATERAL (SELECT now() - (%(rows)s - place + 1) * (interval '{DAYS} days' / %(rows)s) AS moment, place::bigint * 7919 %% 1000 AS turn) at
JOIN (
    SELECT row_number() OVER (ORDER BY c.id) - 1 AS number, c.id AS channel_id, a.profile_id, a.partner_id
    FROM delivery_deliverychannel c JOIN distribution_assignment a ON a.id = c.assignment_id WHERE c.account_id = %(account)s
) way ON way.number = place %% {PARTNERS}
"""

_LEADS = """
INSERT INTO distribution_lead (id, account_id, entity_id, source, status, "values", sealed, wrapped_key, note, request_id, created_at, updated_at)
SELECT plan.lead_id, %(account)s, entity.id, 'api', 'new', jsonb_build_object('first_name', 'Jane', 'last_name', 'Doe ' || place,
       'email', 'jane.doe.' || place || '@example.com', 'phone', '+13105550100', 'zip', '90210', 'city', 'Los Angeles', 'budget', 25000),
       decode(repeat('5e', 90), 'hex'), decode(repeat('a7', 61), 'hex'), '', '', moment, moment
FROM plan CROSS JOIN (SELECT id FROM distribution_entity WHERE account_id = %(account)s) entity ORDER BY place
"""

_DELIVERIES = f"""
INSERT INTO delivery_delivery (id, account_id, lead_id, channel_id, profile_id, partner_id, state, reason, is_test, is_retry, attempts_made,
                               counted_attempts, next_attempt_at, created_at, updated_at, finished_at)
SELECT delivery_id, %(account)s, lead_id, channel_id, profile_id, partner_id, state,
       CASE state WHEN 'delivered' THEN '' WHEN 'held' THEN 'The channel is paused.' ELSE 'The partner answered 503 Service Unavailable.' END, false, true,
       {TRIES}, {TRIES}, CASE WHEN state = 'queued' THEN now() + interval '1 day' END, moment, moment,
       CASE WHEN state NOT IN ('held', 'queued') THEN moment + interval '1 s' * (1 + place %% 90) END
FROM plan ORDER BY place
"""

_ATTEMPTS = f"""
INSERT INTO delivery_attempt (id, account_id, delivery_id, channel_id, number, trigger, started_at, outcome, code, reason, method, target, address,
                              http_status, request_headers, sealed_response, connect_ms, first_byte_ms, duration_ms, is_late)
SELECT {id_at("moment + number * interval '1 s'")}, %(account)s, delivery_id, channel_id, number,
       CASE number WHEN 1 THEN 'automatic' ELSE 'retry' END, moment + number * interval '1 s', CASE number WHEN {TRIES} THEN state ELSE 'retry' END,
       'server_error', 'The partner answered 503 Service Unavailable.', 'POST', 'https://partner.example.com/leads', '203.0.113.7:443', 503,
       '[["Content-Type", "application/json"], ["webhook-id", "0199a2f4-7b1c-7def-8000-000000000000"], ["webhook-timestamp", "1764000000"],
         ["webhook-signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="], ["User-Agent", "Leadflip/1 (Standard Webhooks 1.0)"]]',
       decode(repeat('5e', 220), 'hex'), 0.4, 3.5, 4.2, false
FROM plan CROSS JOIN generate_series(1, {TRIES}) AS number ORDER BY place, number
"""


_SAMPLES = f"""
SELECT (SELECT partner_id FROM plan WHERE place = 1), (SELECT delivery_id FROM plan WHERE place = %(rows)s),
       (SELECT delivery_id FROM plan WHERE place = %(rows)s - {PAGE_SIZE} + 1), (SELECT delivery_id FROM plan WHERE place = %(rows)s / 10)
"""


@dataclass(frozen=True, slots=True)
class History:
    """deliveries: how many, each of a lead of its own. newest, second, deep: ids of deliveries; above the second lies a page, above the deep one
    nine tenths of all."""

    shop: Shop
    deliveries: int
    partner: UUID
    newest: UUID
    second: UUID
    deep: UUID


def open_history(name: str, deliveries: int) -> History:
    shop = open_shop(name, [{}] * PARTNERS)
    wanted: dict[str, Any] = {"account": shop.account.id, "rows": deliveries}
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        # Of the months that the sixty days reach back to.
        cursor.execute("SELECT leadflip_make_partitions((current_date - %s)::date)", [DAYS])
        # Without the keys' checks, each of which would look for its row.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(_PLAN, wanted)
        for statement in (_LEADS, _DELIVERIES, _ATTEMPTS):
            cursor.execute(statement, wanted)
        cursor.execute(_SAMPLES, wanted)
        partner, newest, second, deep = cursor.fetchone()
        cursor.execute("DROP TABLE plan")
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) distribution_lead, delivery_delivery, delivery_attempt")
        cursor.execute("CHECKPOINT")
    this_hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    count_hours_of(shop.account.id, since=this_hour - timedelta(days=DAYS + 1), until=this_hour)
    return History(shop, deliveries, partner, newest, second, deep)
