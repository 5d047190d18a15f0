"""How many deliveries stand where, for the tabs over the log: exact while they are few, and never more work than that."""

from collections import Counter
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from delivery.log_filter import LogFilter, find_deliveries
from delivery.models import Delivery, DeliveryState

MAX_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Count:
    """is_exact: False when there are more than these."""

    count: int
    is_exact: bool


def count_states(wanted: LogFilter, *, most: int | None = None) -> dict[str, Count]:
    """By every state, or by those that the filter names. most: of each; if left out, MAX_COUNTED."""
    rows = find_deliveries(replace(wanted, states=()))
    limit = MAX_COUNTED if most is None else most
    states = wanted.states or DeliveryState.values
    if wanted.ids:
        # So few that they are named: read once, rather than named again for each state.
        found = Counter(one.shown_state for one in rows.only("state", "next_attempt_at", "channel").prefetch_related("channel__health"))
        return {state: _shown(found[state], limit) for state in states}
    return {state: _count(rows.in_states((state,)).order_by(*_ORDERS.get(state, ("-id",))), limit) for state in states}


# Sorted as an index is, so that this is what is counted by: unsorted, Postgres expects to come upon so few soon, and may pass over all rows that
# other accounts have.
_ORDERS: dict[str, tuple[str, ...]] = {DeliveryState.QUEUED: ("channel_id", "is_retry", "next_attempt_at")}


def _count(rows: QuerySet[Delivery], most: int) -> Count:
    return _shown(rows[: most + 1].count(), most)


def _shown(found: int, most: int) -> Count:
    return Count(min(found, most), is_exact=found <= most)
