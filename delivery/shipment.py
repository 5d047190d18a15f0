"""One delivery made ready to send: who may open what, the envelope, the bytes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.vault import LeadVault
from delivery.channel_settings import ChannelSettings
from delivery.channels.base import Envelope, Rendering
from delivery.payload import select_fields
from distribution.fields import lead_name

RENDERING = "rendering"


@dataclass(frozen=True, slots=True)
class LeadContent:
    """A lead as an envelope needs it, decrypted."""

    id: UUID
    created_at: datetime
    updated_at: datetime
    source: str
    status: str
    values: Mapping[str, Any]
    sealed_values: Mapping[str, Any]

    def system_values(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "status": self.status,
            "source": self.source,
            "created_at": self.created_at.isoformat(),
            "updated_at": self.updated_at.isoformat(),
        }


def make_envelope(settings: ChannelSettings, lead: LeadContent, *, delivery_id: UUID, is_test: bool = False) -> Envelope:
    return Envelope(
        delivery_id=delivery_id,
        lead_id=lead.id,
        created_at=lead.created_at,
        source=lead.source,
        status=lead.status,
        lead_name=lead_name(settings.specs, lead.values, settings.display_field),
        entity=settings.entity,
        profile=settings.profile,
        partner=settings.partner,
        fields=select_fields(settings.selection, settings.specs, {**lead.system_values(), **lead.values}, lead.sealed_values),
        is_test=is_test,
    )


@dataclass(slots=True)
class Shipment:
    """A claimed delivery with everything its tries need. queued_at: or resent. attempts_before_resend: of attempts_made; None: it was never resent."""

    delivery_id: UUID
    account_id: UUID
    claim_id: UUID
    attempts_made: int
    counted_attempts: int
    queued_at: datetime
    settings: ChannelSettings
    vault: LeadVault
    rendering: Rendering
    rendering_id: UUID | None
    is_test: bool = False
    attempts_before_resend: int | None = None
    is_digest: bool = False

    @property
    def trigger(self) -> str:
        """Of the next try, as delivery.models.Trigger has it."""
        if self.is_test:
            return "test"
        if self.attempts_made == self.attempts_before_resend:
            return "resend"
        return "retry" if self.attempts_made else "automatic"


def seal_rendering(vault: LeadVault, rendering: Rendering, *, delivery_id: UUID) -> bytes:
    return vault.seal(rendering.body, purpose=RENDERING, record_id=delivery_id)


def open_rendering(
    vault: LeadVault, sealed: bytes | memoryview, *, delivery_id: UUID, content_type: str, recipients: list[str]
) -> Rendering:
    """Raises SealError when the lead was erased."""
    body = vault.open(sealed, purpose=RENDERING, record_id=delivery_id)
    return Rendering(body=body, content_type=content_type, recipients=tuple(recipients))
