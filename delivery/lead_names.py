"""What a delivery's lead goes by, in lists of many."""

from uuid import UUID

from django.db.models import Prefetch

from delivery.models import Delivery
from distribution.entity_table import specs_of
from distribution.fields import FieldSpec, lead_contact, lead_name
from distribution.lead_values import arrange
from distribution.models import Lead

# What a list of deliveries needs of their leads: nothing that is sealed.
LEADS_FOR_NAMES = Prefetch("lead", Lead.objects.defer("sealed", "wrapped_key", "note").select_related("entity"))


class LeadNames:
    """Names of leads. The fields of their Entities are read once. Wants `lead` loaded by LEADS_FOR_NAMES."""

    def __init__(self) -> None:
        self._specs: dict[UUID, tuple[FieldSpec, ...]] = {}

    def of(self, delivery: Delivery) -> str:
        """Empty where there is no lead, or it was erased."""
        return self.with_contact_of(delivery)[0]

    def with_contact_of(self, delivery: Delivery) -> tuple[str, str]:
        """Its name, and an address or number that tells it from others of that name; either may be empty."""
        lead = delivery.lead
        if lead is None or lead.erased_at is not None:
            return "", ""
        if lead.entity_id not in self._specs:
            self._specs[lead.entity_id] = specs_of(lead.entity)
        specs = self._specs[lead.entity_id]
        # A value that is encrypted by now may still lie among the plain ones.
        plain, _ = arrange(specs, lead.values, {})
        name, contact = lead_name(specs, plain, lead.entity.display_field), lead_contact(specs, plain)
        return name, contact if contact != name else ""
