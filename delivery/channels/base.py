"""The shape of a channel kind. A kind sees an envelope, its settings and its secrets, and never the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from delivery.outcome import Outcome


@dataclass(frozen=True, slots=True)
class EnvelopeField:
    """One field as this partner gets it: selected, ordered, renamed, decrypted.

    value: str, bool, Decimal, int, list of str, dict of str (an address), or None when the lead has none.
    """

    key: str  # the Entity's key
    name: str  # the key the partner sees: the rename, or the key
    label: str  # for people: the rename, or the Entity's label
    type: str
    value: Any
    is_encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """All that a partner may be told about one lead."""

    delivery_id: UUID
    lead_id: UUID
    created_at: datetime  # of the lead, aware
    source: str
    status: str
    lead_name: str
    entity: str
    profile: str
    partner: str
    fields: tuple[EnvelopeField, ...]
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Rendering:
    """What goes out, byte for byte the same on every try.

    content_type: of a webhook's body; `message/rfc822` for a mail.
    recipients: of a mail.
    """

    body: bytes
    content_type: str
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a setting. attr is a path such as `config.headers.0.name`."""

    attr: str
    code: str
    detail: str


class ConfigError(ValueError):
    """The settings of a channel are not usable. Every fault at once, each at its field."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.attr}: {fault.detail}" for fault in faults))
        self.faults = faults


class RenderError(ValueError):
    """This lead cannot be put into this channel's form, now or on any later try. The text says why, for people."""


Config = Mapping[str, Any]  # as stored in DeliveryChannel.config: checked by clean_config, no secrets in it
Secrets = Mapping[str, str]  # as unsealed from DeliveryChannel.sealed_secrets


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """What templates may name."""

    key: str
    name: str
    label: str
    type: str


class ChannelKind(Protocol):
    """What a folder under delivery/channels/ offers as the module-level object `KIND`."""

    name: str

    def clean_config(
        self, raw: Mapping[str, Any], *, fields: tuple[FieldInfo, ...], is_http_allowed: bool, old_secrets: Secrets
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Check what a user typed; return (config to store, secrets to seal). Raises ConfigError.

        A secret that is left out keeps its old value.
        """

    def render(self, envelope: Envelope, config: Config) -> Rendering:
        """Make the bytes. Deterministic; raises RenderError."""

    async def send(self, rendering: Rendering, *, delivery_id: UUID, config: Config, secrets: Secrets, transport: Any) -> Outcome:
        """One try. Never raises for what the other side does."""
