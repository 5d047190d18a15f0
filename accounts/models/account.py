from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F

from accounts.ids import new_id
from accounts.models.user import User
from accounts.vault import AccountVault, account_vault


class Account(models.Model):
    """A tenant. `config_version` grows with every change of configuration, so that caches know when to read again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=50, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    default_region = models.CharField(max_length=2, default="US", help_text="Country of telephone numbers without a country code.")
    is_http_allowed = models.BooleanField(default=False, help_text="Webhooks may go to http:// addresses, unencrypted.")
    log_days = models.PositiveSmallIntegerField(default=90, help_text="Days that the delivery log is kept.")
    wrapped_key = models.BinaryField()
    config_version = models.BigIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(log_days__gte=7, log_days__lte=400), name="account_log_days_range"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def vault(self) -> AccountVault:
        return account_vault(self.id, bytes(self.wrapped_key))


def bump_config_version(account_id: UUID) -> None:
    """Tell every process that the account's configuration is another one once this transaction commits."""
    Account.objects.filter(id=account_id).update(config_version=F("config_version") + 1)


class Role(models.TextChoices):
    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class Member(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["account", "user"], name="member_once_per_account"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="member_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"
