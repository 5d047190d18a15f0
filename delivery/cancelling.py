"""Deliveries that wait are cancelled because somebody says so: one at once, or all of a filter in the background."""

from uuid import UUID

from django.db import transaction

from accounts import audit, jobs
from accounts.access import Access
from accounts.doorbell import ring_background
from accounts.faults import ConflictError
from accounts.ids import new_id
from accounts.jobs import Step
from accounts.models import Job
from delivery.log_filter import LogFilter
from delivery.models import Delivery, DeliveryState
from delivery.picking import FIRST, count_all, next_piece
from delivery.requeue import cancel_waiting

KIND = "cancel"


def cancel_delivery(access: Access, delivery: Delivery) -> None:
    """It is not sent any more, its seats go back, and nobody else gets the lead for it. Raises ConflictError when it is too late."""
    before = delivery.state
    if not cancel_waiting([delivery.id], reason=_reason(access)):
        delivery.refresh_from_db()
        raise ConflictError(_too_late(delivery))
    audit.note(access, "cancelled", delivery, changes={"state": [before, "cancelled"]})
    transaction.on_commit(ring_background)
    delivery.refresh_from_db()


def start_cancelling(access: Access, wanted: LogFilter) -> Job:
    """Cancel what the filter finds of the deliveries that there are now, as far as they still wait."""
    params = {"filter": wanted.as_json(), "until": str(new_id())}
    job = jobs.start(access, KIND, label="Cancelling deliveries", params=params)
    audit.note(access, "started", job, changes={"filter": [None, params["filter"]]})
    return job


def cancel_step(access: Access, job: Job) -> Step:
    """Cancel the next deliveries. `result` counts those cancelled, and those that did not wait."""
    wanted, until = LogFilter.from_json(job.params["filter"]), UUID(job.params["until"])
    total = count_all(wanted, until=until) if job.cursor is None else None
    piece = next_piece(wanted, after=UUID(job.cursor) if job.cursor else FIRST, until=until)
    cancelled = len(cancel_waiting(piece.ids, reason=_reason(access)))
    if cancelled:
        transaction.on_commit(ring_background)
    done = job.done + len(piece.ids)
    return Step(
        cursor=str(piece.after),
        done=done,
        is_last=piece.is_last,
        total=done if piece.is_last else total,
        result={
            "cancelled": job.result.get("cancelled", 0) + cancelled,
            "passed_over": job.result.get("passed_over", 0) + len(piece.ids) - cancelled,
        },
    )


def _reason(access: Access) -> str:
    return f"Cancelled by {access.actor.label}."


def _too_late(delivery: Delivery) -> str:
    if delivery.state == DeliveryState.SENDING:
        return "This is being sent at this moment; what is on its way cannot be called back."
    return f"This is {delivery.state} already; there is nothing left to cancel."
