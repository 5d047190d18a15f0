"""A lead that nobody sent: what a channel is tried and previewed with before there are real ones. Pure."""

from collections.abc import Sequence
from datetime import datetime

from accounts.ids import new_id
from delivery.sample_values import sample_value
from delivery.shipment import LeadContent
from distribution.fields import FieldSpec

MASK = "••••••"


def sample_lead(specs: Sequence[FieldSpec], *, now: datetime) -> LeadContent:
    values = {spec.key: sample_value(spec) for spec in specs}
    encrypted = {spec.key for spec in specs if spec.is_encrypted}
    return LeadContent(
        id=new_id(),
        created_at=now,
        updated_at=now,
        source="manual",
        status="new",
        values={key: value for key, value in values.items() if key not in encrypted},
        sealed_values={key: value for key, value in values.items() if key in encrypted},
    )
