"""What is wrong with a template, in words for the person who wrote it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TemplateFault:
    """line: counted from 1. code: `syntax`, `not_allowed`, `unknown_name`, `too_long`, `value`. detail: a sentence."""

    line: int
    code: str
    detail: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.detail}"


class TemplateError(ValueError):
    """A template that cannot be used, or not with these values."""

    def __init__(self, faults: Sequence[TemplateFault]) -> None:
        super().__init__(" ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class ValueProblem(ValueError):  # noqa: N818 - never leaves the package
    """Raised by a filter; becomes a TemplateFault with the line it stands on."""
