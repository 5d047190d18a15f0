from typing import ClassVar

from django.db import models

from accounts.ids import new_id
from accounts.models.account import Account


class MailSecurity(models.TextChoices):
    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class MailServer(models.Model):
    """The account's own SMTP server: what its partners' mails go out through. The password is sealed by the account's key."""

    PASSWORD = "mail-server-password"  # noqa: S105 - the purpose a sealed message is bound to

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="mail_server")
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField(default=587)
    security = models.CharField(max_length=10, choices=MailSecurity, default=MailSecurity.STARTTLS)
    username = models.CharField(max_length=254, blank=True)
    sealed_password = models.BinaryField(null=True, editable=False)
    from_address = models.EmailField(max_length=254)
    from_name = models.CharField(max_length=100, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(port__gte=1, port__lte=65535), name="mail_server_port_range"),
            models.CheckConstraint(condition=models.Q(security__in=MailSecurity.values), name="mail_server_security_known"),
        ]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
