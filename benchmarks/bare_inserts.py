"""The inserts of leads alone: a lead, its decision and its deliveries, one prepared statement and one round trip for each batch, by the owner of the
tables and so without row-level security; threads with a connection each, as the web server has them. Run by `processes.run_together`."""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from typing import Any

import psycopg

from accounts.ids import new_id

_INSERT = """
WITH lead AS (
    INSERT INTO distribution_lead (id, account_id, entity_id, source, status, "values", sealed, wrapped_key, note, request_id, created_at, updated_at)
    SELECT l.id, %(account)s, %(entity)s, 'api', 'new', l.content::jsonb, l.sealed, l.wrapped_key, '', l.request_id, %(now)s, %(now)s
    FROM unnest(%(leads)s::uuid[], %(contents)s::text[], %(sealed)s::bytea[], %(keys)s::bytea[], %(requests)s::text[])
      AS l(id, content, sealed, wrapped_key, request_id)
), decision AS (
    INSERT INTO distribution_decision (id, account_id, lead_id, profile_id, profile_name, is_matched, detail, created_at)
    SELECT d.id, %(account)s, d.lead_id, %(profile)s, %(profile_name)s, true, d.detail::jsonb, %(now)s
    FROM unnest(%(decisions)s::uuid[], %(leads)s::uuid[], %(details)s::text[]) AS d(id, lead_id, detail)
)
INSERT INTO delivery_delivery (id, account_id, lead_id, channel_id, profile_id, partner_id, state, reason, is_test, is_retry, attempts_made,
    counted_attempts, next_attempt_at, created_at, updated_at, needs_follow_up)
SELECT d.id, %(account)s, d.lead_id, d.channel_id, %(profile)s, d.partner_id, 'queued', '', false, false, 0, 0, %(now)s, %(now)s, %(now)s, false
FROM unnest(%(deliveries)s::uuid[], %(delivery_leads)s::uuid[], %(channels)s::uuid[], %(partners)s::uuid[]) AS d(id, lead_id, channel_id, partner_id)
"""


class Inserter:
    """like: the rows of a lead that came in by the API; ways: the channel and the partner of each of its deliveries."""

    def __init__(self, like: dict[str, Any], batch: int) -> None:
        self._batch = batch
        self._ways = like["ways"]
        self._same = {name: like[name] for name in ("account", "entity", "profile", "profile_name")} | {
            "contents": [like["content"]] * batch,
            "sealed": [bytes.fromhex(like["sealed"])] * batch,
            "keys": [bytes.fromhex(like["wrapped_key"])] * batch,
            "requests": [like["request_id"]] * batch,
            "details": [like["detail"]] * batch,
            "channels": [channel for channel, _ in self._ways] * batch,
            "partners": [partner for _, partner in self._ways] * batch,
        }

    def insert(self, connection: "psycopg.Connection[Any]") -> None:
        leads = [new_id() for _ in range(self._batch)]
        of_this = {
            "now": datetime.now(UTC),
            "leads": leads,
            "decisions": [new_id() for _ in leads],
            "deliveries": [new_id() for _ in range(self._batch * len(self._ways))],
            "delivery_leads": [lead for lead in leads for _ in self._ways],
        }
        connection.execute(_INSERT, self._same | of_this, prepare=True)


def _insert_all(wanted: dict[str, Any]) -> dict[str, float]:
    """wanted: like, batch (leads per statement), number and warm_up of statements, connections."""
    inserter = Inserter(wanted["like"], wanted["batch"])
    connections = [psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) for _ in range(wanted["connections"])]

    def insert_many(number: int) -> None:
        places = count()

        def insert(connection: "psycopg.Connection[Any]") -> None:
            while next(places) < number:
                inserter.insert(connection)

        with ThreadPoolExecutor(len(connections)) as pool:
            list(pool.map(insert, connections))

    insert_many(wanted["warm_up"])
    print("ready", flush=True)
    sys.stdin.readline()
    started, cpu = time.monotonic(), time.process_time()
    insert_many(wanted["number"])
    ended, cpu = time.monotonic(), time.process_time() - cpu
    return {"number": wanted["number"] * wanted["batch"], "started": started, "ended": ended, "cpu": cpu}


if __name__ == "__main__":
    print(json.dumps(_insert_all(json.loads(sys.stdin.readline()))), flush=True)
