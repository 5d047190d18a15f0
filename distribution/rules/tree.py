"""Rules as people save them: a JSON tree, checked and normalised into frozen groups and conditions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from distribution.fields.faults import Fault, cut, echo
from distribution.fields.spec import FieldSpec
from distribution.rules.operators import OPERATORS, Operator
from distribution.rules.targets import targets_of
from distribution.rules.wanted import WantedReader, WrongValueError

KINDS = ("all", "any", "none")
MAX_DEPTH = 10
MAX_CONDITIONS = 1_000
MAX_FAULTS = 100
_CONDITION_KEYS = {"field", "operator", "value"}


@dataclass(frozen=True, slots=True)
class Condition:
    """value: normalised by the field's type, None where the operator wants none; a list for lists and pairs."""

    path: str
    field: FieldSpec
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class Unusable:
    """A part of a rule that can not be used, for instance because its field is gone. It counts as a false condition."""

    path: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Group:
    path: str
    kind: str
    children: tuple["Node", ...]


Node = Group | Condition | Unusable


@dataclass(frozen=True, slots=True)
class Rule:
    """root: None matches every lead. A group without children says nothing, whatever its kind, and is left out."""

    root: Node | None


class RuleError(ValueError):
    """A rule that must not be saved; `faults` has every fault found (at most 100), with the path of each."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(" ".join(fault.detail for fault in faults))
        self.faults = faults


def parse(raw: Any, specs: Iterable[FieldSpec], *, attr: str = "rules", default_region: str | None = None) -> Rule:
    """Return the rule to save or test. Raises RuleError with every fault at once; never anything else on JSON.

    attr: the path of the rule itself, before `.all.0.operator`. default_region: as for `compile_cleaner`.
    """
    reading = _Reading(specs, default_region)
    rule = reading.rule(raw, attr)
    if reading.faults:
        raise RuleError(reading.faults[:MAX_FAULTS])
    return rule


def load(raw: Any, specs: Iterable[FieldSpec], *, attr: str = "rules", default_region: str | None = None) -> Rule:
    """Return a rule saved earlier, never raising: what fits its Entity no longer becomes `Unusable`, so that a lead is
    still decided and the decision says why."""
    return _Reading(specs, default_region).rule(raw, attr)


def conditions_of(rule: Rule) -> Iterator[Condition]:
    waiting = [rule.root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Group):
            waiting.extend(reversed(node.children))
        elif isinstance(node, Condition):
            yield node


def names_in(raw: Any) -> Iterator[tuple[str, str]]:
    """The field and the operator of every condition of a saved rule, whether it still fits its Entity or not."""
    waiting = [raw]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(reversed(node))
        elif isinstance(node, Mapping) and isinstance(node.get("field"), str):
            yield node["field"], str(node.get("operator"))
        elif isinstance(node, Mapping):
            waiting.extend(node.values())


def encrypted_keys(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the encrypted fields (address parts as `key.part`) whose blind indexes these rules ask for."""
    return frozenset(condition.field.key for rule in rules for condition in conditions_of(rule) if condition.field.is_encrypted)


class _Reading:
    """One pass over one tree, collecting faults. Goes no deeper than MAX_DEPTH, so that no nest exhausts the stack."""

    def __init__(self, specs: Iterable[FieldSpec], default_region: str | None) -> None:
        self._targets = targets_of(specs)
        self._wanted = WantedReader(default_region)
        self._conditions = 0
        self.faults: list[Fault] = []

    def rule(self, raw: Any, path: str) -> Rule:
        if isinstance(raw, Mapping) and not raw:
            return Rule(None)
        if isinstance(raw, Mapping) and _CONDITION_KEYS & raw.keys():
            return Rule(self._refuse(path, "invalid", 'A rule begins with a group; wanted {"all": [ … ]} around it.'))
        return Rule(self._node(raw, path, 1))

    def _refuse(self, path: str, code: str, detail: str) -> Unusable:
        fault = Fault(path, code, detail)
        self.faults.append(fault)
        return Unusable(path, fault)

    def _node(self, raw: Any, path: str, depth: int) -> Node | None:
        if not isinstance(raw, Mapping):
            return self._refuse(path, "invalid", f"This is {echo(raw)}; wanted a group or a condition.")
        if _CONDITION_KEYS & raw.keys():
            return self._condition(raw, path)
        if len(raw) != 1 or (kind := next(iter(raw))) not in KINDS:
            names = " and ".join(echo(name) for name in list(raw)[:3]) or "nothing"
            return self._refuse(path, "invalid", f'A group has {names}; wanted one of "all", "any" and "none".')
        return self._group(raw[kind], kind, f"{path}.{kind}", depth)

    def _group(self, raw: Any, kind: str, path: str, depth: int) -> Node | None:
        if not isinstance(raw, list):
            return self._refuse(path, "invalid", f"The group is {echo(raw)}; wanted a list of conditions and groups.")
        if depth > MAX_DEPTH:
            return self._refuse(path, "too_deep", f"Groups are nested deeper than {MAX_DEPTH}; wanted fewer levels.")
        children: list[Node] = []
        for index, item in enumerate(raw):
            if self._conditions >= MAX_CONDITIONS:
                detail = f"The rule has more than {MAX_CONDITIONS:,} conditions; wanted fewer, or in_list."
                children.append(self._refuse(path, "too_many", detail))
                break
            if len(self.faults) >= MAX_FAULTS:
                break
            node = self._node(item, f"{path}.{index}", depth + 1)
            if node is not None:
                children.append(node)
        return Group(path, kind, tuple(children)) if children else None

    def _condition(self, raw: Mapping[str, Any], path: str) -> Node:
        self._conditions += 1
        known_faults = len(self.faults)
        for name in raw.keys() - _CONDITION_KEYS:
            self._refuse(f"{path}.{cut(name)}", "unknown", f"A condition has no {echo(name)}; wanted field, operator, value.")
        field = self._field(raw.get("field"), f"{path}.field")
        operator = self._operator(raw.get("operator"), field, f"{path}.operator")
        if field and operator:
            try:
                value = self._wanted.read(raw.get("value"), field, operator)
            except WrongValueError as error:
                self._refuse(f"{path}.value", error.code, error.detail)
            else:
                if len(self.faults) == known_faults:
                    return Condition(path, field, operator, value)
        return Unusable(path, self.faults[known_faults])

    def _field(self, raw: Any, path: str) -> FieldSpec | None:
        field = self._targets.get(raw) if isinstance(raw, str) else None
        if field is None:
            code = "required" if raw is None else "unknown_field"
            self._refuse(path, code, f"The field is {echo(raw)}; wanted the key of a field of this Entity.")
        return field

    def _operator(self, raw: Any, field: FieldSpec | None, path: str) -> Operator | None:
        operator = OPERATORS.get(raw) if isinstance(raw, str) else None
        if operator is None:
            code = "required" if raw is None else "unknown_operator"
            self._refuse(path, code, f"The operator is {echo(raw)}; wanted one of {', '.join(operator_names(field))}.")
        elif field and operator.name not in operator_names(field):
            self._refuse(path, "wrong_operator", _why_not(operator, field))
            return None
        return operator


def operator_names(field: FieldSpec | None) -> list[str]:
    """Those that a condition on this field can have; of none, all."""
    return [
        operator.name
        for operator in OPERATORS.values()
        if field is None or (field.type in operator.types and (operator.is_blind or not field.is_encrypted))
    ]


def _why_not(operator: Operator, field: FieldSpec) -> str:
    allowed = ", ".join(operator_names(field))
    if field.type == "address":
        parts = f"{field.key}.postcode, {field.key}.city and the other parts"
        return f"{field.label} is an address, which {operator.name} can not compare; wanted {parts}."
    if field.type not in operator.types:
        return f"{field.label} is a {field.type} field, which {operator.name} can not compare; wanted one of {allowed}."
    return f"{field.label} is encrypted, which {operator.name} can not compare; wanted one of {allowed}."
