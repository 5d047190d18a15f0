"""Users' templates: Jinja2's notation, a small and bounded part of its language. Pure."""

from delivery.templating.faults import TemplateError, TemplateFault
from delivery.templating.filters import text_of
from delivery.templating.names import NamedField, check
from delivery.templating.render import Template, compile_template, one_line

__all__ = ["NamedField", "Template", "TemplateError", "TemplateFault", "check", "compile_template", "one_line", "text_of"]
