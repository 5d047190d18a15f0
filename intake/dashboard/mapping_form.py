"""Which column brings which field, and how the rows are taken in: as it is typed on the page of an import."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.dashboard.forms import DashboardForm
from accounts.faults import RefusedChangeError
from distribution.duplicates import ACTIONS
from distribution.entity_table import EntityTable
from distribution.fields import FieldSpec
from distribution.fields.spec import ADDRESS_PARTS
from intake.imports.columns import Column
from intake.imports.mapping import NOTE, STATUS

_ACTION_WORDS = {
    "off": "Do not look for duplicates",
    "skip": "Skip the row",
    "update": "Put its values into the earlier lead",
    "create_anyway": "Store it all the same",
}
_PREFIX = "column_"


@dataclass(frozen=True, slots=True)
class Line:
    """A column of the file beside the control that says where it goes. confidence: see intake.imports.guessing; empty once somebody chose."""

    column: Column
    field: forms.BoundField
    confidence: str


class MappingForm(DashboardForm):
    is_routed = forms.TypedChoiceField(
        label="What becomes of the leads",
        choices=[("yes", "Distribute them by the profiles, as every other lead"), ("no", "Only store them: nobody gets one")],
        widget=forms.RadioSelect,
        initial="yes",
        coerce=lambda word: word == "yes",
    )
    on_duplicate = forms.ChoiceField(required=False, label="When a row repeats a lead")

    def __init__(self, query: QueryDict | None, *, columns: Sequence[Column], entity: EntityTable) -> None:
        super().__init__(query)
        self._columns = columns
        rule = self.fields["on_duplicate"]
        assert isinstance(rule, forms.ChoiceField)
        rule.choices = [
            ("", f"As the Entity has it: {_ACTION_WORDS[entity.duplicates.action].lower()}"),
            *((action, _ACTION_WORDS[action]) for action in ACTIONS if entity.duplicates.keys or action == "off"),
        ]
        choices = _targets(entity.specs)
        for column in columns:
            label = f"Column {column.name} goes to"
            self.fields[f"{_PREFIX}{column.index}"] = forms.ChoiceField(
                required=False, choices=choices, label=label, initial=column.field or ""
            )

    def mapping(self) -> dict[str, str]:
        """As the API takes it. Wants a form that was found valid."""
        chosen = {str(column.index): self.cleaned_data[f"{_PREFIX}{column.index}"] for column in self._columns}
        return {column: target for column, target in chosen.items() if target}

    def options(self) -> dict[str, Any]:
        return {"is_routed": self.cleaned_data["is_routed"], "on_duplicate": self.cleaned_data["on_duplicate"] or None}

    def lines(self) -> list[Line]:
        return [
            Line(column, self[f"{_PREFIX}{column.index}"], "" if self.is_bound else column.confidence or "none") for column in self._columns
        ]

    def add_faults(self, refusal: RefusedChangeError) -> None:
        """`mapping.3` stands at that column, and what is about all of them above the form."""
        for fault in refusal.faults:
            head, _, rest = fault.attr.partition(".")
            name = f"{_PREFIX}{rest}" if head == "mapping" and rest else head
            self.add_error(name if name in self.fields else None, forms.ValidationError(fault.detail, code=fault.code))


def _targets(specs: Sequence[FieldSpec]) -> list[Any]:
    """Every field; the parts of an address as a group of their own."""
    plain = [(spec.key, _label(spec)) for spec in specs if spec.type != "address"]
    addresses = [
        (spec.label, [(spec.key, "As a whole"), *((f"{spec.key}.{part}", part.replace("_", " ").capitalize()) for part in ADDRESS_PARTS)])
        for spec in specs
        if spec.type == "address"
    ]
    return [("", "Leave out"), ("Fields", plain), *addresses, ("Beside the fields", [(STATUS, "Status"), (NOTE, "Note")])]


def _label(spec: FieldSpec) -> str:
    marks = [word for word, is_so in (("required", spec.is_required and spec.default is None), ("encrypted", spec.is_encrypted)) if is_so]
    return f"{spec.label} ({', '.join(marks)})" if marks else spec.label
