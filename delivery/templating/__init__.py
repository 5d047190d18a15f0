"""Users' templates: Jinja2's notation, a small and bounded part of its language. Pure."""

from delivery.templating.faults import TemplateError, TemplateFault
from delivery.templating.names import NamedField, check, short_names
from delivery.templating.render import Escaping, Template, compile_template, one_line
from delivery.templating.text import text_of

__all__ = [
    "Escaping",
    "NamedField",
    "Template",
    "TemplateError",
    "TemplateFault",
    "check",
    "compile_template",
    "one_line",
    "short_names",
    "text_of",
]
