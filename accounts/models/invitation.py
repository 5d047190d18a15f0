from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models.functions import Lower

from accounts.ids import new_id
from accounts.models.account import Account, Role
from accounts.models.user import User


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> Self:
        """Neither accepted nor revoked; some may have expired, and open again when they are sent again."""
        return self.filter(accepted_at=None, revoked_at=None)


class Invitation(models.Model):
    """A mail that lets its reader join the account. The link in it holds the key, of which only the hash is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=10, choices=Role)
    key_hash = models.BinaryField(unique=True, editable=False)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role_known"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="invitation_email_lower_case"),
            models.CheckConstraint(condition=models.Q(accepted_at=None) | models.Q(revoked_at=None), name="invitation_accepted_or_revoked"),
            models.UniqueConstraint(
                fields=["account", "email"], condition=models.Q(accepted_at=None, revoked_at=None), name="invitation_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.role})"

    def state(self, now: datetime) -> str:
        """`accepted`, `revoked`, `expired` or `open`."""
        if self.accepted_at:
            return "accepted"
        if self.revoked_at:
            return "revoked"
        return "open" if self.expires_at > now else "expired"
