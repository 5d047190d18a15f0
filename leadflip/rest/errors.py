"""Errors in one shape everywhere: {"type", "errors": [{"code", "attr", "detail"}]}."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from drf_standardized_errors.handler import exception_handler
from psycopg.errors import UniqueViolation
from rest_framework.exceptions import APIException, ErrorDetail, ParseError, PermissionDenied, Throttled
from rest_framework.response import Response

from accounts.api.faults import validation_error
from accounts.api.views import TooLargeError
from accounts.faults import ConflictError, MissingScopeError, RefusedChangeError


class InUseError(APIException):
    status_code = 409
    default_code = "in_use"


class ConflictAnswer(APIException):
    status_code = 409
    default_code = "conflict"


def answer_with_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler."""
    response: Response | None = exception_handler(_as_answer(error), context)  # type: ignore[arg-type]  # of the same shape
    return response


def _as_answer(error: Exception) -> Exception:
    match error:
        case RefusedChangeError():
            return validation_error(error.faults)
        case ConflictError():
            return ConflictAnswer(str(error))
        case MissingScopeError():
            return PermissionDenied(str(error))
        case ProtectedError():
            return InUseError(_what_protects(error))
        case IntegrityError() if isinstance(error.__cause__, UniqueViolation):
            # Two requests at the same moment, each of which found the name free.
            return ConflictAnswer("Another request has just made this. Read it again and repeat what is still to be done.")
        case Throttled():
            most = f"{settings.API_REQUESTS_PER_MINUTE:,}"
            error.detail = ErrorDetail(f"This account has asked {most} times within this minute, which is all it may.", "throttled")
        case RequestDataTooBig():
            return TooLargeError("The body is larger than what is read.")
        case SuspiciousOperation() | MultiPartParserError():
            return ParseError(f"The body cannot be read: {error}")
    return error


def _what_protects(error: ProtectedError) -> str:
    kinds = sorted({str(record._meta.verbose_name_plural) for record in error.protected_objects})
    return f"This is still used by {' and '.join(kinds)}, so it cannot be deleted. Switch it off instead."


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address that there is not answers as an id that there is not."""
    if not request.path.startswith("/api/"):
        return fault_page(request, 404, "There is no such page", "It may have been removed, or belong to an account that is not yours.")
    return _json(404, "client_error", "not_found", "Not found.")


def bad_query(request: HttpRequest) -> HttpResponse:
    """A question with a NUL in it, which no column can hold."""
    said = "The address holds a NUL character (%00), which nothing here can have."
    if not request.path.startswith("/api/"):
        return fault_page(request, 400, "This address cannot be read", said)
    return _json(400, "client_error", "parse_error", said)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """By Django itself: the admin, opened by somebody who is no member of staff."""
    return fault_page(request, 403, "You may not open this page", "It belongs to people with another role.")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return fault_page(
        request,
        403,
        "The form could not be checked",
        "It was open for too long, or came from another site. Go back, load the page anew and send it again.",
    )


def failed(request: HttpRequest) -> HttpResponse:
    """What DRF had no part in: a fault in a middleware, a database that is away."""
    if not request.path.startswith("/api/"):
        return fault_page(
            request, 500, "Something here went wrong", "Nothing was changed. It is written down, and trying again often helps."
        )
    return _json(500, "server_error", "error", "Server Error (500)")


def fault_page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return HttpResponse(render_to_string("fault.html", {"title": title, "text": text, "request": request}), status=status)


def _json(status: int, kind: str, code: str, detail: str) -> JsonResponse:
    return JsonResponse(
        {"type": kind, "errors": [{"code": code, "detail": detail, "attr": None}]}, status=status, json_dumps_params=_COMPACT
    )


_COMPACT = {"separators": (",", ":")}
