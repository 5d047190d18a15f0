"""Alerts: told once per incident, in the dashboard and by mail to the account's owners and admins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from accounts.access import RUNNERS
from accounts.ids import new_id
from accounts.isolation import account_scope
from accounts.models import Account, Alert, AlertKind, Member
from accounts.outbox import post

# An alert whose cause is gone is history.
KEPT_FOR = timedelta(days=90)
# Of one mail.
_MAILED_AT_ONCE = 50

# Run by the application within its account, and by the engine across accounts. An alert that was raised before is open again, or stays so.
RAISE = """
INSERT INTO accounts_alert (id, account_id, kind, subject_type, subject_id, subject_label, incident, title, text, created_at, resolved_at)
VALUES (%(id)s, %(account_id)s, %(kind)s, %(subject_type)s, %(subject_id)s, %(subject_label)s, %(incident)s, %(title)s, %(text)s,
        %(created_at)s, %(resolved_at)s)
ON CONFLICT (account_id, kind, incident) DO UPDATE SET resolved_at = EXCLUDED.resolved_at
WHERE accounts_alert.resolved_at IS DISTINCT FROM EXCLUDED.resolved_at
"""

# The same for what it is about: its cause is gone.
RESOLVE = "UPDATE accounts_alert SET resolved_at = now() WHERE account_id = %(account_id)s AND subject_id = %(subject_id)s AND resolved_at IS NULL"


@dataclass(frozen=True, slots=True)
class NewAlert:
    """incident: what happened, the same text each time it is told. title, text: for people, without a word of a lead's. resolved_at: when its
    cause is gone, if that is known already."""

    account_id: UUID
    kind: AlertKind
    subject_type: str
    subject_id: UUID
    subject_label: str
    incident: str
    title: str
    text: str
    created_at: datetime
    resolved_at: datetime | None = None

    def row(self) -> Mapping[str, Any]:
        """As RAISE takes it."""
        return {
            "id": new_id(), "account_id": self.account_id, "kind": self.kind.value, "subject_type": self.subject_type, "subject_id": self.subject_id,
            "subject_label": self.subject_label[:250], "incident": self.incident, "title": self.title[:300], "text": self.text,
            "created_at": self.created_at, "resolved_at": self.resolved_at,
        }  # fmt: skip


def raise_alert(alert: NewAlert) -> None:
    """Write it down in the transaction that is open, unless that was done before."""
    with connection.cursor() as cursor:
        cursor.execute(RAISE, alert.row())


def resolve_alerts(subject_id: UUID) -> None:
    """What is open about this subject, within the account that is set, is over."""
    Alert.objects.filter(subject_id=subject_id, resolved_at=None).update(resolved_at=Now())


def read_alert(alert: Alert) -> None:
    """Somebody of the account has seen it. The first time counts."""
    if alert.read_at is None:
        alert.read_at = timezone.now()
        alert.save(update_fields=["read_at"])


def send_alerts() -> bool:
    """Mail what was not mailed yet, account by account. Returns whether there was anything."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT leadflip_accounts_to_alert()")
        accounts: list[UUID] = [row[0] for row in cursor.fetchall()]
    mailed = [_mail_of(account_id) for account_id in accounts]
    return any(mailed)


def forget_old_alerts() -> int:
    """Those of all accounts whose cause has been gone for KEPT_FOR. Returns how many."""
    before = timezone.now() - KEPT_FOR
    with connection.cursor() as cursor:
        cursor.execute("SELECT leadflip_accounts_of_old_alerts(%s)", [before])
        accounts: list[UUID] = [row[0] for row in cursor.fetchall()]
    number = 0
    for account_id in accounts:
        with account_scope(account_id):
            number += Alert.objects.filter(resolved_at__lt=before).delete()[0]
    return number


def _mail_of(account_id: UUID) -> bool:
    """One mail to each owner and admin, in the transaction that marks the alerts: all of them get it, or none yet."""
    with account_scope(account_id):
        waiting = Alert.objects.select_for_update(skip_locked=True).filter(emailed_at=None)
        alerts = list(waiting.order_by("id")[:_MAILED_AT_ONCE])
        if not alerts:
            return False
        subject, text = _mail(Account.objects.get(id=account_id), alerts)
        members = Member.objects.filter(role__in=RUNNERS, user__is_active=True).select_related("user")
        for member in members.order_by("id"):
            post(to=member.user.email, subject=subject, text=text)
        Alert.objects.filter(id__in=[alert.id for alert in alerts]).update(emailed_at=Now())
    return True


def _mail(account: Account, alerts: list[Alert]) -> tuple[str, str]:
    more = f" (and {len(alerts) - 1} more)" if len(alerts) > 1 else ""
    parts = [f"{alert.title}\n\n{alert.text}" for alert in alerts]
    parts.append(f"You get this as an owner or admin of {account.name} at {settings.PUBLIC_URL}.")
    return f"{account.name}: {alerts[0].title}{more}", "\n\n\n".join(parts) + "\n"
