"""The part of JSONPath (RFC 9535) that names places in an answer: `$`, `.name`, `['name']`, `[0]`, `[-1]`, `[*]`.

No filters, no `..`, no slices: every step looks at what the step before has found and no deeper, so that no path takes long. The
libraries have all of them, and bring regular expressions that backtrack.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

MAX_PATH = 200
MAX_STEPS = 20

_ANY = object()
_STEP = re.compile(
    r"""\.(?P<name>[^\W\d]\w*) | \[\s*'(?P<single>[^'\\]*)'\s*\] | \[\s*"(?P<double>[^"\\]*)"\s*\] | \[\s*(?P<index>0|-?[1-9][0-9]{0,5})\s*\] |
        (?P<any>\[\s*\*\s*\]|\.\*)""",
    re.VERBOSE,
)


class PathError(ValueError):
    """The text goes on from the path's own name: 'is no path …'."""


def compile_path(text: str) -> Callable[[Any], Iterator[Any]]:
    """What yields everything in a JSON document that the path names, in its order. Raises PathError."""
    if not text.startswith("$") or len(text) > MAX_PATH:
        raise PathError("is no path; wanted one such as $.result.status, of at most 200 characters.")
    steps: list[Any] = []
    at = 1
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None or len(steps) == MAX_STEPS:
            raise PathError(
                f"cannot be read from character {at + 1} on; a step is .name, ['name'], [0] or [*], and there are at most {MAX_STEPS}."
            )
        steps.append(_step(step))
        at = step.end()
    return lambda document: _found(document, steps)


def _step(step: "re.Match[str]") -> Any:
    if step["any"]:
        return _ANY
    if step["index"]:
        return int(step["index"])
    return next(name for name in (step["name"], step["single"], step["double"]) if name is not None)


def _found(document: Any, steps: list[Any]) -> Iterator[Any]:
    found = iter((document,))
    for step in steps:
        found = _inside(found, step)
    return found


def _inside(values: Iterator[Any], step: Any) -> Iterator[Any]:
    for value in values:
        if step is _ANY:
            yield from value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        elif isinstance(step, str):
            if isinstance(value, dict) and step in value:
                yield value[step]
        elif isinstance(value, list) and -len(value) <= step < len(value):
            yield value[step]
