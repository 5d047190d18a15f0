"""Errors in one shape everywhere: {"type", "errors": [{"code", "attr", "detail"}]}."""

from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from drf_standardized_errors.handler import exception_handler
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from accounts.api.faults import validation_error
from accounts.faults import ConflictError, RefusedChangeError


class ConflictAnswer(APIException):
    status_code = 409
    default_code = "conflict"


def answer_with_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: an answer that is an error leaves nothing half-done behind."""
    if transaction.get_connection().in_atomic_block:
        transaction.set_rollback(True)
    match error:
        case RefusedChangeError():
            error = validation_error(error.faults)
        case ProtectedError():
            error = ConflictAnswer(_what_protects(error), "in_use")
        case ConflictError():
            error = ConflictAnswer(str(error))
    response: Response | None = exception_handler(error, context)
    return response


def _what_protects(error: ProtectedError) -> str:
    kinds = sorted({str(record._meta.verbose_name_plural) for record in error.protected_objects})
    return f"This is still used by {' and '.join(kinds)}, so it cannot be deleted. Switch it off instead."
