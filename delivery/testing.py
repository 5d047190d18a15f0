"""A channel tried by a person who waits for the result: one lead, one try, sent now, on record like every other.

No transaction is open while the partner answers.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from psycopg.rows import namedtuple_row

from accounts.access import Access
from accounts.ids import new_id
from accounts.isolation import account_scope
from accounts.vault import LeadVault
from delivery.channel_settings import SETTINGS_SQL, ChannelSettings, build_settings
from delivery.channels.base import NotReadyError, Rendering
from delivery.models import Attempt, Delivery, DeliveryChannel
from delivery.outcome import Outcome
from delivery.preview import render_preview
from delivery.record import Record, make_record
from delivery.samples import sample_lead
from delivery.shipment import LeadContent, Shipment, make_envelope, seal_rendering
from delivery.transport import Transport
from distribution.fields import FieldSpec
from distribution.lead_values import arrange, open_values
from distribution.models import Lead

# No engine's lock stands behind this lease, so that the sweep believes it only while more than queue.LEASE_SECONDS - queue.DEAD_AFTER_SECONDS of
# it are left: 70 s here, longer than the longest try. A test whose process died is cancelled then.
_LEASE = timedelta(seconds=150)

UNREADABLE = "The lead was erased, or the channel's secrets cannot be read with the master keys of this server."


class NoSuchLeadError(Exception):
    """The lead is not one of this account's, or of another Entity than the channel's profile."""


@dataclass(frozen=True, slots=True)
class _Trial:
    settings: ChannelSettings
    lead: LeadContent
    vault: LeadVault
    lead_id: UUID | None  # None: a sample


def send_test(access: Access, channel_id: UUID, lead_id: UUID | None) -> Attempt | NotReadyError:
    """Send one lead through the channel and return the attempt, as stored; or what is missing before anything can be sent.

    lead_id: None sends a sample. Raises DeliveryChannel.DoesNotExist, NoSuchLeadError, RenderError, SealError.
    """
    now = timezone.now()
    delivery_id = new_id()
    with account_scope(access.account_id):
        trial = _load(access, channel_id, lead_id, now)
        envelope = make_envelope(trial.settings, trial.lead, delivery_id=delivery_id, is_test=True)
        try:
            rendering = trial.settings.sender.render(envelope, trial.settings.config, context=trial.settings.context(now))
        except NotReadyError as missing:
            return missing
        shipment = _begin(trial, rendering, delivery_id, now, has_encrypted=envelope.has_encrypted)
    outcome = asyncio.run(_send(shipment, rendering, now))
    record = make_record(shipment, outcome, started_at=now, now=timezone.now(), jitter=random.random())  # noqa: S311 - a test is not retried
    with account_scope(access.account_id):
        return _finish(record)


def preview(access: Access, channel_id: UUID, lead_id: UUID | None) -> dict[str, Any]:
    """What the partner would get, rendered and not sent; encrypted values are masked. Raises as `send_test` does."""
    now = timezone.now()
    with account_scope(access.account_id):
        trial = _load(access, channel_id, lead_id, now)
    return render_preview(trial.settings, trial.lead, now=now, is_test=lead_id is None)


def _load(access: Access, channel_id: UUID, lead_id: UUID | None, now: datetime) -> _Trial:
    settings = load_settings(channel_id)
    if lead_id is None:
        return _Trial(settings, sample_lead(settings.specs, now=now), access.vault, None)
    lead = find_lead(lead_id, profile_id=settings.profile_id)
    vault = access.vault.lead(lead.id, bytes(lead.wrapped_key))
    return _Trial(settings, open_lead(lead, vault, settings.specs), vault, lead.id)


def find_lead(lead_id: UUID, *, profile_id: UUID) -> Lead:
    """One of the profile's Entity. Raises NoSuchLeadError."""
    lead = Lead.objects.filter(id=lead_id, entity__profiles=profile_id).first()
    if lead is None:
        raise NoSuchLeadError(str(lead_id))
    return lead


def load_settings(channel_id: UUID) -> ChannelSettings:
    """Read a channel's settings within the account that is set. Raises DeliveryChannel.DoesNotExist, SealError."""
    connection.ensure_connection()
    with connection.connection.cursor(row_factory=namedtuple_row) as cursor:
        row = cursor.execute(SETTINGS_SQL, [[channel_id]]).fetchone()
    if row is None:
        raise DeliveryChannel.DoesNotExist
    return build_settings(row)


def open_lead(lead: Lead, vault: LeadVault, specs: Sequence[FieldSpec]) -> LeadContent:
    """specs: of the lead's Entity, as they are now. Raises SealError when the lead was erased."""
    plain, secret = arrange(specs, lead.values, open_values(vault, lead.sealed, lead_id=lead.id))
    return LeadContent(
        id=lead.id,
        created_at=lead.created_at,
        updated_at=lead.updated_at,
        source=lead.source,
        status=lead.status,
        values=plain,
        sealed_values=secret,
    )


def _begin(trial: _Trial, rendering: Rendering, delivery_id: UUID, now: datetime, *, has_encrypted: bool) -> Shipment:
    """Write down what is about to be sent, leased to this process."""
    settings = trial.settings
    claim_id = new_id()
    delivery = Delivery.objects.create(
        id=delivery_id, account_id=settings.account_id, lead_id=trial.lead_id, channel_id=settings.channel_id, profile_id=settings.profile_id,
        partner_id=settings.partner_id, state="sending", is_test=True, claim_id=claim_id, leased_until=now + _LEASE, created_at=now, updated_at=now,
    )  # fmt: skip
    kept = delivery.renderings.create(
        account_id=settings.account_id,
        sealed_body=seal_rendering(trial.vault, rendering, delivery_id=delivery_id),
        content_type=rendering.content_type,
        recipients=list(rendering.recipients),
        has_encrypted=has_encrypted,
        created_at=now,
    )
    return Shipment(
        delivery_id=delivery_id,
        account_id=settings.account_id,
        claim_id=claim_id,
        attempts_made=0,
        counted_attempts=0,
        queued_at=now,
        settings=settings,
        vault=trial.vault,
        rendering=rendering,
        rendering_id=kept.id,
        is_test=True,
    )


async def _send(shipment: Shipment, rendering: Rendering, now: datetime) -> Outcome:
    transport = Transport.from_settings()
    settings = shipment.settings
    try:
        return await settings.sender.send(
            rendering,
            delivery_id=shipment.delivery_id,
            config=settings.config,
            secrets=settings.secrets,
            context=settings.context(now),
            transport=transport,
        )
    finally:
        await transport.close()


def _finish(record: Record) -> Attempt:
    now = timezone.now()
    Delivery.objects.filter(id=record.delivery_id, claim_id=record.claim_id, state="sending").update(
        state=record.state, attempts_made=1, claim_id=None, leased_until=None, updated_at=now, finished_at=now,
        reason="" if record.state == "delivered" else record.reason, partner_reference=record.partner_reference,
        partner_price=record.partner_price,
    )  # fmt: skip
    columns = {field.attname for field in Attempt._meta.concrete_fields}
    values = {name: getattr(record, name) for name in columns & set(Record.__struct_fields__)}
    return Attempt.objects.create(**values)
