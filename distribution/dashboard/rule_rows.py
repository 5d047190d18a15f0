"""A rule as its page shows it: groups and conditions with their controls, and each fault at its place. No database."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accounts.faults import HasFault
from distribution.dashboard.rule_form import Path, Targets, TypedCondition, TypedGroup, TypedNode, path_name, place_of
from distribution.dashboard.rule_options import Choice, FieldOptions
from distribution.fields import SYSTEM_KEYS, FieldSpec
from distribution.rules import MAX_DEPTH, OPERATORS, Operator, Wants, operator_names

# By path, then by part: `field`, `operator`, `value`, or empty for the whole.
type Errors = Mapping[str, Mapping[str, str]]

_YES_OR_NO: tuple[Choice, ...] = (("true", "Yes"), ("false", "No"))
_BOXES = {"number": "number", "date": "date", "datetime": "datetime-local", "checkbox": "choice", "select": "choice", "textarea": "area"}


@dataclass(frozen=True, slots=True)
class Chip:
    number: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionRow:
    """number: such as 2.1, for people. control: `none`, `pair`, `chips`, `lines`, or that of its one value; box: of each value, one of `choice`,
    `area`, `number`, `date`, `datetime-local`, `days`, `pattern`, `text`. operators, choices: what is offered, with what is chosen."""

    name: str
    number: str
    field: str
    field_options: str
    operator: str
    control: str
    box: str
    is_encrypted: bool
    is_unknown: bool
    operators: Sequence[Choice]
    values: Sequence[str]
    choices: Sequence[Choice]
    errors: Mapping[str, str]

    @property
    def is_group(self) -> bool:
        return False

    @property
    def low(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def high(self) -> str:
        return self.values[1] if len(self.values) > 1 else ""

    @property
    def lines(self) -> str:
        return "\n".join(self.values)

    @property
    def listed(self) -> str:
        return json.dumps(self.values, ensure_ascii=False)

    @property
    def chips(self) -> list[Chip]:
        labels = dict(self.choices)
        return [Chip(number, labels.get(value, value)) for number, value in enumerate(self.values)]

    @property
    def unpicked(self) -> list[Choice]:
        """The choices that are not among its chips."""
        return [choice for choice in self.choices if choice[0] not in self.values]


@dataclass(frozen=True, slots=True)
class GroupRow:
    name: str
    number: str
    kind: str
    items: Sequence["GroupRow | ConditionRow"]
    may_nest: bool
    error: str = ""

    @property
    def is_group(self) -> bool:
        return True


def rows_of(root: TypedGroup, targets: Targets, faults: Iterable[HasFault] = ()) -> GroupRow:
    """faults: of the domain, with paths such as `rules.all.0.value`."""
    return _Rows(targets, _errors(faults)).group(root, ())


def field_choices(targets: Targets) -> list[tuple[str, list[Choice]]]:
    """What a condition can be about, under its headings. Of an encrypted address the parts alone: the whole can be asked nothing."""
    own = [(key, _named(spec)) for key, spec in targets.items() if key not in SYSTEM_KEYS and operator_names(spec)]
    system = [(key, targets[key].label) for key in SYSTEM_KEYS]
    return [("Fields", own), ("Of every lead", system)]


def operator_words(operator: Operator) -> str:
    """Without the value, such as "is one of"."""
    return operator.words.removesuffix(" {}").replace("{}", "…")


def _named(spec: FieldSpec) -> str:
    return f"{spec.label} (encrypted)" if spec.is_encrypted else spec.label


def _errors(faults: Iterable[HasFault]) -> Errors:
    errors: dict[str, dict[str, str]] = defaultdict(dict)
    for fault in faults:
        name, part = place_of(fault.attr)
        errors[name].setdefault(part, fault.detail)
    return errors


class _Rows:
    """One pass over a rule. What all its conditions share is made once."""

    def __init__(self, targets: Targets, errors: Errors) -> None:
        self._targets = targets
        self._errors = errors
        self._options = FieldOptions(field_choices(targets))

    def group(self, group: TypedGroup, path: Path) -> GroupRow:
        items = [self._row(child, (*path, number)) for number, child in enumerate(group.children)]
        name = path_name(path)
        said = " ".join(self._errors.get(name, {}).values())
        return GroupRow(name, _number(path), group.kind, items, may_nest=len(path) + 1 < MAX_DEPTH, error=said)

    def _row(self, node: TypedNode, path: Path) -> GroupRow | ConditionRow:
        return self.group(node, path) if isinstance(node, TypedGroup) else self._condition(node, path)

    def _condition(self, typed: TypedCondition, path: Path) -> ConditionRow:
        name = path_name(path)
        spec = self._targets.get(typed.field)
        box = _box(typed, spec)
        return ConditionRow(
            name=name,
            number=_number(path),
            field=typed.field,
            field_options=self._options.choosing(typed.field),
            operator=typed.operator,
            control={"list": "chips", "one": box}.get(typed.shape, typed.shape),
            box=box,
            is_encrypted=spec is not None and spec.is_encrypted,
            is_unknown=spec is None and bool(typed.field),
            operators=_operators(typed, spec),
            values=typed.values,
            choices=_choices(typed, spec, box),
            errors={part: _in_place(detail, typed, spec) for part, detail in self._errors.get(name, {}).items()},
        )


def _number(path: Path) -> str:
    return ".".join(str(number + 1) for number in path)


def _box(typed: TypedCondition, spec: FieldSpec | None) -> str:
    if spec is None or typed.operator not in OPERATORS:
        return "text"
    match OPERATORS[typed.operator].wants:
        case Wants.DAYS:
            return "days"
        case Wants.PATTERN:
            return "pattern"
        case Wants.PIECE:
            return "text"
        case _:
            box = _BOXES.get(spec.type, "text")
    # A browser's date boxes show nothing of what they cannot hold.
    return "text" if spec.type in {"date", "datetime"} and not all(map(_is_for_date_box, typed.values)) else box


def _is_for_date_box(value: str) -> bool:
    return not value.strip() or (value[:4].isdecimal() and value[-1].isdecimal() and "+" not in value and " " not in value)


def _operators(typed: TypedCondition, spec: FieldSpec | None) -> list[Choice]:
    """Those of the field; one that is none of them is kept until another is chosen."""
    offered = [(name, operator_words(OPERATORS[name])) for name in operator_names(spec)] if spec else []
    if not typed.operator or typed.operator in dict(offered):
        return offered
    known = OPERATORS.get(typed.operator)
    return [(typed.operator, operator_words(known) if known else typed.operator), *offered]


def _choices(typed: TypedCondition, spec: FieldSpec | None, box: str) -> Sequence[Choice]:
    if spec is None:
        return ()
    if spec.type not in {"select", "multi_select"}:
        return _YES_OR_NO if spec.type == "checkbox" else ()
    offered = [(choice["value"], choice["label"]) for choice in spec.options.get("choices", ())]
    if box == "choice" and typed.shape == "one" and typed.values[0] and typed.values[0] not in dict(offered):
        return [(typed.values[0], typed.values[0]), *offered]
    return offered


def _in_place(detail: str, typed: TypedCondition, spec: FieldSpec | None) -> str:
    """The domain's sentence without what stands beside it anyway: field and operator."""
    if not typed.field:
        return "Choose what this condition is about."
    if spec is None:
        return f"There is no field {typed.field} any more. Choose another, or remove the condition."
    start = f"The operator {typed.operator} on {spec.label} has "
    if not detail.startswith(start):
        return detail
    if not any(value.strip() for value in typed.values):
        return f"The value is missing; wanted {detail.rpartition('; wanted ')[2]}"
    said = detail.removeprefix(start).replace(", which ", " ", 1)
    return said[:1].upper() + said[1:]
