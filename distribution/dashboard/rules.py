"""The rule on a page: opened, edited step by step, counted on past leads and tried on one, before anything is saved.

The form with the rule is always posted whole, to the page that shows it. `do` says what for: `save`, `count`, `try`, `backtest`, or an act of `rule_acts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts.dashboard.pages import PageRequest
from accounts.faults import HasFault, RefusedChangeError
from distribution.dashboard.rule_acts import act_on
from distribution.dashboard.rule_form import Targets, TypedGroup, read, tree_of, typed_of
from distribution.dashboard.rule_rows import rows_of
from distribution.entity_table import specs_of
from distribution.fields import FieldSpec
from distribution.models import Entity
from distribution.rule_check import MAX_COUNTED, CheckRequest, check_rule
from distribution.rules import OPERATORS, targets_of

_HIDDEN = "•••"
_GROUP_WORDS = {"all": "All of these", "any": "Any of these", "none": "None of these"}
_PARTS = {"save": "", "": "", "test": "", "count": "matches", "try": "trial", "backtest": "backtest"}


@dataclass(frozen=True, slots=True)
class RuleEditor:
    """tree: what is typed, as the API takes it. focus: the control that the next key is for."""

    entity: Entity
    specs: Sequence[FieldSpec]
    targets: Targets
    typed: TypedGroup
    tree: dict[str, Any]
    focus: str = ""

    def context(self, faults: Sequence[HasFault] = ()) -> dict[str, Any]:
        return {"rule": rows_of(self.typed, self.targets, faults), "focus": self.focus}


@dataclass(frozen=True, slots=True)
class Tried:
    """A group or condition on one lead. result: None where it must not be told. was: what the lead has, in words."""

    words: str
    result: bool | None
    was: str = ""
    items: Sequence["Tried"] = ()
    is_hidden: bool = False


def asked(request: PageRequest) -> str:
    """What the page is to do."""
    if request.method == "POST":
        return request.POST.get("do", "save")
    if "count" in request.GET:
        return "count"
    if request.GET.get("lead") or request.GET.get("lead_id"):
        return "try"
    return "test" if "test" in request.GET else ""


def part_for(what: str) -> str:
    """The part of the page that htmx gets."""
    return _PARTS.get(what, "builder")


def open_editor(request: PageRequest, entity: Entity, stored: Any) -> RuleEditor:
    """With the rule that was posted, after the act that was asked for; else with the stored one."""
    specs = specs_of(entity)
    targets, zone = targets_of(specs), ZoneInfo(request.account.time_zone)
    if request.method != "POST":
        return RuleEditor(entity, specs, targets, typed_of(stored, targets, zone), stored)
    acted = act_on(read(request.POST.dict()), asked(request), targets)
    return RuleEditor(entity, specs, targets, acted.root, tree_of(acted.root, targets, zone), acted.focus)


def looks(request: PageRequest, editor: RuleEditor, *, within: Any = None) -> dict[str, Any]:
    """What was asked of past leads, for the context. within: the rules of the profile that a partner's are in."""
    match asked(request):
        case "count":
            return {"matches": _count(request, editor, _both(within, editor.tree))}
        case "try":
            return {"trial": _try(request, editor), "is_testing": True}
        case "test":
            return {"is_testing": True}
        case _:
            return {}


def _both(outer: Any, inner: Any) -> Any:
    return {"all": [outer, inner]} if outer and inner else outer or inner


def _count(request: PageRequest, editor: RuleEditor, tree: Any) -> Mapping[str, Any]:
    """{"matched", "of"}, both None where they must not be told; {"is_unfinished"} of a rule that could not be saved."""
    try:
        return check_rule(request.access, CheckRequest(str(editor.entity.id), tree, count_last=MAX_COUNTED))
    except RefusedChangeError:
        return {"is_unfinished": True}


def _try(request: PageRequest, editor: RuleEditor) -> Mapping[str, Any]:
    """{"is_match", "reason", "tried"}, or {"faults"}, sentences."""
    sent = request.POST if request.method == "POST" else request.GET
    typed = sent.get("lead_id", "").strip() or sent.get("lead", "").strip()
    try:
        lead_id = UUID(typed)
    except ValueError:
        return {"faults": ["This is not the id of a lead."]}
    try:
        outcome = check_rule(request.access, CheckRequest(str(editor.entity.id), editor.tree, lead_id=lead_id))
    except RefusedChangeError as refusal:
        is_lead = any(fault.attr == "lead_id" for fault in refusal.faults)
        return {
            "faults": [
                "There is no lead of this id, or it is of another Entity."
                if is_lead
                else "Finish the rule first: a condition is not complete."
            ]
        }
    return {"is_match": outcome["is_match"], "reason": outcome["reason"], "tried": _tried(outcome["conditions"])}


def _tried(node: Mapping[str, Any]) -> Tried:
    if "group" in node:
        return Tried(_GROUP_WORDS[node["group"]], node["result"], items=[_tried(item) for item in node["items"]])
    if node["operator"] is None:
        return Tried(node["words"], node["result"])
    wanted = _HIDDEN if node["is_hidden"] else _spoken(node["wanted"])
    words = f"{node['label']} {OPERATORS[node['operator']].words.replace('{}', wanted)}"
    was = _HIDDEN if node["is_hidden"] else "missing" if node["actual"] is None else _spoken(node["actual"])
    return Tried(words, node["result"], was, is_hidden=node["is_hidden"])


def _spoken(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
