import hashlib
import secrets
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.ids import new_id
from accounts.models.account import Account

SCOPES = ("intake", "read", "write", "read:encrypted")


def hash_key(key: str) -> bytes:
    """SHA-256 is enough: a key carries 256 random bits, there is nothing to guess."""
    return hashlib.sha256(key.encode()).digest()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def live(self) -> Self:
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now()), revoked_at=None)


class ApiKey(models.Model):
    """A machine's way in. Only the hash is kept; the prefix lets a person recognise it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, editable=False)
    key_hash = models.BinaryField(unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=20))
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_address = models.GenericIPAddressField(null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(scopes__contained_by=list(SCOPES)), name="api_key_scopes_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


def create_api_key(
    account_id: UUID, *, name: str, scopes: tuple[str, ...] = SCOPES, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Return the record and the key itself, which is never to be seen again."""
    key = f"lf_{secrets.token_urlsafe(32)}"
    record = ApiKey.objects.create(
        account_id=account_id, name=name, prefix=key[:10], key_hash=hash_key(key), scopes=list(scopes), expires_at=expires_at
    )
    return record, key
