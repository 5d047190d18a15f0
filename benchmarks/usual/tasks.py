"""One delivery per task, by the ORM: read, decrypt, render, keep the body, sign, post, record.

It keeps what the engine keeps (sealed body, attempt with sealed answer, the delivery's next state), and is let off what the engine does besides:
leases, fair turns, limits per channel, the channel's health.
"""

import json
import time
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import digest
from typing import Any

import httpx
from celery import shared_task
from django.db import transaction
from django.utils import timezone

from accounts.ids import new_id
from accounts.vault import LeadVault
from delivery.models import Attempt, Delivery, DeliveryChannel, Rendering
from distribution.fields.exact_json import load

_DELAYS = (5, 30, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
_client = httpx.Client(timeout=20, limits=httpx.Limits(max_connections=100, max_keepalive_connections=100))


@shared_task(name="usual.deliver", ignore_result=True)
def deliver(delivery_id: str) -> None:
    related = ("account", "lead", "partner", "profile__entity", "channel")
    delivery = Delivery.objects.select_related(*related).get(id=delivery_id)
    if delivery.state != "queued":
        return
    lead, channel = delivery.lead, delivery.channel
    assert lead is not None
    vault = delivery.account.vault.lead(lead.id, bytes(lead.wrapped_key))
    values = dict(lead.values)
    if lead.sealed is not None:
        values |= load(vault.open(lead.sealed, purpose="lead-values", record_id=lead.id))
    body = _body(delivery, values)
    rendering = Rendering.objects.create(
        account=delivery.account,
        delivery=delivery,
        sealed_body=vault.seal(body, purpose="rendering", record_id=delivery.id),
        content_type="application/json",
        created_at=timezone.now(),
    )
    _send_and_record(delivery, channel, vault, rendering, body)


def _body(delivery: Delivery, values: dict[str, Any]) -> bytes:
    assert delivery.lead is not None
    fields = delivery.profile.entity.fields.all()
    content = {
        "id": str(delivery.id),
        "type": "lead.created",
        "created_at": delivery.lead.created_at.isoformat(),
        "test": delivery.is_test,
        "profile": delivery.profile.name,
        "lead": {field.key: values.get(field.key) for field in fields},
    }
    return json.dumps(content, default=str).encode()


def _headers(delivery: Delivery, channel: DeliveryChannel, body: bytes) -> tuple[dict[str, str], list[list[str]]]:
    """As sent, and as the log shows them."""
    assert channel.sealed_secrets is not None
    secrets = json.loads(delivery.account.vault.open(channel.sealed_secrets, purpose="channel-secrets", record_id=channel.id))
    stamp = int(time.time())
    key = b64decode(secrets["signing_secret"].removeprefix("whsec_"))
    signature = b64encode(digest(key, b"%b.%d.%b" % (str(delivery.id).encode(), stamp, body), sha256)).decode()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": str(delivery.id),
        "webhook-timestamp": str(stamp),
        "webhook-signature": f"v1,{signature}",
    }
    shown = [[name, value] for name, value in headers.items()]
    for header in channel.config["headers"]:
        name = header["name"]
        headers[name] = secrets[f"header:{name.lower()}"] if header["secret"] else header["value"]
        shown.append([name, "••••••" if header["secret"] else header["value"]])
    return headers, shown


def _send_and_record(delivery: Delivery, channel: DeliveryChannel, vault: LeadVault, rendering: Rendering, body: bytes) -> None:
    headers, shown = _headers(delivery, channel, body)
    started_at, clock = timezone.now(), time.perf_counter()
    status, answer_headers, answer, reason = None, [], b"", ""
    try:
        response = _client.post(channel.config["url"], content=body, headers=headers)
        status, answer_headers, answer = response.status_code, list(response.headers.items()), response.content[:16384]
    except httpx.HTTPError as error:
        reason = str(error)
    is_delivered = status is not None and 200 <= status < 300
    content = {"headers": answer_headers, "body": b64encode(answer).decode(), "is_truncated": False}
    delivery.attempts_made += 1
    delivery.counted_attempts += 1
    next_at = None if is_delivered else _next_try(delivery.attempts_made)
    attempt = Attempt(
        id=new_id(),
        account=delivery.account,
        delivery=delivery,
        channel=channel,
        rendering_id=rendering.id,
        number=delivery.attempts_made,
        trigger="automatic",
        started_at=started_at,
        outcome="delivered" if is_delivered else "retry",
        code="ok" if is_delivered else "failed",
        reason=reason or f"The partner answered {status}.",
        method="POST",
        target=channel.config["url"],
        address="",
        http_status=status,
        request_headers=shown,
        sealed_response=vault.seal(json.dumps(content).encode(), purpose="response", record_id=delivery.id),
        duration_ms=(time.perf_counter() - clock) * 1000,
        next_attempt_at=next_at,
    )
    delivery.state = "delivered" if is_delivered else "queued" if next_at else "failed"
    delivery.next_attempt_at = next_at
    delivery.is_retry = True
    delivery.finished_at = None if next_at else timezone.now()
    delivery.updated_at = timezone.now()
    with transaction.atomic():
        attempt.save(force_insert=True)
        delivery.save()


def _next_try(tries_made: int) -> datetime | None:
    return timezone.now() + timedelta(seconds=_DELAYS[tries_made - 1]) if tries_made <= len(_DELAYS) else None
