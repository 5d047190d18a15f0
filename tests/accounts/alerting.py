"""Alerts as others raise them."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.alerts import NewAlert
from accounts.models import AlertKind
from tests.builders import Shop


def make_alert(shop: Shop, subject_id: UUID, **values: Any) -> NewAlert:
    return NewAlert(
        **{
            "account_id": shop.account.id,
            "kind": AlertKind.CHANNEL_UNHEALTHY,
            "subject_type": "deliverychannel",
            "subject_id": subject_id,
            "subject_label": "Webhook to Helios Direct (Solar West)",
            "incident": "The first one",
            "title": "Helios Direct does not take leads at present",
            "text": "The latest deliveries failed.",
            "created_at": timezone.now(),
            **values,
        }
    )
