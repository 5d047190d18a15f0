"""Lists by cursor, newest first: a page at row 10,000,000 costs what the first one costs, and its address can be shared."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import QueryDict

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Slice[Row]:
    """rows, newest first; the query strings that lead to the neighbours, empty where there is none."""

    rows: Sequence[Row]
    newer: str
    older: str


def newest_first[Record: Model](rows: QuerySet[Record], query: QueryDict, *, size: int = PAGE_SIZE) -> Slice[Record]:
    """The page that `before=<id>` or `after=<id>` of the query string names; ids are ordered by time. What is no id begins at the newest."""
    before, after = _id(query, "before"), _id(query, "after")
    if after:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: size + 1])
        has_newer, has_older = len(found) > size, True
        shown = found[:size][::-1]
    else:
        found = list((rows.filter(pk__lt=before) if before else rows).order_by("-pk")[: size + 1])
        has_newer, has_older = bool(before), len(found) > size
        shown = found[:size]
    return Slice(
        rows=shown,
        newer=_turned(query, "after", shown[0].pk) if shown and has_newer else "",
        older=_turned(query, "before", shown[-1].pk) if shown and has_older else "",
    )


def _id(query: QueryDict, name: str) -> UUID | None:
    try:
        return UUID(query.get(name, ""))
    except ValueError:
        return None


def _turned(query: QueryDict, name: str, value: object) -> str:
    turned = query.copy()
    for other in ("before", "after"):
        turned.pop(other, None)
    turned[name] = str(value)
    return turned.urlencode()
