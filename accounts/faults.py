"""What is wrong with a change that somebody asked for: every fault at once, in words, each at its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class HasFault(Protocol):
    """attr: a path such as `rules.all.0.operator`; empty for the body as a whole."""

    @property
    def attr(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def detail(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Fault:
    attr: str
    code: str
    detail: str


class RefusedChangeError(Exception):
    """The change was not made. The API answers 400 with the faults."""

    def __init__(self, faults: Sequence[HasFault]) -> None:
        super().__init__(" ".join(fault.detail for fault in faults))
        self.faults = faults


class ConflictError(Exception):
    """The change is a good one, but not in the present state of things. The API answers 409 with the text."""


class MissingScopeError(Exception):
    """What was asked would tell what the caller may not know. The API answers 403 with the text."""


def refuse_if_any(faults: Sequence[HasFault]) -> None:
    if faults:
        raise RefusedChangeError(faults)
