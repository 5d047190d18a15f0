"""The log as a CSV file, piece by piece: however long it is, no more of it is in memory than one piece."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from accounts.access import Access
from accounts.ids import new_id
from accounts.isolation import account_scope
from accounts.spreadsheet import defused
from delivery.channels.email.csv_file import csv_bytes
from delivery.lead_names import LEADS_FOR_NAMES, LeadNames
from delivery.log_filter import LogFilter, find_deliveries
from delivery.models import Attempt, Delivery

COLUMNS = (
    "id", "created_at", "finished_at", "lead", "lead_name", "profile", "partner", "channel", "kind", "state", "attempts_made", "reason",
    "partner_reference", "partner_price", "last_duration_ms", "is_test",
)  # fmt: skip
_ROWS_PER_PIECE = 1_000


def export_csv(access: Access, wanted: LogFilter) -> Iterator[bytes]:
    """The deliveries of a filter, newest first, without encrypted values. Each piece opens a transaction of its own, so that a slow reader holds
    none; a delivery that comes meanwhile is not in it."""
    names = LeadNames()
    before: UUID | None = new_id()
    yield csv_bytes(COLUMNS, [], is_marked=True)
    while before is not None:
        with account_scope(access.account_id):
            piece = _piece(wanted, before)
            durations = _last_durations(piece)
            lines = [list(_cells(delivery, names, durations)) for delivery in piece]
        if lines:
            first, *others = lines
            yield csv_bytes(first, ([defused(cell) for cell in cells] for cells in others))
        before = piece[-1].id if len(piece) == _ROWS_PER_PIECE else None


def _piece(wanted: LogFilter, before: UUID) -> list[Delivery]:
    rows = find_deliveries(wanted).filter(id__lt=before).order_by("-id")
    return list(rows.prefetch_related(LEADS_FOR_NAMES, "channel__health", "profile", "partner")[:_ROWS_PER_PIECE])


def _last_durations(deliveries: Sequence[Delivery]) -> dict[UUID, float]:
    attempts = Attempt.objects.filter(delivery__in=[delivery.id for delivery in deliveries])
    last = attempts.order_by("delivery_id", "-number", "-started_at").distinct("delivery_id")
    return dict(last.values_list("delivery_id", "duration_ms"))


def _cells(delivery: Delivery, names: LeadNames, durations: dict[UUID, float]) -> Iterator[str]:
    duration = durations.get(delivery.id)
    values: tuple[Any, ...] = (
        delivery.id,
        delivery.created_at.isoformat(),
        delivery.finished_at and delivery.finished_at.isoformat(),
        delivery.lead_id,
        names.of(delivery),
        delivery.profile.name,
        delivery.partner.name,
        delivery.channel_id,
        delivery.channel.kind,
        delivery.shown_state,
        delivery.attempts_made,
        delivery.shown_reason,
        delivery.partner_reference,
        delivery.partner_price,
        duration and f"{duration:.1f}",
        str(delivery.is_test).lower(),
    )
    return ("" if value is None else str(value) for value in values)
