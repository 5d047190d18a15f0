"""A rehearsal: what a lead would bring about, told from the very rows that it made, before they are undone.

The caller takes the lead in as if it were meant, asks `rehearse`, and rolls its transaction back. So a rehearsal can say nothing that the real call
would not do.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from accounts.access import READ_ENCRYPTED, Access
from accounts.vault import SealError
from delivery.channels.base import RenderError
from delivery.enqueue import NewDelivery
from delivery.leads import show_values
from delivery.testing import preview
from distribution.models import Lead
from intake.answers import receipt_json
from intake.pipeline import Receipt, Repeat


def rehearse(access: Access, answer: Receipt | Repeat) -> dict[str, Any]:
    """{"lead_id": null, "values", "deliveries": [{partner, state, request}], "decisions", "duplicate"?}; encrypted values are null."""
    shown = receipt_json(answer)
    lead = Lead.objects.select_related("entity").prefetch_related("entity__fields").get(id=answer.lead_id)
    shown |= {
        "lead_id": None,
        "created_at": None,
        "values": show_values(replace(access, scopes=access.scopes - {READ_ENCRYPTED}), lead).values,
        "decisions": [],
    }
    if isinstance(answer, Receipt):
        shown["decisions"] = [decision.as_json() for decision in answer.decisions]
        shown["deliveries"] = [_delivery(access, delivery, name) for delivery, name in answer.deliveries]
    return shown


def _delivery(access: Access, delivery: NewDelivery, partner_name: str) -> dict[str, Any]:
    return {
        "id": None,
        "partner": str(delivery.partner_id),
        "partner_name": partner_name,
        "channel": str(delivery.channel_id),
        "state": delivery.state,
        "due_at": delivery.due_at,
        "reason": delivery.reason,
        "request": _request(access, delivery),
    }


def _request(access: Access, delivery: NewDelivery) -> Mapping[str, Any]:
    try:
        return preview(access, delivery.channel_id, delivery.lead_id)
    except (RenderError, SealError) as error:
        return {"problem": str(error)}
