"""API keys as people manage them."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from accounts import audit, changes
from accounts.access import Access
from accounts.faults import Fault, RefusedChangeError
from accounts.models import ApiKey, create_api_key


def make_api_key(access: Access, *, name: str, scopes: Sequence[str], expires_at: datetime | None) -> tuple[ApiKey, str]:
    """Return the record and the key, which is never to be seen again. Raises RefusedChangeError."""
    if beyond := sorted(set(scopes) - access.scopes):
        detail = f"scopes has {', '.join(beyond)}, which you do not have yourself; a key cannot do more than its maker."
        raise RefusedChangeError([Fault("scopes", "not_allowed", detail)])
    if expires_at is not None and expires_at <= timezone.now():
        raise RefusedChangeError(
            [Fault("expires_at", "invalid", "expires_at lies in the past; wanted a moment to come, or null for never.")]
        )
    record, key = create_api_key(access.account_id, name=name, scopes=tuple(dict.fromkeys(scopes)), expires_at=expires_at)
    audit.record(access, "created", record)
    return record, key


def rename_api_key(access: Access, record: ApiKey, *, name: str) -> None:
    changes.update(access, record, {"name": name})


def revoke_api_key(access: Access, record: ApiKey) -> None:
    """From now on it opens nothing. It stays in the list, for the log."""
    if record.revoked_at is None:
        changes.update(access, record, {"revoked_at": timezone.now()}, action="revoked")
