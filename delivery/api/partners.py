"""/api/partners/{id}, here because a partner's new address lets mails go that waited for it"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.access import Access
from delivery.waiting import release_for_partner
from delivery.wake import wake
from distribution.api import partners
from distribution.models import Partner


class PartnerDetail(partners.PartnerDetail):
    """One partner. One that is in a profile, or got a lead, cannot be deleted (409): switch `is_active` off instead."""

    def change(self, access: Access, record: Partner, values: Mapping[str, Any]) -> None:
        super().change(access, record, values)
        if values.get("email") and release_for_partner(record.id):
            transaction.on_commit(wake)
