"""The form of a channel as its page draws it: controls, rows and faults, of what is stored or of what was typed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from accounts.faults import HasFault
from delivery.channels.base import FieldInfo
from delivery.channels.webhook.auth import SETTINGS
from delivery.dashboard.channel_controls import CONTROLS, ChannelControls
from delivery.dashboard.channel_faults import ShownFault, shown_faults
from delivery.dashboard.channel_form import AUTH, Typed, read_form
from delivery.dashboard.channel_rows import AnswerRow, Errors, FieldRow, HeaderRow, answer_rows, field_rows, header_rows
from delivery.dashboard.channel_timeline import Timeline, timeline_of
from delivery.payload import chosen_fields, clean_selection
from delivery.templating import short_names
from distribution.fields import FieldSpec

_DOTS = "••••••"
# What every template may name besides the fields, in words.
_ALWAYS = {
    "lead_name": "Name of the lead",
    "lead.id": "Lead ID",
    "created_at": "When the lead came",
    "profile": "Profile",
    "partner": "Partner",
    "entity": "Entity",
    "lead_count": "Leads in this mail",
    "delivery_id": "Delivery ID",
    "test": "Whether it is a test",
}


@dataclass(frozen=True, slots=True)
class TemplateName:
    """What may stand between {{ and }}."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Editor:
    """kind: `webhook` or `email`. is_new: there is no channel of this kind yet. names: what templates may name."""

    kind: str
    is_new: bool
    controls: ChannelControls
    fields: Sequence[FieldRow]
    headers: Sequence[HeaderRow]
    answers: Sequence[AnswerRow]
    list_errors: Mapping[str, Sequence[str]]
    timeline: Timeline | None
    names: Sequence[TemplateName]


def make_editor(
    typed: QueryDict, kind: str, *, specs: Sequence[FieldSpec], stored: Mapping[str, Any] | None, faults: Iterable[HasFault] = ()
) -> Editor:
    """stored: the config of the channel that is changed, for what it keeps; None for a new one. faults: of a save that was refused."""
    read = read_form(typed, kind)
    controls = CONTROLS[kind](typed)
    errors = _place(controls, shown_faults(typed, read, faults))
    _mark_kept(controls, stored or {})
    kept = frozenset(header["name"].lower() for header in (stored or {}).get("headers", []) if header["secret"])
    return Editor(
        kind=kind,
        is_new=stored is None,
        controls=controls,
        fields=field_rows(typed, specs, errors),
        headers=header_rows(typed, kept, errors),
        answers=answer_rows(typed, errors),
        list_errors={name: errors.get(name, ()) for name in ("headers", "answers")},
        timeline=timeline_of(read.raw["config"]["retry"]),
        names=template_names(read, specs),
    )


def template_names(read: Typed, specs: Sequence[FieldSpec]) -> list[TemplateName]:
    """By the selection as it is typed; while that has a fault, by all fields."""
    selection, faults = clean_selection(read.raw["fields"], specs)
    fields: Sequence[FieldInfo] = chosen_fields({"mode": "all", "include_encrypted": True} if faults else selection, specs)
    short = set(short_names(info.key for info in fields))
    own = [TemplateName(info.key if info.key in short else f"lead.{info.key}", info.label) for info in fields]
    known = {name.name for name in own}
    return [*own, *(TemplateName(name, label) for name, label in _ALWAYS.items() if name not in known)]


def _place(controls: ChannelControls, faults: Iterable[ShownFault]) -> Errors:
    """Each at its control, or by the name of its row's control in what is returned, or above the form."""
    errors: dict[str, list[str]] = defaultdict(list)
    for fault in faults:
        if fault.control in controls.fields:
            controls.add_error(fault.control, fault.detail)
        elif fault.control.startswith(("headers", "answers", "as-")):
            errors[fault.control].append(fault.detail)
        else:
            controls.add_error(None, fault.detail)
    return errors


def _mark_kept(controls: ChannelControls, stored: Mapping[str, Any]) -> None:
    """A secret that is stored is dots in the control that could replace it."""
    auth = stored.get("auth", {})
    if auth.get("is_set"):
        control = AUTH[auth["kind"]][SETTINGS[auth["kind"]][-1]]
        controls.fields[control].widget.attrs["placeholder"] = _DOTS
        controls.fields[control].help_text = "Stored. Leave it empty to keep it."
