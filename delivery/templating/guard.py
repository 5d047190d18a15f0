"""The part of Jinja2's language that users may write. What is not listed here is refused before anything is compiled."""

from collections.abc import Iterator

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from delivery.templating.faults import TemplateError, TemplateFault
from delivery.templating.filters import FILTERS, is_date_format

MAX_SOURCE = 50_000
MAX_NODES = 5_000
MAX_DEPTH = 40
MAX_BLOCKS = 10  # ifs and loops inside one another; Python itself stops at 100 indents
MAX_LOOPS = 2  # loops inside one another

BOUNDED = "_bounded"  # no user can write this name: see _is_plain
TESTS = frozenset({"defined", "none", "true", "false"})
LOOP_PARTS = frozenset({"index", "index0", "first", "last", "length"})

_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Const,
    nodes.If,
    nodes.For,
    nodes.Filter,
    nodes.Test,
    nodes.Keyword,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.List,
    nodes.Tuple,
)
_WORDS: dict[type[nodes.Node], str] = {
    nodes.Call: "a function",
    nodes.CallBlock: "{% call %}",
    nodes.Macro: "{% macro %}",
    nodes.Assign: "{% set %}",
    nodes.AssignBlock: "{% set %}",
    nodes.Include: "{% include %}",
    nodes.Import: "{% import %}",
    nodes.FromImport: "{% from %}",
    nodes.Extends: "{% extends %}",
    nodes.Block: "{% block %}",
    nodes.With: "{% with %}",
    nodes.FilterBlock: "{% filter %}",
    nodes.Concat: "joining with ~ (write the parts next to each other)",
    nodes.Slice: "a slice (use truncate)",
    nodes.Dict: "a dictionary",
}


def parse(environment: SandboxedEnvironment, source: str) -> nodes.Template:
    """The tree of a template that uses only what is allowed, its loops counted. Raises TemplateError."""
    if len(source) > MAX_SOURCE:
        raise TemplateError([TemplateFault(1, "too_long", f"A template has at most {MAX_SOURCE:,} characters.")])
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError as error:
        raise TemplateError([TemplateFault(error.lineno, "syntax", _sentence(error.message))]) from None
    except (RecursionError, MemoryError):
        raise TemplateError([_too_deep(1)]) from None
    except (ValueError, OverflowError):
        # Python's own limits on numbers and escapes in texts, met by Jinja2's lexer.
        raise TemplateError([TemplateFault(1, "syntax", "A number or an escape in a text cannot be read.")]) from None
    if faults := list(_faults(tree)):
        raise TemplateError(faults)
    for loop in tree.find_all(nodes.For):
        weight = nodes.Const(1 + sum(1 for _ in loop.find_all(nodes.Node)))
        loop.iter = nodes.Filter(loop.iter, BOUNDED, [weight], [], None, None, lineno=loop.lineno)
    return tree


def _sentence(message: str | None) -> str:
    text = (message or "This cannot be read")[:200].rstrip(".")
    return text[:1].upper() + text[1:] + "."


def _too_deep(line: int) -> TemplateFault:
    return TemplateFault(line, "not_allowed", "Too many things stand inside one another here.")


def _faults(tree: nodes.Template) -> Iterator[TemplateFault]:
    """In the order of the source, without recursion; stops early at a tree that is too large to be worth a list."""
    waiting: list[tuple[nodes.Node, int, int, int]] = [(tree, 0, 0, 0)]
    count = 0
    while waiting:
        node, depth, blocks, loops = waiting.pop()
        count += 1
        blocks += isinstance(node, nodes.If | nodes.For)
        loops += isinstance(node, nodes.For)
        if count > MAX_NODES:
            yield TemplateFault(node.lineno, "too_long", f"A template has at most {MAX_NODES:,} parts.")
            return
        if depth > MAX_DEPTH or blocks > MAX_BLOCKS or loops > MAX_LOOPS:
            yield _too_deep(node.lineno)
            return
        fault = _fault(node)
        if fault is not None:
            yield fault
        else:
            waiting.extend((child, depth + 1, blocks, loops) for child in reversed(_children(node)))


def _children(node: nodes.Node) -> list[nodes.Node]:
    if isinstance(node, nodes.Filter) and node.name == "map" and node.node is not None:
        return [node.node, *node.args[1:]]  # the table is constant: `_is_value_map`
    return list(node.iter_child_nodes())


def _fault(node: nodes.Node) -> TemplateFault | None:
    if not isinstance(node, _ALLOWED):
        words = _WORDS.get(type(node)) or _operator(node)
        return TemplateFault(node.lineno or 1, "not_allowed", f"A template cannot use {words}.")
    detail = None
    match node:
        case nodes.Name() if not _is_plain(node.name):
            detail = f"There is no {node.name}."
        case nodes.Getattr() if not _is_plain(node.attr):
            detail = f"There is no {node.attr}."
        case nodes.Getitem() if not (isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) and _is_plain(node.arg.value)):
            detail = "Brackets hold the name of a field in quotation marks."
        case nodes.For():
            detail = _loop_detail(node)
        case nodes.Filter():
            detail = _filter_detail(node)
        case nodes.Test() if node.name not in TESTS or node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            detail = f"There is no test {node.name}; there are {', '.join(sorted(TESTS))}."
    return None if detail is None else TemplateFault(node.lineno, "not_allowed", detail)


def _operator(node: nodes.Node) -> str:
    operator = getattr(node, "operator", None)
    return f"the operator {operator}" if operator else f"this ({type(node).__name__})"


def _is_plain(name: str) -> bool:
    return not name.startswith("_")


def _loop_detail(node: nodes.For) -> str | None:
    if node.recursive or node.test is not None:
        return "A loop is written {% for … in … %}, without more."
    if not isinstance(node.target, nodes.Name):
        return "A loop has one variable."
    if not isinstance(node.iter, nodes.Name | nodes.Getattr | nodes.Getitem):
        return "A loop goes over fields or over a field with several values."
    return None


def _filter_detail(node: nodes.Filter) -> str | None:
    if node.name not in FILTERS:
        return f"There is no filter {node.name}; there are {', '.join(FILTERS)}."
    if node.dyn_args or node.dyn_kwargs or node.node is None:
        return f"The filter {node.name} cannot be used this way."
    if node.name == "map" and not _is_value_map(node):
        return "map wants a table such as map({'CA': 'California'}), and perhaps what to write for everything else."
    patterns = [*node.args, *(keyword.value for keyword in node.kwargs)] if node.name == "date" else []
    if any(isinstance(pattern, nodes.Const) and not is_date_format(pattern.value) for pattern in patterns):
        return "date wants a pattern such as '%d.%m.%Y'."
    return None


def _is_value_map(node: nodes.Filter) -> bool:
    if node.kwargs or not 1 <= len(node.args) <= 2:
        return False
    table = node.args[0]
    return isinstance(table, nodes.Dict) and all(isinstance(part, nodes.Const) for pair in table.items for part in (pair.key, pair.value))
