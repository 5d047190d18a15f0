"""A new master key: what the old ones wrapped is wrapped anew, so that they can be taken away. What the wrapped keys seal stays as it is."""

from collections.abc import Iterator
from uuid import UUID

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.conf import settings

from accounts.models import Account
from accounts.vault import unwrap_account_key, wrap_account_key

# Those of a second factor's data that are sealed: the one of an app, the one that recovery codes are made from.
_SEALED = ("secret", "seed")
_AT_ONCE = 500


def rewrap_account_keys() -> int:
    """Put every account's key under the first master key. Returns how many were under another. Raises SealError if that one is not here.

    Safe to repeat, to interrupt, and beside everything else: each account is one statement, and keys in use are the same keys.
    """
    number = 0
    for account_id, wrapped in _accounts():
        if _is_under_first(wrapped):
            continue
        anew = wrap_account_key(account_id, unwrap_account_key(account_id, wrapped))
        number += Account.objects.using("owner").filter(id=account_id, wrapped_key=wrapped).update(wrapped_key=anew)
    return number


def reseal_second_factors() -> int:
    """The same for what second factors are checked against. Returns how many were sealed anew, which is all of them."""
    adapter = get_adapter()
    number = 0
    for factor in Authenticator.objects.using("owner").iterator(chunk_size=_AT_ONCE):
        anew = {name: adapter.encrypt(adapter.decrypt(factor.data[name])) for name in _SEALED if name in factor.data}
        rows = Authenticator.objects.using("owner").filter(pk=factor.pk, data=factor.data)
        number += bool(anew) and rows.update(data={**factor.data, **anew})
    return number


def _accounts() -> Iterator[tuple[UUID, bytes]]:
    rows = Account.objects.using("owner").values_list("id", "wrapped_key")
    for account_id, wrapped in rows.iterator(chunk_size=_AT_ONCE):
        yield account_id, bytes(wrapped)


def _is_under_first(wrapped: bytes) -> bool:
    first = next(iter(settings.MASTER_KEYS))
    return wrapped.startswith(first.encode() + b"\x00")
