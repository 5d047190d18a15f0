from typing import Any
from uuid import UUID

from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

_NO_CURSOR = "cursor is not one that an answer gave; wanted the `next` or `previous` of a page."


class NewestFirst(CursorPagination):
    """Pages by id, which is ordered by time: a page at row 10,000,000 costs what the first one costs."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    page_size_query_description = "Results per page, at most 200."
    cursor_query_description = "Where the page begins, from `next` or `previous` of another one."

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        page = {"type": ["string", "null"], "format": "uri", "example": "https://leadflip.example.com/api/leads?cursor=cD0wMTk5"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**page, "description": "The next page, older records; null: this is the last."},
                "previous": {**page, "description": "The page before; null: this is the first."},
                "results": schema,
            },
        }

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor: Cursor | None = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                UUID(str(cursor.position))
        except (NotFound, ValueError) as error:
            raise ValidationError({"cursor": [ErrorDetail(_NO_CURSOR, "invalid")]}) from error
        return cursor

    def get_page_size(self, request: Request) -> int:
        limit = request.query_params.get(self.page_size_query_param, "")
        if limit and not (limit.isascii() and limit.isdigit() and len(limit) < 10 and int(limit)):
            detail = f"limit is {limit[:50]!r}; wanted a whole number from 1 to {self.max_page_size}."
            raise ValidationError({"limit": [ErrorDetail(detail, "invalid")]})
        return min(int(limit), self.max_page_size) if limit else self.page_size
