"""What every view of the REST API is made of."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.access import Access


class AccountView(APIView):
    """One request, one transaction, one account: all that the view reads and writes is the caller's own."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with transaction.atomic():
            return super().dispatch(request, *args, **kwargs)


def access_of(request: Request) -> Access:
    assert isinstance(request.auth, Access)  # HasScope let the request in
    return request.auth


def request_id_of(request: Request) -> str:
    return str(getattr(request._request, "request_id", ""))  # noqa: SLF001 - DRF offers no other way to Django's request
