"""Compiles templates once per content and renders them within limits."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any, Literal
from urllib.parse import quote_plus

from jinja2 import StrictUndefined, UndefinedError
from jinja2 import Template as JinjaTemplate
from jinja2.exceptions import SecurityError
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from delivery.templating.faults import TemplateError, TemplateFault, ValueProblem
from delivery.templating.filters import FILTERS, bounded
from delivery.templating.guard import BOUNDED, LOOP_PARTS, TESTS, parse
from delivery.templating.json_places import mark_places
from delivery.templating.json_values import PLACERS
from delivery.templating.text import BUDGET, Budget, text_of

# What is done to values, so that none is taken for anything but a value: nothing in plain text; markup in HTML and XML; escapes of
# JSON; percent-encoding in a form.
Escaping = Literal["none", "html", "xml", "json", "form"]

MAX_OUTPUT = 1_000_000
# XML 1.0, 2.2 leaves these out even when escaped.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FILE_NAME = "<template>"


class _Unknown(StrictUndefined):
    """Fails as soon as it is used, with a sentence for the template's author."""

    @property
    def _undefined_message(self) -> str:
        return f"There is no {str(self._undefined_name)[:50]} here; it may not be among the fields that this channel sends."


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, narrowed: the only attributes are the items of a mapping and a few of a loop's."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in LOOP_PARTS:
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self.getattr(obj, argument)


def _xml_text(value: Any) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text_of(value))


def _form_text(value: Any) -> str:
    return quote_plus(text_of(value), errors="strict")


def _environment(*, is_markup: bool = False, finalize: Callable[[Any], str] = text_of) -> _Environment:
    environment = _Environment(
        autoescape=is_markup,
        undefined=_Unknown,
        finalize=finalize,
        keep_trailing_newline=True,
        cache_size=0,
    )
    environment.globals.clear()
    environment.filters = {**FILTERS, **PLACERS, BOUNDED: bounded}
    environment.tests = {name: test for name, test in environment.tests.items() if name in TESTS}
    return environment


HTML = _environment(is_markup=True)
_ENVIRONMENTS: Mapping[Escaping, _Environment] = {
    "none": _environment(),
    "html": HTML,
    "xml": _environment(is_markup=True, finalize=_xml_text),
    "json": _environment(),
    "form": _environment(finalize=_form_text),
}


class Template:
    """Made by `compile_template`. May be shared by threads."""

    __slots__ = ("_template",)

    def __init__(self, template: JinjaTemplate) -> None:
        self._template = template

    def render(self, values: Mapping[str, Any], *, most: int = MAX_OUTPUT) -> str:
        """values: text, numbers, lists, and dicts of them. most: characters. Raises TemplateError, naming the line."""
        pieces: list[str] = []
        length = 0
        context = self._template.new_context({**values, BUDGET: Budget()})
        try:
            for piece in self._template.root_render_func(context):
                length += len(piece)
                if length > most:
                    raise ValueProblem(f"The text is longer than {most:,} characters.")
                pieces.append(piece)
        except (UndefinedError, ValueProblem) as error:
            raise self._error(error, str(error)) from error
        except (SecurityError, JinjaError, TypeError, ValueError, ArithmeticError, RecursionError, MemoryError) as error:
            raise self._error(error, "This cannot be worked out with the values of this lead.") from error
        return "".join(pieces)

    def _error(self, error: Exception, detail: str) -> TemplateError:
        return TemplateError([TemplateFault(self._line(error.__traceback__), "value", detail)])

    def _line(self, traceback: TracebackType | None) -> int:
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == _FILE_NAME:
                return self._template.get_corresponding_lineno(traceback.tb_lineno)
            traceback = traceback.tb_next
        return 1


@lru_cache(maxsize=5_000)
def compile_template(source: str, *, escaping: Escaping) -> Template:
    """The template, compiled once per content. Raises TemplateError."""
    environment = _ENVIRONMENTS[escaping]
    tree = parse(environment, source)
    if escaping == "json":
        mark_places(tree)
    try:
        code = environment.compile(tree, filename=_FILE_NAME)
        template = environment.template_class.from_code(environment, code, {}, None)
    except (JinjaError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        raise TemplateError([TemplateFault(line, "syntax", "This template cannot be used as it is written.")]) from error
    return Template(template)


def one_line(text: str, *, most: int) -> str:
    """The text without line breaks and control characters, cut to `most` characters: fit for a header."""
    line = "".join(character for character in " ".join(text.split()) if character.isprintable())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
