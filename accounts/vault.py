"""The one place where keys and sealed messages are made and opened.

Three layers of AES-256-GCM (NIST SP 800-38D). A master key, which lives outside the database, wraps one key per account; the account's key
seals what belongs to the account (secrets of channels, the mail server's password) and wraps one key per lead; the lead's key seals the lead's
encrypted values and every body in the log made from it, so that destroying one key makes all of them unreadable.

Every message is bound by associated data to its purpose and its record: moved to another row, column or account, it does not open.
"""

import hmac
import os
from base64 import b64decode
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"


class SealError(Exception):
    """A sealed message does not open: it was tampered with, moved to another record, or its key is not here."""


def seal(cipher: AESGCM, plain: bytes, *, bound_to: bytes) -> bytes:
    """Return format byte, nonce (12 bytes), cipher text, tag (16 bytes)."""
    nonce = os.urandom(_NONCE_BYTES)
    return _FORMAT + nonce + cipher.encrypt(nonce, plain, bound_to)


def unseal(cipher: AESGCM, sealed: bytes | memoryview, *, bound_to: bytes) -> bytes:
    """Open what `seal` made with the same key and binding. Raises SealError."""
    sealed = bytes(sealed)
    if sealed[:1] != _FORMAT:
        raise SealError("This sealed message has an unknown format.")
    try:
        return cipher.decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], bound_to)
    except (InvalidTag, ValueError) as error:
        raise SealError(
            f"The sealed message {bound_to.decode(errors='replace')} does not open: tampered with, moved, or another key."
        ) from error


def _binding(purpose: str, account_id: UUID, record_id: UUID) -> bytes:
    return f"{purpose}:{account_id}:{record_id}".encode()


class LeadVault:
    """Seals with one lead's key."""

    __slots__ = ("_account_id", "_cipher", "_key")

    def __init__(self, account_id: UUID, key: bytes) -> None:
        self._account_id = account_id
        self._key = key
        self._cipher = AESGCM(key)  # made once: an engine seals and opens several messages with one lead's key

    def seal(self, plain: bytes, *, purpose: str, record_id: UUID) -> bytes:
        return seal(self._cipher, plain, bound_to=_binding(purpose, self._account_id, record_id))

    def open(self, sealed: bytes | memoryview, *, purpose: str, record_id: UUID) -> bytes:
        return unseal(self._cipher, sealed, bound_to=_binding(purpose, self._account_id, record_id))


class AccountVault(LeadVault):
    """Seals with an account's key, and makes and opens the keys of its leads."""

    __slots__ = ()

    def blind(self, field_key: str, text: str) -> str:
        """The blind index of a value: equal texts of one field of one account have equal indexes, and nothing else can be read from it."""
        index_key = hmac.digest(self._key, b"blind-index", "sha256")
        return hmac.digest(index_key, f"{field_key}\x00{text}".encode(), "sha256").hex()

    def new_lead_key(self, lead_id: UUID) -> tuple[LeadVault, bytes]:
        """Return the vault of a new lead and its key, wrapped, to be stored with the lead."""
        key = os.urandom(_KEY_BYTES)
        return LeadVault(self._account_id, key), self.seal(key, purpose="lead-key", record_id=lead_id)

    def lead(self, lead_id: UUID, wrapped_key: bytes) -> LeadVault:
        """Raises SealError, also when the lead was erased (its wrapped key is empty)."""
        return LeadVault(self._account_id, self.open(wrapped_key, purpose="lead-key", record_id=lead_id))


def parse_master_keys(text: str) -> dict[str, bytes]:
    """Read `id:base64,id:base64`. The first seals, any of them opens. Raises ImproperlyConfigured."""
    keys: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, encoded = entry.partition(":")
        try:
            key = bytes.fromhex(encoded) if len(encoded) == 2 * _KEY_BYTES else b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not name or len(name) > 32 or len(key) != _KEY_BYTES:
            raise ImproperlyConfigured(f"LEADFLIP_MASTER_KEYS: {name or 'an entry without id'} must be id:base64 of exactly 32 bytes.")
        keys[name] = key
    return keys


def new_account_key(account_id: UUID) -> bytes:
    """A fresh account key, wrapped by the first master key: `id`, 0x00, sealed message."""
    return wrap_account_key(account_id, os.urandom(_KEY_BYTES))


def wrap_account_key(account_id: UUID, key: bytes) -> bytes:
    return seal_by_master(key, bound_to=_binding("account-key", account_id, account_id))


def unwrap_account_key(account_id: UUID, wrapped: bytes) -> bytes:
    return unseal_by_master(wrapped, bound_to=_binding("account-key", account_id, account_id))


def seal_by_master(plain: bytes, *, bound_to: bytes) -> bytes:
    """For account keys, and for what belongs to no account: `id` of the first master key, 0x00, sealed message."""
    master_id, master = next(iter(settings.MASTER_KEYS.items()))
    return master_id.encode() + b"\x00" + seal(AESGCM(master), plain, bound_to=bound_to)


def unseal_by_master(message: bytes, *, bound_to: bytes) -> bytes:
    """Open what `seal_by_master` made. Raises SealError."""
    master_id, _, sealed = bytes(message).partition(b"\x00")
    master = settings.MASTER_KEYS.get(master_id.decode(errors="replace"))
    if master is None:
        raise SealError(
            f"{bound_to.decode(errors='replace')} is sealed by master key {master_id.decode(errors='replace')!r}, which LEADFLIP_MASTER_KEYS does not hold."
        )
    return unseal(AESGCM(master), sealed, bound_to=bound_to)


@lru_cache(maxsize=10_000)
def account_vault(account_id: UUID, wrapped_key: bytes) -> AccountVault:
    """The vault of an account, from its stored key. Raises SealError."""
    return AccountVault(account_id, unwrap_account_key(account_id, wrapped_key))
