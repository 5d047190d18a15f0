"""Who is asking, and what they may do."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connections
from django.utils import timezone

from accounts.isolation import SETTING
from accounts.models import SCOPES, Account, ApiKey, Member, Role, User, hash_key
from accounts.vault import AccountVault, account_vault

# Where a session keeps the id of the account it has chosen.
SESSION_ACCOUNT = "account_id"
# `last_used_at` is for people: to the minute is exact enough, and spares a write per request.
_LAST_USE_SECONDS = 60

# The scope without which values of encrypted fields are masked.
READ_ENCRYPTED = "read:encrypted"

ROLE_SCOPES: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset(SCOPES),
    Role.ADMIN: frozenset(SCOPES),
    Role.MEMBER: frozenset({"intake", "read", "write"}),
    Role.VIEWER: frozenset({"read"}),
}
# Who runs an account.
RUNNERS = frozenset({Role.OWNER, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something: kind is `user`, `api_key` or `system`."""

    kind: str
    id: UUID | None
    label: str


SYSTEM = Actor("system", None, "Leadflip")


@dataclass(frozen=True, slots=True)
class Access:
    """One account, as one actor may use it."""

    account_id: UUID
    slug: str
    wrapped_key: bytes
    config_version: int
    actor: Actor
    scopes: frozenset[str]
    request_id: str = ""  # of the request it came with, for the audit log
    may_administer: bool = True  # False for people who are neither owner nor admin; a key is bound by its scopes alone

    @property
    def vault(self) -> AccountVault:
        return account_vault(self.account_id, self.wrapped_key)


_ENTER_BY_KEY = """
-- Who holds this key? Sets the account for the rest of the transaction, in the same round trip.
SELECT k.id, k.name, k.prefix, k.scopes, k.last_used_at, k.account_id, k.slug, k.wrapped_key, k.config_version,
       set_config(%s, k.account_id::text, true)
FROM leadflip_api_key(%s) k
"""


def enter_by_api_key(key: str, *, address: str | None) -> Access | None:
    """Set the key's account for the current transaction. None: no such key, or expired, or revoked."""
    with connections["default"].cursor() as cursor:
        cursor.execute(_ENTER_BY_KEY, [SETTING, hash_key(key)])
        row = cursor.fetchone()
    if row is None:
        return None
    key_id, name, prefix, scopes, last_used_at, account_id, slug, wrapped_key, config_version, _ = row
    _note_use(key_id, last_used_at, address)
    return Access(
        account_id=account_id,
        slug=slug,
        wrapped_key=bytes(wrapped_key),
        config_version=config_version,
        actor=Actor("api_key", key_id, f"{name} ({prefix}…)"),
        scopes=frozenset(scopes),
    )


def _note_use(key_id: UUID, last_used_at: datetime | None, address: str | None) -> None:
    now = timezone.now()
    if last_used_at is None or (now - last_used_at).total_seconds() > _LAST_USE_SECONDS:
        ApiKey.objects.filter(id=key_id).update(last_used_at=now, last_used_address=address)


class OwnAccount(NamedTuple):
    """An account, as its members find it."""

    id: UUID
    slug: str
    name: str


def accounts_of(user: User) -> list[OwnAccount]:
    """Those that the user is a member of, by name."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT account_id, slug, name FROM leadflip_accounts_of_user(%s)", [user.id])
        return [OwnAccount(*row) for row in cursor.fetchall()]


def access_of_member(user: User) -> Access | None:
    """What the user may do in the account that is set for this transaction."""
    member = Member.objects.select_related("account").filter(user=user).first()
    if member is None:
        return None
    access = access_of_account(member.account, actor=Actor("user", user.id, user.email), scopes=ROLE_SCOPES[member.role])
    return replace(access, may_administer=member.role in RUNNERS)


def access_of_account(account: Account, *, actor: Actor = SYSTEM, scopes: frozenset[str] = frozenset(SCOPES)) -> Access:
    return Access(
        account_id=account.id,
        slug=account.slug,
        wrapped_key=bytes(account.wrapped_key),
        config_version=account.config_version,
        actor=actor,
        scopes=scopes,
    )


def find_account(slug: str) -> UUID | None:
    """The account of that slug, whoever's it is."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT leadflip_account_of_slug(%s)", [slug])
        account_id: UUID | None = cursor.fetchone()[0]
        return account_id


def choose_account(chosen: str | None, accounts: list[OwnAccount]) -> UUID | None:
    """The account the session names, if it is still one of the user's; else the first."""
    ids = [account.id for account in accounts]
    return next((account_id for account_id in ids if str(account_id) == chosen), ids[0] if ids else None)
