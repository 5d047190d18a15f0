"""The five things that are done to configuration, as views: list, create, read, change, delete.

A view puts together what it offers from these classes, and says where its rows are and which function of the domain makes the change.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework import mixins, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import Access
from accounts.api.views import AccountView, access_of, find


class Resource[Record: Model](AccountView, GenericAPIView[Record]):
    """kwargs: the ids in the URL; `id` is the record's own."""

    def rows(self) -> QuerySet[Record]:
        """What this URL is about, within the account that is set, with all that its answer needs."""
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Record]:
        return self.rows()

    def found(self) -> Record:
        rows = self.rows()
        if self.request.method != "GET":
            # Two changes of one record come one after the other.
            rows = rows.select_for_update(of=("self",))
        return find(rows, self.kwargs["id"])

    def values(self, *, partial: bool = False) -> dict[str, Any]:
        body = self.get_serializer(data=self.request.data, partial=partial)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def answer(self, record: Record, *, code: int = status.HTTP_200_OK, **more: Any) -> Response:
        return Response({**self.get_serializer(record).data, **more}, status=code)


# The mixins of DRF are here for their names: drf-spectacular knows by them what a view answers.
class Lists[Record: Model](Resource[Record], mixins.ListModelMixin):
    def get(self, request: Request, **_: str) -> Response:
        return self.list(request)


class Creates[Record: Model](Resource[Record]):
    def create(self, access: Access, values: Mapping[str, Any]) -> Record:
        raise NotImplementedError

    def post(self, request: Request, **_: str) -> Response:
        self.rows()  # what it would be a part of must be there, whatever the body says
        made = self.create(access_of(request), self.values())
        return self.answer(made, code=status.HTTP_201_CREATED)


class Reads[Record: Model](Resource[Record]):
    def get(self, request: Request, **_: str) -> Response:
        return self.answer(self.found())


class Changes[Record: Model](Resource[Record]):
    def change(self, access: Access, record: Record, values: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def patch(self, request: Request, **_: str) -> Response:
        return self._change(request, partial=True)

    def _change(self, request: Request, *, partial: bool) -> Response:
        record = self.found()
        self.change(access_of(request), record, self.values(partial=partial))
        return self.answer(record)


class Replaces[Record: Model](Changes[Record]):
    def put(self, request: Request, **_: str) -> Response:
        return self._change(request, partial=False)


class Deletes[Record: Model](Resource[Record]):
    def remove(self, access: Access, record: Record) -> None:
        raise NotImplementedError

    def delete(self, request: Request, **_: str) -> Response:
        self.remove(access_of(request), self.found())
        return Response(status=status.HTTP_204_NO_CONTENT)
