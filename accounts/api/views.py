"""What every view of the REST API is made of."""

import tempfile
from contextlib import ExitStack
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.access import Access
from accounts.api.auth import request_id_of

__all__ = ["AccountView", "LimitedView", "TooLargeError", "access_of", "find", "request_id_of"]


_IN_MEMORY = 1 << 20
_PIECE = 1 << 16


class TooLargeError(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class LimitedView(APIView):
    """Refuses a body above `max_body_bytes` before it reads any of it."""

    max_body_bytes: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as self._at_its_end:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if _is_chunked(request):
            self._take_chunks(request)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > self.max_body_bytes:
            raise TooLargeError(f"The body has {int(length):,} bytes; at most {self.max_body_bytes:,} are read.")

    def _take_chunks(self, request: Request) -> None:
        """Django takes a body of unknown length for an empty one, and a lead sent like that would be lost."""
        body = self._at_its_end.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - entered here
        while piece := request.META["wsgi.input"].read(_PIECE):
            body.write(piece)
            if body.tell() > self.max_body_bytes:
                raise TooLargeError(f"The body has more than {self.max_body_bytes:,} bytes, which are read at most.")
        request.META["CONTENT_LENGTH"] = str(body.tell())
        body.seek(0)
        request._request._stream = body  # type: ignore[assignment]  # noqa: SLF001 - Django has no other place for it


def _is_chunked(request: Request) -> bool:
    return not request.META.get("CONTENT_LENGTH") and "chunked" in request.headers.get("Transfer-Encoding", "").lower()


class AccountView(LimitedView):
    """One request, one transaction, one account: all that the view reads and writes is the caller's own. An answer that is an error leaves
    nothing half-done behind."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with transaction.atomic():
            response = super().dispatch(request, *args, **kwargs)
            if response.status_code >= status.HTTP_400_BAD_REQUEST:
                transaction.set_rollback(True)
        return response


def access_of(request: Request) -> Access:
    assert isinstance(request.auth, Access)  # HasScope let the request in
    return request.auth


def find[Record: Model](rows: QuerySet[Record], record_id: str) -> Record:
    """The row of that id, as the URL spells it. A malformed id, an unknown one and another account's answer with the same bytes."""
    try:
        key = UUID(record_id)
    except ValueError as error:
        raise NotFound from error
    found = rows.filter(pk=key).first() if str(key) == record_id.lower() else None
    if found is None:
        raise NotFound
    return found
