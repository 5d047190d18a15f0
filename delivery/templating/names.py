"""Which names a template may use, checked when it is saved."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

from jinja2 import nodes

from delivery.templating.faults import TemplateError, TemplateFault
from delivery.templating.guard import LOOP_PARTS, parse
from delivery.templating.render import HTML, Escaping, compile_template
from distribution.fields import ADDRESS_PARTS

# What every template may name besides `lead.<key>`, `<key>` and `fields`.
TOP_NAMES = ("lead_name", "profile", "partner", "entity", "created_at", "lead_count", "delivery_id", "test")
SYSTEM_NAMES = ("id", "status", "source", "created_at")
FIELD_PARTS = ("key", "name", "label", "value", "text")
# A field of one of these names is written with `lead.` before it; the last two are Jinja2's own.
_TAKEN = frozenset({*TOP_NAMES, "lead", "fields", "loop", "self"})


class NamedField(Protocol):
    """What is asked of a field: `channels.base.FieldInfo` has it."""

    @property
    def key(self) -> str: ...

    @property
    def type(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a name stands for: parts by name, items to loop over, or, with neither, a plain value."""

    parts: Mapping[str, "_Shape"] | None = None
    item: "_Shape | None" = None


_VALUE = _Shape()
_LOOP = _Shape(dict.fromkeys(LOOP_PARTS, _VALUE))
_SHAPES = {
    "address": _Shape(dict.fromkeys(ADDRESS_PARTS, _VALUE)),
    "multi_select": _Shape(item=_VALUE),
}


def short_names(keys: Iterable[str]) -> list[str]:
    """The fields that may also be named without `lead.` before them."""
    return [key for key in keys if key not in _TAKEN]


def check(source: str, fields: Sequence[NamedField], *, escaping: Escaping = "html") -> list[TemplateFault]:
    """Every fault of a template that a user saves. fields: those that the template may name as `lead.<key>` and as `<key>`."""
    try:
        compile_template(source, escaping=escaping)
    except TemplateError as error:
        return list(error.faults)
    parts = {field.key: _SHAPES.get(field.type, _VALUE) for field in fields}
    scope = {key: parts[key] for key in short_names(parts)} | dict.fromkeys(TOP_NAMES, _VALUE)
    scope["lead"] = _Shape(dict.fromkeys(SYSTEM_NAMES, _VALUE) | parts)
    scope["fields"] = _Shape(item=_Shape(dict.fromkeys(FIELD_PARTS, _VALUE)))
    return sorted(set(_unknown(parse(HTML, source), scope)), key=lambda fault: fault.line)


def _unknown(node: nodes.Node, scope: Mapping[str, _Shape]) -> Iterator[TemplateFault]:
    match node:
        case nodes.For():
            yield from _unknown_in_loop(node, scope)
        case nodes.Name() | nodes.Getattr() | nodes.Getitem():
            found = _resolve(node, scope)
            if isinstance(found, TemplateFault):
                yield found
        case _:
            for child in node.iter_child_nodes():
                yield from _unknown(child, scope)


def _unknown_in_loop(node: nodes.For, scope: Mapping[str, _Shape]) -> Iterator[TemplateFault]:
    # The guard has put its counting around what the loop goes over.
    assert isinstance(node.iter, nodes.Filter)
    assert node.iter.node is not None
    assert isinstance(node.target, nodes.Name)
    iterated = _resolve(node.iter.node, scope)
    if isinstance(iterated, TemplateFault):
        yield iterated
    elif iterated.item is None:
        yield TemplateFault(node.lineno, "not_allowed", "A loop goes over fields or over a field with several values.")
    else:
        inner = {**scope, node.target.name: iterated.item, "loop": _LOOP}
        for child in node.body:
            yield from _unknown(child, inner)
    for child in node.else_:
        yield from _unknown(child, scope)


def _resolve(node: nodes.Node, scope: Mapping[str, _Shape]) -> _Shape | TemplateFault:
    if isinstance(node, nodes.Name):
        return scope.get(node.name) or _fault(node, node.name, scope, "")
    if isinstance(node, nodes.Getattr):
        owner, name = node.node, node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        owner, name = node.node, str(node.arg.value)
    else:
        return TemplateFault(node.lineno, "not_allowed", "A part is taken from a name.")
    shape = _resolve(owner, scope)
    if isinstance(shape, TemplateFault):
        return shape
    parts = shape.parts or {}
    return parts.get(name) or _fault(node, name, parts, f"{_spelling(owner)}.")


def _fault(node: nodes.Node, name: str, known: Mapping[str, _Shape], prefix: str) -> TemplateFault:
    names = list(known)
    lead = known.get("lead")
    if lead is not None and lead.parts is not None:
        if name in lead.parts:
            return TemplateFault(node.lineno, "unknown_name", f"There is no {name}; the field is written lead.{name}.")
        names += [f"lead.{part}" for part in lead.parts]
    near = get_close_matches(name[:100], names, n=1)
    if near:
        hint = f"did you mean {prefix}{near[0]}?"
    else:
        hint = f"there are {', '.join(prefix + known_name for known_name in sorted(names)[:20])}." if names else "it has no parts."
    return TemplateFault(node.lineno, "unknown_name", f"There is no {prefix}{name[:100]}; {hint}")


def _spelling(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    return f"{_spelling(node.node)}.{node.attr}" if isinstance(node, nodes.Getattr) else "this"
