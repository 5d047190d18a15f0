"""Addresses that nothing can be looked for by, refused before any view tries."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse

from leadflip.rest.errors import bad_query, not_found


class NoNulMiddleware:
    """Postgres takes a NUL in no text, and nobody means one: such a path names nothing, and such a question is faulty."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            return not_found(request, Http404())
        if "%00" in request.META.get("QUERY_STRING", ""):
            return bad_query(request)
        return self.get_response(request)
