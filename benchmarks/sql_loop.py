"""The queue's statements alone: claim, keep the renderings, record; one batch after another, nothing sent. Run by `processes.run_together`."""

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import django
import psycopg
import uvloop

django.setup()

from accounts.ids import new_id  # noqa: E402 - Django must be set up before its models are imported
from delivery import queue  # noqa: E402
from delivery.engine_database import engine_conninfo  # noqa: E402
from delivery.record import Record  # noqa: E402

_BATCH = 200


async def _loop(wanted: dict[str, Any]) -> dict[str, float]:
    engine = queue.EngineId.new()
    async with await psycopg.AsyncConnection.connect(engine_conninfo(), autocommit=True) as connection:
        await queue.announce(connection, engine)
        print("ready", flush=True)
        sys.stdin.readline()
        started, cpu, number = time.monotonic(), time.process_time(), 0
        while done := await _batch(connection, engine, wanted):
            number += done
        ended, cpu = time.monotonic(), time.process_time() - cpu
    return {"number": number, "started": started, "ended": ended, "cpu": cpu}


async def _batch(connection: queue.Connection, engine: queue.EngineId, wanted: dict[str, Any]) -> int:
    claimed = await queue.claim(connection, claim_id=engine.new_claim(), limit=_BATCH, retry_limit=_BATCH // 2, after=UUID(int=0))
    if not claimed.rows:
        return 0
    now = datetime.now(UTC)
    body, answer, headers = wanted["body"].encode(), b"x" * 220, tuple((name, value) for name, value in wanted["headers"])
    renderings = [
        queue.SealedRendering(
            id=new_id(), account_id=row.account_id, delivery_id=row.id, sealed_body=body, content_type="application/json", recipients=(),
            has_encrypted=True, created_at=now,
        )
        for row in claimed.rows
    ]  # fmt: skip
    await queue.save_renderings(connection, renderings)
    records = [
        Record(
            id=new_id(), account_id=row.account_id, delivery_id=row.id, channel_id=row.channel_id, claim_id=claimed.claim_id,
            rendering_id=rendering.id, number=1, trigger="automatic", started_at=now, outcome="delivered", code="ok",
            reason="The partner took the lead: 200 OK.", method="POST", target=wanted["url"], address="127.0.0.1:80", http_status=200,
            request_headers=headers, sealed_response=answer, dns_ms=None, connect_ms=None, tls_ms=None, first_byte_ms=1.0, duration_ms=1.0,
            next_attempt_at=None, state="delivered", counted=1, is_attempt=True,
        )
        for row, rendering in zip(claimed.rows, renderings, strict=True)
    ]  # fmt: skip
    await queue.record(connection, records)
    return len(records)


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_loop(json.loads(sys.stdin.readline())))), flush=True)
