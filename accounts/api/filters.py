"""Filters of lists, from the query string."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from uuid import UUID

from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from accounts.faults import Fault, RefusedChangeError


class Filters:
    """Reads filters and gathers what is wrong with them; `check` tells all of it at once."""

    def __init__(self, request: Request) -> None:
        self._given = request.query_params
        self._faults: list[Fault] = []

    def id(self, name: str) -> UUID | None:
        text = self._given.get(name)
        if not text:
            return None
        try:
            return UUID(text)
        except ValueError:
            self._refuse(name, text, "an id")
            return None

    def choices(self, name: str, allowed: Iterable[str]) -> list[str]:
        """Several, separated by commas or given several times."""
        wanted = [part for text in self._given.getlist(name) for part in text.split(",") if part]
        known = list(allowed)
        for value in wanted:
            if value not in known:
                self._refuse(name, value, f"any of {', '.join(known)}")
        return wanted

    def moment(self, name: str) -> datetime | None:
        """ISO 8601; a date alone is its midnight, and a time without an offset is UTC."""
        text = self._given.get(name)
        if not text:
            return None
        try:
            # A `+` in a query string comes as a space.
            moment = parse_datetime(text.replace(" ", "+") if "T" in text else text)
            if moment is None and (day := parse_date(text)):
                moment = datetime.combine(day, time.min)
        except ValueError:
            moment = None
        if moment is None:
            self._refuse(name, text, "a date or a date and time in ISO 8601, such as 2026-01-31T08:00:00Z")
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def check(self) -> None:
        if self._faults:
            raise RefusedChangeError(self._faults)

    def _refuse(self, name: str, text: str, wanted: str) -> None:
        self._faults.append(Fault(name, "invalid", f"{name} is {text[:50]!r}; wanted {wanted}."))


def id_filter(name: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.UUID, description=f"Only those of this {name}.")


FROM_TO = [
    OpenApiParameter("from", OpenApiTypes.DATETIME, description="Not before this moment. A date alone is its midnight, UTC."),
    OpenApiParameter("to", OpenApiTypes.DATETIME, description="Before this moment."),
]
