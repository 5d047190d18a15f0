"""What sending through a channel needs to know, in one query."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from accounts.models import MailServer
from accounts.vault import AccountVault, account_vault
from delivery.channels import KINDS
from delivery.channels.base import ChannelKind, Context, MailServerSettings
from distribution.fields import FieldSpec
from distribution.fields.exact_json import load

# Run by the engine across accounts, and by the API within one.
SETTINGS_SQL = """
SELECT c.id, c.account_id, c.kind, c.config::text AS config, c.fields::text AS selection, c.sealed_secrets,
       e.name AS entity, e.display_field, p.id AS profile_id, p.name AS profile, t.id AS partner_id, t.name AS partner, t.email AS partner_email,
       a.is_http_allowed, a.wrapped_key AS account_key,
       m.id AS mail_server_id, m.host, m.port, m.security, m.username, m.sealed_password, m.from_address, m.from_name,
       (SELECT COALESCE(jsonb_agg(jsonb_build_object('key', f.key, 'label', f.label, 'type', f.type, 'options', f.options,
                                                     'is_encrypted', f.is_encrypted, 'position', f.position) ORDER BY f.position), '[]')::text
        FROM distribution_field f WHERE f.entity_id = e.id) AS specs
FROM delivery_deliverychannel c
JOIN distribution_assignment s ON s.id = c.assignment_id
JOIN distribution_profile p ON p.id = s.profile_id
JOIN distribution_partner t ON t.id = s.partner_id
JOIN distribution_entity e ON e.id = p.entity_id
JOIN accounts_account a ON a.id = c.account_id
LEFT JOIN accounts_mailserver m ON m.account_id = a.id
WHERE c.id = ANY(%s)
"""

SECRETS = "channel-secrets"


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    channel_id: UUID
    account_id: UUID
    profile_id: UUID
    partner_id: UUID
    kind: str
    config: Mapping[str, Any]
    selection: Mapping[str, Any]
    secrets: Mapping[str, str]
    entity: str
    display_field: str
    specs: tuple[FieldSpec, ...]
    profile: str
    partner: str
    partner_email: str
    is_http_allowed: bool
    mail_server: MailServerSettings | None

    @property
    def sender(self) -> ChannelKind:
        return KINDS[self.kind]

    def context(self, now: datetime) -> Context:
        return Context(now, self.partner_email, self.mail_server, self.is_http_allowed)


def build_settings(row: Any) -> ChannelSettings:
    """From a row of SETTINGS_SQL. Raises SealError."""
    vault = account_vault(row.account_id, bytes(row.account_key))
    return ChannelSettings(
        channel_id=row.id,
        account_id=row.account_id,
        profile_id=row.profile_id,
        partner_id=row.partner_id,
        kind=row.kind,
        config=json.loads(row.config),
        selection=json.loads(row.selection),
        secrets=unseal_secrets(vault, row.id, row.sealed_secrets),
        entity=row.entity,
        display_field=row.display_field,
        specs=tuple(FieldSpec(**spec) for spec in load(row.specs)),
        profile=row.profile,
        partner=row.partner,
        partner_email=row.partner_email,
        is_http_allowed=row.is_http_allowed,
        mail_server=_mail_server(vault, row),
    )


def unseal_secrets(vault: AccountVault, channel_id: UUID, sealed: bytes | memoryview | None) -> dict[str, str]:
    if sealed is None:
        return {}
    secrets: dict[str, str] = json.loads(vault.open(sealed, purpose=SECRETS, record_id=channel_id))
    return secrets


def seal_secrets(vault: AccountVault, channel_id: UUID, secrets: Mapping[str, str]) -> bytes:
    return vault.seal(json.dumps(dict(secrets)).encode(), purpose=SECRETS, record_id=channel_id)


def open_mail_server(vault: AccountVault, server: MailServer) -> MailServerSettings:
    """With its password. Raises SealError."""
    password = ""
    if server.sealed_password is not None:
        password = vault.open(server.sealed_password, purpose=MailServer.PASSWORD, record_id=server.id).decode()
    return MailServerSettings(
        host=server.host,
        port=server.port,
        security=cast(Literal["none", "starttls", "tls"], server.security),  # held by a constraint
        username=server.username,
        password=password,
        from_address=server.from_address,
        from_name=server.from_name,
    )


def _mail_server(vault: AccountVault, row: Any) -> MailServerSettings | None:
    if row.mail_server_id is None:
        return None
    columns = ("host", "port", "security", "username", "sealed_password", "from_address", "from_name")
    return open_mail_server(vault, MailServer(id=row.mail_server_id, **{name: getattr(row, name) for name in columns}))
