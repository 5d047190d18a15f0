"""Regular expressions in linear time: RE2 (https://github.com/google/re2/wiki/Syntax), with bounds on its memory."""

from collections.abc import Callable

import re2

from distribution.fields.faults import RefusedError, cut

MAX_PATTERN = 1_000
# Bounds the compiled program, and with it the work per character where RE2 can not keep a table of states.
_MAX_MEMORY = 256 * 1024
_MAX_WORDS = 100
_NOT_SUPPORTED = (
    *(f"invalid perl operator: {opening}" for opening in ("(?=", "(?!", "(?<")),
    *(f"invalid escape sequence: \\{number}" for number in range(1, 10)),
)


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.case_sensitive = False
    options.never_nl = True
    options.never_capture = True
    options.log_errors = False
    return options


_OPTIONS = _options()


def compile_pattern(source: str) -> Callable[[str], bool]:
    """Return what finds the pattern anywhere in a text, whatever the case. Raises RefusedError, with RE2's own words."""
    try:
        pattern = re2.compile(source, _OPTIONS)
    except re2.error as error:
        raise RefusedError(_fault(error)) from error
    # As bytes: RE2 then has no offsets to translate, and half of a surrogate pair is no error.
    return lambda text: pattern.search(text.encode(errors="replace")) is not None


def _fault(error: re2.error) -> str:
    words = error.args[0] if error.args else ""
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    hint = "; back-references and look-arounds are not supported" if text.startswith(_NOT_SUPPORTED) else ""
    return f"RE2 can not use ({cut(text, _MAX_WORDS)}){hint}"
