"""The shape of a channel kind. A kind sees an envelope, its settings and its secrets, and never the database."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec

from delivery.outbound.addresses import OutboundPolicy
from delivery.outcome import Outcome, Settled
from distribution.fields import Fault

__all__ = [
    "MAIL",
    "NO_CONFIG",
    "ChannelKind",
    "Config",
    "ConfigError",
    "Context",
    "Envelope",
    "EnvelopeField",
    "Fault",
    "FieldInfo",
    "MailServerSettings",
    "NotReadyError",
    "RenderError",
    "Rendering",
    "Secrets",
    "Streamed",
]

# The content type of a mail.
MAIL = "message/rfc822"

_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


class EnvelopeField(msgspec.Struct, frozen=True):
    """One field as this partner gets it: selected, ordered, renamed, decrypted.

    A Struct, because a delivery makes twenty of them: a frozen dataclass takes three times as long.
    value: str, bool, Decimal, int, list of str, dict of str (an address), or None when the lead has none.
    options: of the Entity's field, so that a select can be shown by its label.
    """

    key: str  # the Entity's key
    name: str  # the key the partner sees: the rename, or the key
    label: str  # for people: the rename, or the Entity's label
    type: str
    value: Any
    is_encrypted: bool = False
    options: Mapping[str, Any] = _NO_OPTIONS


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

    @property
    def has_encrypted(self) -> bool:
        return any(field.is_encrypted for field in self.fields)


class Streamed(Protocol):
    """A mail that is too large to be held in memory as a whole."""

    @property
    def size(self) -> int:
        """Bytes."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The mail from its beginning, each chunk of whole lines."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """What goes out, byte for byte the same on every try.

    content_type: of a webhook's body; `message/rfc822` for a mail.
    recipients: of a mail, To and Cc together. settled: those among them that earlier tries are done with.
    stream: of a digest, instead of the body.
    """

    body: bytes
    content_type: str
    recipients: tuple[str, ...] = ()
    settled: Settled = ()
    stream: Streamed | None = None

    @property
    def outstanding(self) -> tuple[str, ...]:
        """Recipients that this try is for."""
        done = {address for address, _ in self.settled}
        return tuple(address for address in self.recipients if address not in done)


@dataclass(frozen=True, slots=True)
class MailServerSettings:
    """The account's own SMTP server, its password unsealed. username: empty when the server wants no login."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    username: str
    password: str
    from_address: str
    from_name: str = ""

    def __repr__(self) -> str:
        return f"MailServerSettings({self.host}:{self.port}, {self.security}, from {self.from_address})"


@dataclass(frozen=True, slots=True)
class Context:
    """What rendering and sending may know besides the channel's own settings.

    now: aware, the moment of this call. partner_email: where a mail goes when the channel names no recipients; may be empty.
    mail_server: None while the account has not set one. is_http_allowed: of the account.
    """

    now: datetime
    partner_email: str = ""
    mail_server: MailServerSettings | None = None
    is_http_allowed: bool = False


class ConfigError(ValueError):
    """The settings of a channel are not usable. Every fault at once, its attr a path such as `config.headers.0.name`."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.attr}: {fault.detail}" for fault in faults))
        self.faults = faults


class RenderError(ValueError):
    """This lead cannot be put into this channel's form, now or on any later try. The text says why, for people."""


class NotReadyError(RenderError):
    """Something that the channel needs is not there yet: the delivery waits (Verdict.HELD) and is rendered when it is.

    code: as in Outcome, such as `no_mail_server`.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


Config = Mapping[str, Any]  # as stored in DeliveryChannel.config: checked by clean_config, no secrets in it
NO_CONFIG: Config = MappingProxyType({})
Secrets = Mapping[str, str]  # as unsealed from DeliveryChannel.sealed_secrets


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """What templates may name: one of the fields that the channel's selection lets out (`payload.chosen_fields`)."""

    key: str
    name: str
    label: str
    type: str


class ChannelKind(Protocol):
    """What a folder under delivery/channels/ offers as the module-level object `KIND`."""

    name: str

    def clean_config(
        self,
        raw: Mapping[str, Any],
        *,
        fields: tuple[FieldInfo, ...],
        is_http_allowed: bool,
        policy: OutboundPolicy,
        old_config: Config = NO_CONFIG,
        old_secrets: Secrets,
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Check what a user typed; return (config to store, secrets to seal). Raises ConfigError.

        A secret that is left out keeps its old value, unless the address to which it goes is another than in `old_config`; one
        that `raw` no longer mentions is dropped. What was returned as the config may be given back as `raw`.
        """

    def render(self, envelope: Envelope, config: Config, *, context: Context) -> Rendering:
        """Make the bytes. Deterministic; raises RenderError, NotReadyError while something is missing."""

    async def send(
        self,
        rendering: Rendering,
        *,
        delivery_id: UUID,
        config: Config,
        secrets: Secrets,
        context: Context,
        transport: Any,
    ) -> Outcome:
        """One try. Never raises for what the other side does.

        transport: lives as long as the process and has `client` (OutboundClient), `policy` (OutboundPolicy) and `mail`
        (`delivery.channels.email.transport.MailTransport`); each kind asks for its own part of it.
        """
