"""Finds out, before a JSON template is used, whether each of its values stands inside of a string or in place of a value.

A value is then written to fit its place, and no lead can change the shape of what is sent: quotation marks, commas and braces that a
lead brings are text, whichever way the author wrote the template.
"""

from collections.abc import Sequence
from enum import Enum

from jinja2 import nodes

from delivery.templating.faults import TemplateError, TemplateFault
from delivery.templating.json_values import AS_VALUE, IN_STRING


class _Place(Enum):
    OUTSIDE = "outside"
    IN_STRING = "in a string"
    AFTER_BACKSLASH = "after a backslash in a string"


def mark_places(tree: nodes.Template) -> None:
    """Put around every value what writes it for its place. Raises TemplateError where the place is not the same in every case."""
    if _walk(tree.body, _Place.OUTSIDE) is not _Place.OUTSIDE:
        raise _unclear(1, "A text is not ended: a quotation mark is missing.")


def _walk(body: Sequence[nodes.Node], place: _Place) -> _Place:
    for node in body:
        match node:
            case nodes.Output():
                place = _mark(node, place)
            case nodes.If():
                place = _after_branches(node, place)
            case nodes.For():
                if {_walk(node.body, place), _walk(node.else_, place)} != {place}:
                    raise _unclear(
                        node.lineno, "A loop ends every text that it begins: a quotation mark is missing in it, or one too many."
                    )
    return place


def _after_branches(node: nodes.If, place: _Place) -> _Place:
    branches = [node.body, *(branch.body for branch in node.elif_), node.else_]
    ends = {_walk(branch, place) for branch in branches}
    if len(ends) > 1:
        raise _unclear(node.lineno, "Every branch of an if has its quotation marks in pairs, or none has.")
    return ends.pop()


def _mark(output: nodes.Output, place: _Place) -> _Place:
    for number, node in enumerate(output.nodes):
        if isinstance(node, nodes.TemplateData):
            place = _scan(node.data, place)
            continue
        if place is _Place.AFTER_BACKSLASH:
            raise _unclear(node.lineno, "A value cannot follow a backslash.")
        placer = IN_STRING if place is _Place.IN_STRING else AS_VALUE
        output.nodes[number] = nodes.Filter(node, placer, [], [], None, None, lineno=node.lineno)
    return place


def _scan(text: str, place: _Place) -> _Place:
    """RFC 8259, 7: a string goes on to the next quotation mark that no backslash precedes."""
    for character in text:
        if place is _Place.AFTER_BACKSLASH:
            place = _Place.IN_STRING
        elif character == '"':
            place = _Place.OUTSIDE if place is _Place.IN_STRING else _Place.IN_STRING
        elif character == "\\" and place is _Place.IN_STRING:
            place = _Place.AFTER_BACKSLASH
    return place


def _unclear(line: int, detail: str) -> TemplateError:
    return TemplateError([TemplateFault(line, "syntax", detail)])
