"""Faults found by the deciding code, as the API's one shape of errors."""

from collections.abc import Iterable
from typing import Protocol

from rest_framework.exceptions import ErrorDetail, ValidationError


class HasFault(Protocol):
    """attr: a path such as `rules.all.0.operator`; empty for the body as a whole."""

    @property
    def attr(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def detail(self) -> str: ...


def validation_error(faults: Iterable[HasFault]) -> ValidationError:
    """All of them at once, each at its path."""
    details: dict[str, list[ErrorDetail]] = {}
    for fault in faults:
        details.setdefault(fault.attr or "non_field_errors", []).append(ErrorDetail(fault.detail, fault.code))
    return ValidationError(details)
