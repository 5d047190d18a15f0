"""A rule as the names and texts of a form, and back. Pure.

Every part of the tree has a path of its own: `rule` is the outermost group, `rule.0` its first child, `rule.0.2` the third child of that. A group has
`<path>.kind`. A condition has `<path>.field`, `<path>.operator` and one of: nothing; `.value`; `.value` and `.high`; `.list`, a JSON list of texts,
with `.add` and `.pick`, texts to be added to it (several and one); `.lines`, one text per line.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from distribution.fields import FieldSpec
from distribution.fields.faults import RefusedError
from distribution.fields.number import exact_number, number_text
from distribution.rules import KINDS, MAX_DEPTH, OPERATORS, Wants

ROOT = "rule"
# More of them are typed one per line.
MAX_CHIPS = 50

Shape = Literal["none", "one", "pair", "list", "lines"]
type Path = tuple[int, ...]
type Targets = Mapping[str, FieldSpec]

_NAME = re.compile(r"rule((?:\.\d{1,4})*)\.(kind|field|operator|value|high|list|add|pick|lines)", re.ASCII)
_SEPARATORS = re.compile(r"[,;\t\r\n]+")
_LINE_ENDS = re.compile(r"[\r\n]+")
_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TypedCondition:
    """values: the texts of its boxes, as many as its shape has."""

    field: str = ""
    operator: str = ""
    shape: Shape = "none"
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypedGroup:
    kind: str = "all"
    children: tuple["TypedNode", ...] = ()


TypedNode = TypedGroup | TypedCondition


def shape_for(spec: FieldSpec, operator: str) -> Shape:
    """What the value of a condition is typed into."""
    match OPERATORS[operator].wants:
        case Wants.NOTHING:
            return "none"
        case Wants.PAIR:
            return "pair"
        case Wants.LIST:
            return "list"
        case Wants.VALUE if spec.type == "multi_select":
            return "list"
        case _:
            return "one"


def path_name(path: Path) -> str:
    return ".".join([ROOT, *map(str, path)])


# --- posted → typed


def read(data: Mapping[str, str]) -> TypedGroup:
    """What a form holds, whatever else it holds. Gaps in the numbering close; what is nested too deep is left out."""
    parts: dict[Path, dict[str, str]] = defaultdict(dict)
    for name, text in data.items():
        if found := _NAME.fullmatch(name):
            path = tuple(int(number) for number in found[1].split(".")[1:])
            if len(path) <= MAX_DEPTH:
                parts[path][found[2]] = text
    children: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(parts):
        if path:
            children[path[:-1]].append(path)
    return _group((), parts, children)


def _group(path: Path, parts: Mapping[Path, Mapping[str, str]], children: Mapping[Path, list[Path]]) -> TypedGroup:
    kind = parts[path].get("kind", "") if path in parts else ""
    nodes = (_group(child, parts, children) if "kind" in parts[child] else _condition(parts[child]) for child in children.get(path, []))
    return TypedGroup(kind if kind in KINDS else "all", tuple(nodes))


def _condition(parts: Mapping[str, str]) -> TypedCondition:
    shape, values = _values(parts)
    return TypedCondition(parts.get("field", ""), parts.get("operator", ""), shape, values)


def _values(parts: Mapping[str, str]) -> tuple[Shape, tuple[str, ...]]:
    if "list" in parts:
        listed = tuple(_read_list(parts["list"]))
        added = (*_filled(_SEPARATORS.split(parts.get("add", ""))), *_filled([parts.get("pick", "")]))
        return fitted("list", (*listed, *(text for text in dict.fromkeys(added) if text not in listed)))
    if "lines" in parts:
        return "lines", _filled(_LINE_ENDS.split(parts["lines"]))
    if "value" not in parts:
        return "none", ()
    value = parts["value"].replace("\r\n", "\n")
    return ("pair", (value, parts["high"])) if "high" in parts else ("one", (value,))


def _filled(texts: list[str]) -> tuple[str, ...]:
    return tuple(stripped for text in texts if (stripped := text.strip()))


def _read_list(text: str) -> Iterator[str]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(items, list):
        yield from (item for item in items if isinstance(item, str))


# --- typed → posted


def data_of(node: TypedNode, path: Path = ()) -> dict[str, str]:
    """The inverse of `read`."""
    name = path_name(path)
    if isinstance(node, TypedCondition):
        return {f"{name}.field": node.field, f"{name}.operator": node.operator, **_value_data(node, name)}
    data = {f"{name}.kind": node.kind}
    for number, child in enumerate(node.children):
        data |= data_of(child, (*path, number))
    return data


def _value_data(node: TypedCondition, name: str) -> dict[str, str]:
    match node.shape:
        case "none":
            return {}
        case "one":
            return {f"{name}.value": node.values[0]}
        case "pair":
            return {f"{name}.value": node.values[0], f"{name}.high": node.values[1]}
        case "list":
            return {f"{name}.list": json.dumps(node.values)}
        case "lines":
            return {f"{name}.lines": "\n".join(node.values)}


# --- typed → tree


def tree_of(root: TypedGroup, targets: Targets, zone: ZoneInfo) -> dict[str, Any]:
    """As the API takes it. zone: of the times that are typed. What is not right stays as it was typed, for the domain to refuse."""
    return _tree(root, targets, zone) if root.children else {}


def _tree(node: TypedNode, targets: Targets, zone: ZoneInfo) -> dict[str, Any]:
    if isinstance(node, TypedGroup):
        return {node.kind: [_tree(child, targets, zone) for child in node.children]}
    tree: dict[str, Any] = {"field": node.field or None, "operator": node.operator or None}
    if node.shape == "none":
        return tree
    values = [_value(text, node, targets, zone) for text in node.values]
    return {**tree, "value": values[0] if node.shape == "one" else values}


def _value(text: str, node: TypedCondition, targets: Targets, zone: ZoneInfo) -> Any:
    operator, spec = OPERATORS.get(node.operator), targets.get(node.field)
    if operator is None or spec is None or operator.wants in {Wants.PIECE, Wants.PATTERN}:
        return text
    if operator.wants is Wants.DAYS or spec.type == "number":
        return _number(text)
    if spec.type == "checkbox":
        return {"true": True, "false": False}.get(text, text)
    return _utc(text, zone) if spec.type == "datetime" and _LOCAL.fullmatch(text) else text


def _number(text: str) -> Any:
    try:
        return exact_number(text)
    except RefusedError:
        return text


def _utc(text: str, zone: ZoneInfo) -> str:
    try:
        return _written(datetime.fromisoformat(text).replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return text


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


# --- tree → typed


def typed_of(tree: Any, targets: Targets, zone: ZoneInfo) -> TypedGroup:
    """tree: a saved rule, whether it still fits its Entity or not."""
    if not tree:
        return TypedGroup()
    typed = _typed(tree, targets, zone)
    return typed if isinstance(typed, TypedGroup) else TypedGroup(children=(typed,))


def _typed(tree: Mapping[str, Any], targets: Targets, zone: ZoneInfo) -> TypedNode:
    kind = next((kind for kind in KINDS if kind in tree), None)
    if kind:
        return TypedGroup(kind, tuple(_typed(child, targets, zone) for child in tree[kind]))
    field, operator = str(tree.get("field") or ""), str(tree.get("operator") or "")
    spec = targets.get(field)
    shape, values = _typed_values(tree.get("value"), spec, operator, zone)
    return TypedCondition(field, operator, shape, values)


def _typed_values(raw: Any, spec: FieldSpec | None, operator: str, zone: ZoneInfo) -> tuple[Shape, tuple[str, ...]]:
    is_moment = spec is not None and spec.type == "datetime" and OPERATORS.get(operator) and OPERATORS[operator].wants is not Wants.DAYS
    if spec is not None and operator in OPERATORS:
        shape = shape_for(spec, operator)
    else:
        shape = "none" if raw in (None, "") else "list" if isinstance(raw, list) else "one"
    items = raw if isinstance(raw, list) else _SEPARATORS.split(raw) if shape == "list" and isinstance(raw, str) else [raw]
    values = tuple(_local(_text(item), zone) if is_moment else _text(item) for item in items)
    return fitted(shape, values)


def fitted(shape: Shape, values: tuple[str, ...]) -> tuple[Shape, tuple[str, ...]]:
    """As many values as the shape has. A list of many is typed in lines, where its values have none of their own."""
    match shape:
        case "none":
            return "none", ()
        case "one":
            return "one", (values[0] if values else "",)
        case "pair":
            return "pair", (*values, "", "")[:2]
        case _:
            filled = tuple(value for value in values if value)
            return ("lines" if len(filled) > MAX_CHIPS and fit_lines(filled) else "list"), filled


def fit_lines(values: tuple[str, ...]) -> bool:
    return all(value == value.strip() and not _LINE_ENDS.search(value) for value in values)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return number_text(value)
        case str():
            return value
        case _:
            return json.dumps(value, default=str)


def _local(text: str, zone: ZoneInfo) -> str:
    """In the zone, where the way back leads to the same moment; else in UTC."""
    try:
        moment = datetime.fromisoformat(text.strip().upper())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        local = moment.astimezone(zone).replace(tzinfo=None).isoformat()
        return local if _LOCAL.fullmatch(local) and _utc(local, zone) == _written(moment) else _written(moment)
    except (ValueError, OverflowError):
        return text


# --- faults


def place_of(attr: str) -> tuple[str, str]:
    """Where a fault of the domain stands in the form: `rules.all.0.any.1.value` is the path `rule.0.1`, part `value`."""
    rest = attr.split(".")[1:]
    path: list[int] = []
    while len(rest) > 1 and rest[0] in KINDS and rest[1].isdigit():
        path.append(int(rest[1]))
        rest = rest[2:]
    return path_name(tuple(path)), rest[0] if rest and rest[0] not in KINDS else ""
