"""What intake answers."""

from collections.abc import Iterable
from typing import Any

from delivery.enqueue import NewDelivery
from intake.people import Repetition
from intake.pipeline import Receipt, Repeat


def receipt_json(answer: Receipt | Repeat) -> dict[str, Any]:
    """One lead that was taken in."""
    if isinstance(answer, Receipt):
        shown: dict[str, Any] = {
            "lead_id": str(answer.lead_id),
            "created_at": answer.created_at,
            "deliveries": deliveries_json(answer.deliveries),
        }
        if answer.repetition:
            shown["duplicate"] = _duplicate(answer.repetition, "create_anyway")
        return shown
    action = "update" if answer.is_merged else "skip"
    earlier = answer.repetition.of
    return {
        "lead_id": str(earlier.lead_id),
        "created_at": earlier.created_at,
        "deliveries": [],
        "duplicate": _duplicate(answer.repetition, action),
    }


def deliveries_json(deliveries: Iterable[tuple[NewDelivery, str]]) -> list[dict[str, Any]]:
    """New ones, each with its partner's name."""
    return [
        {"id": str(delivery.id), "partner": str(delivery.partner_id), "partner_name": name, "state": delivery.state}
        for delivery, name in deliveries
    ]


def warnings_of(answer: Receipt | Repeat, entity: str) -> list[str]:
    warnings = [f"{key!r} names no field of {entity} and was not stored." for key in answer.unknown]
    if isinstance(answer, Repeat):
        done = "its values were put into that one" if answer.is_merged else "it was not stored again"
        by = " and ".join(answer.repetition.matched_by)
        warnings.append(f"A lead with the same {by} is known already; {done}, and it was sent to nobody.")
    return warnings


def _duplicate(repetition: Repetition, action: str) -> dict[str, Any]:
    return {"of": str(repetition.of.lead_id), "action": action, "matched_by": list(repetition.matched_by)}
