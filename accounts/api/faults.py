"""Faults found by the deciding code, as the API's one shape of errors."""

from collections.abc import Iterable

from rest_framework.exceptions import ErrorDetail, ValidationError

from accounts.faults import HasFault


def validation_error(faults: Iterable[HasFault]) -> ValidationError:
    """All of them at once, each at its path."""
    details: dict[str, list[ErrorDetail]] = {}
    for fault in faults:
        details.setdefault(fault.attr or "non_field_errors", []).append(ErrorDetail(fault.detail, fault.code))
    return ValidationError(details)
