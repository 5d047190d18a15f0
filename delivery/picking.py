"""A job goes through the deliveries of a filter, piece by piece, in the order of their ids."""

from dataclasses import dataclass
from uuid import UUID

from delivery.log_filter import LogFilter, deliveries_near, find_deliveries

FIRST = UUID(int=0)
# Rows that one piece looks at, however few of them match: a step takes as long for a rare state as for a frequent one.
_LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True)
class Piece:
    """after: where the next piece begins."""

    ids: list[UUID]
    after: UUID
    is_last: bool


def next_piece(wanted: LogFilter, *, after: UUID, until: UUID, most: int = _LOOKED_AT) -> Piece:
    """The next deliveries of the filter with ids above `after` and below `until`, at most `most` of them; perhaps none, and more behind."""
    near = deliveries_near(wanted).filter(id__gt=after, id__lt=until).order_by("id").values_list("id", flat=True)
    edge = near[_LOOKED_AT - 1 : _LOOKED_AT].first()
    found = find_deliveries(wanted).filter(id__gt=after, id__lt=until)
    if edge is not None:
        found = found.filter(id__lte=edge)
    ids = list(found.order_by("id").values_list("id", flat=True)[:most])
    if len(ids) == most:
        return Piece(ids, ids[-1], is_last=False)
    return Piece(ids, edge or until, is_last=edge is None)


def count_all(wanted: LogFilter, *, until: UUID) -> int:
    return find_deliveries(wanted).filter(id__lt=until).count()
