"""The records that an address names."""

from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import Http404


def record_or_404[Record: Model](rows: QuerySet[Record], record_id: str) -> Record:
    """A malformed id, an unknown one and another account's are answered alike."""
    try:
        found = rows.filter(pk=UUID(record_id)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found
