"""What the buttons inside a rule do to what is typed, before anything is saved. Pure.

`add:<path>`, `group:<path>` into a group; `remove:<path>`; `field:<path>`, `operator:<path>`, when another one was chosen; `drop:<path>:<number>`, a value
of a list; `chip:<path>`, which only takes what stands beside the list into it; `lines:<path>`, `chips:<path>`, how a list is typed; `fit`, every condition to its field and operator. Any other leaves the rule as it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from distribution.dashboard.rule_form import (
    ROOT,
    Path,
    Targets,
    TypedCondition,
    TypedGroup,
    TypedNode,
    fit_lines,
    fitted,
    path_name,
    shape_for,
)
from distribution.rules import MAX_DEPTH, operator_names

_PATH = re.compile(r"rule(\.\d{1,4})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Acted:
    """focus: the name of the control that the next key is for, empty for none."""

    root: TypedGroup
    focus: str = ""


def act_on(root: TypedGroup, act: str, targets: Targets) -> Acted:
    verb, _, rest = act.partition(":")
    name, _, number = rest.partition(":")
    if verb == "fit":
        return Acted(_fit_all(root, targets))
    if not _PATH.fullmatch(name) or not (node := _find(root, path := _path(name))):
        return Acted(root)
    if isinstance(node, TypedGroup):
        return _act_on_group(root, path, node, verb)
    if verb == "remove":
        return _removed(root, path)
    changed = _CHANGES[verb](node, targets, number) if verb in _CHANGES else node
    return Acted(_replaced(root, path, changed), f"{name}.{_FOCUS.get(verb, '')}")


def _act_on_group(root: TypedGroup, path: Path, group: TypedGroup, verb: str) -> Acted:
    new = path_name((*path, len(group.children)))
    match verb:
        case "add":
            return Acted(_replaced(root, path, _with(group, TypedCondition())), f"{new}.field")
        case "group" if len(path) + 1 < MAX_DEPTH:
            return Acted(_replaced(root, path, _with(group, TypedGroup("any", (TypedCondition(),)))), f"{new}.0.field")
        case "remove" if path:
            return _removed(root, path)
        case _:
            return Acted(root)


def _with(group: TypedGroup, child: TypedNode) -> TypedGroup:
    return replace(group, children=(*group.children, child))


def _removed(root: TypedGroup, path: Path) -> Acted:
    parent = _find(root, path[:-1])
    assert isinstance(parent, TypedGroup)
    kept = replace(parent, children=(*parent.children[: path[-1]], *parent.children[path[-1] + 1 :]))
    return Acted(_replaced(root, path[:-1], kept), f"{path_name(path[:-1])}.more")


def _path(name: str) -> Path:
    return tuple(int(number) for number in name.removeprefix(ROOT).split(".")[1:])


def _find(node: TypedNode, path: Path) -> TypedNode | None:
    for number in path:
        if not isinstance(node, TypedGroup) or number >= len(node.children):
            return None
        node = node.children[number]
    return node


def _replaced(root: TypedGroup, path: Path, node: TypedNode) -> TypedGroup:
    if not path:
        assert isinstance(node, TypedGroup)
        return node
    children = list(root.children)
    child = children[path[0]]
    children[path[0]] = _replaced(child, path[1:], node) if isinstance(child, TypedGroup) and path[1:] else node
    return replace(root, children=tuple(children))


def _fit_all(group: TypedGroup, targets: Targets) -> TypedGroup:
    children = (_fit_all(child, targets) if isinstance(child, TypedGroup) else _fit(child, targets) for child in group.children)
    return replace(group, children=tuple(children))


def _fit(typed: TypedCondition, targets: Targets, _number: str = "") -> TypedCondition:
    """An operator that the field has, and as many values as it wants."""
    spec = targets.get(typed.field)
    names = operator_names(spec) if spec else []
    if spec is None or not names:
        return typed
    operator = typed.operator if typed.operator in names else names[0]
    wanted = shape_for(spec, operator)
    if wanted == "list" and typed.shape == "lines":
        return replace(typed, operator=operator)
    shape, values = fitted(wanted, typed.values)
    return replace(typed, operator=operator, shape=shape, values=values)


def _other_field(typed: TypedCondition, targets: Targets, _number: str) -> TypedCondition:
    """The value was one of the field before."""
    return _fit(replace(typed, shape="none", values=()), targets)


def _drop(typed: TypedCondition, _targets: Targets, number: str) -> TypedCondition:
    if typed.shape != "list" or not number.isdecimal():
        return typed
    return replace(typed, values=(*typed.values[: int(number)], *typed.values[int(number) + 1 :]))


def _to_lines(typed: TypedCondition, _targets: Targets, _number: str) -> TypedCondition:
    return replace(typed, shape="lines") if typed.shape == "list" and fit_lines(typed.values) else typed


def _to_chips(typed: TypedCondition, _targets: Targets, _number: str) -> TypedCondition:
    return replace(typed, shape="list") if typed.shape == "lines" else typed


_CHANGES: dict[str, Callable[[TypedCondition, Targets, str], TypedCondition]] = {
    "field": _other_field,
    "operator": _fit,
    "drop": _drop,
    "lines": _to_lines,
    "chips": _to_chips,
}
_FOCUS = {"field": "operator", "operator": "value", "drop": "add", "lines": "lines", "chips": "add", "chip": "add"}
