"""Distribution > Profile > Partners: who gets its leads, in which order, with what rules, limits and price of their own."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.http import HttpResponse, HttpResponseRedirect
from django.utils import timezone

from accounts import changes
from accounts.dashboard.pages import Page, PageRequest, act, page, page_url, refused, saved
from accounts.dashboard.records import record_or_404
from accounts.faults import HasFault, RefusedChangeError
from distribution.checks import region_of
from distribution.dashboard.backtest import DaysForm, run_drafted
from distribution.dashboard.channel_marks import channel_marks
from distribution.dashboard.lead_choices import recent_leads
from distribution.dashboard.limit_rows import limit_shown
from distribution.dashboard.profile_forms import PRIORITY, AssignmentForm
from distribution.dashboard.profiles import faults_of_rule, find_profile, profile_head, split_faults
from distribution.dashboard.rules import RuleEditor, asked, looks, open_editor, part_for
from distribution.entity_table import specs_of
from distribution.limits import states_of_assignments
from distribution.models import Assignment, Partner, Profile
from distribution.priorities import PRIORITY_STEP, order_assignments
from distribution.profiles import add_assignment, change_assignment
from distribution.rules import load, rule_words

_MOST_OFFERED = 1_000


@page("read", to_change="write")
def profile_partners(request: PageRequest, profile_id: str) -> Page | HttpResponse:
    """A POST changes the order: `do` is `up:<id>`, `down:<id>`, `order` (`order` being ids with commas) or `priorities` (`priority.<id>`)."""
    found = find_profile(profile_id)
    rows = list(Assignment.objects.filter(profile=found).select_related("partner"))
    if request.method != "POST":
        context = {**profile_head(found, "partners"), "lines": _lines(request, found, rows)}
        return Page("distribution/profile_partners.html", context)
    if asked(request) == "priorities":
        return _set_priorities(request, found, rows)
    order_assignments(request.access, found, _order(request, rows))
    return saved(request, "The order is saved.", "profile_partners", found.id)


def _lines(request: PageRequest, found: Profile, rows: Sequence[Assignment]) -> list[dict[str, Any]]:
    for assignment in rows:
        assignment.profile = found
    marks, limits = channel_marks([one.id for one in rows]), states_of_assignments(rows, timezone.now())
    specs, region = specs_of(found.entity), region_of(request.access.account_id)
    return [
        {
            "assignment": one,
            "rule": rule_words(load(one.rules, specs, default_region=region)),
            "limits": [limit_shown(state) for state in limits[one.id]],
            "mark": marks.get(one.id),
        }
        for one in rows
    ]


def _order(request: PageRequest, rows: Sequence[Assignment]) -> list[UUID]:
    """The ids as they are to stand."""
    ids = [one.id for one in rows]
    verb, _, name = asked(request).partition(":")
    if verb == "order":
        known = {str(one): one for one in ids}
        return [known[name] for name in request.POST.get("order", "").split(",") if name in known]
    at = next((place for place, one in enumerate(ids) if str(one) == name), None)
    to = None if at is None else at + {"up": -1, "down": 1}.get(verb, 0)
    if at is not None and to is not None and 0 <= to < len(ids):
        ids[at], ids[to] = ids[to], ids[at]
    return ids


def _set_priorities(request: PageRequest, found: Profile, rows: Sequence[Assignment]) -> HttpResponse:
    wanted: dict[UUID, int] = {}
    for assignment in rows:
        try:
            wanted[assignment.id] = PRIORITY.clean(request.POST.get(f"priority.{assignment.id}", str(assignment.priority)))
        except ValidationError:
            said = f"The priority of {assignment.partner.name} is not a whole number, so none was changed."
            return refused(request, said, "profile_partners", found.id)
    for assignment in rows:
        if assignment.priority != wanted[assignment.id]:
            assignment.profile = found
            change_assignment(request.access, assignment, {"priority": wanted[assignment.id]})
    return saved(request, "The priorities are saved.", "profile_partners", found.id)


@page("write")
def new_assignment(request: PageRequest, profile_id: str) -> Page | HttpResponse:
    found = find_profile(profile_id)
    present = list(Assignment.objects.filter(profile=found).select_related("partner"))
    partners = list(Partner.objects.exclude(id__in=[one.partner_id for one in present]).order_by("name")[:_MOST_OFFERED])
    lowest = min((one.priority for one in present), default=PRIORITY_STEP * 2)
    start = {
        "priority": lowest - PRIORITY_STEP,
        "weight": 1,
        "at_cap": "skip",
        "is_enabled": True,
        "partner": request.GET.get("partner", ""),
    }
    form = AssignmentForm(request.POST or None, initial=start, others=present, partners=partners)
    if request.method == "POST" and partners and form.is_valid():
        try:
            made = add_assignment(request.access, found, form.values())
        except RefusedChangeError as refusal:
            form.add_faults(refusal)
        else:
            return saved(request, f"{made.partner.name} is in. Now how it gets its leads.", "channel", found.id, made.id)
    context = {**profile_head(found, "partners"), "form": form, "has_partners": bool(partners), "heading": "Add a partner"}
    return Page("distribution/new_assignment.html", context, status=400 if form.errors else 200)


@page("read", to_change="write")
def assignment(request: PageRequest, profile_id: str, assignment_id: str) -> Page | HttpResponse:
    """A partner in a profile. `?lead=` tries the saved rules on a lead, `?count` counts; a POST does what `rules` says, or back-tests."""
    found = _find(profile_id, assignment_id, is_to_change=request.method == "POST" and asked(request) == "save")
    editor = open_editor(request, found.profile.entity, found.rules)
    others = list(Assignment.objects.filter(profile=found.profile).exclude(id=found.id).select_related("partner"))
    if request.method != "POST":
        form = AssignmentForm(initial=AssignmentForm.initial_of(found), others=others)
        return _assignment_page(request, found, editor, form)
    match asked(request):
        case "save":
            return _save(request, found, editor, AssignmentForm(request.POST, others=others))
        case "backtest":
            return _backtest(request, found, editor, AssignmentForm(request.POST, others=others))
        case _:
            return _assignment_page(request, found, editor, AssignmentForm(initial=request.POST.dict(), others=others))


@page("read")
def assignment_by_id(request: PageRequest, assignment_id: str) -> HttpResponse:
    """Where an assignment is found: in its profile."""
    found = record_or_404(Assignment.objects.all(), assignment_id)
    return HttpResponseRedirect(page_url(request, "assignment", found.profile_id, found.id))


def _save(request: PageRequest, found: Assignment, editor: RuleEditor, form: AssignmentForm) -> Page | HttpResponse:
    if not form.is_valid():
        return _assignment_page(request, found, editor, form, faults=faults_of_rule(editor), status=400)
    try:
        change_assignment(request.access, found, {**form.values(), "rules": editor.tree})
    except RefusedChangeError as refusal:
        of_rule, others = split_faults(refusal)
        form.add_faults(others)
        return _assignment_page(request, found, editor, form, faults=of_rule, status=400)
    return saved(request, "Saved. It holds from the next lead on.", "assignment", found.profile_id, found.id)


def _backtest(request: PageRequest, found: Assignment, editor: RuleEditor, form: AssignmentForm) -> Page:
    """The draft is what is typed, of this one partner."""
    if not form.is_valid():
        return _assignment_page(request, found, editor, form, faults=faults_of_rule(editor), more={"backtest": {"is_unfinished": True}})
    draft = {"id": found.id, **form.values(), "rules": editor.tree}
    result = run_drafted(request, found.profile, assignments=[draft])
    return _assignment_page(request, found, editor, form, faults=result.get("faults", ()), more={"backtest": result})


def _assignment_page(
    request: PageRequest,
    found: Assignment,
    editor: RuleEditor,
    form: AssignmentForm,
    *,
    faults: Sequence[HasFault] = (),
    status: int = 200,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> Page:
    context = {**editor.context(faults), **looks(request, editor, within=found.profile.rules), **more}
    context |= {"assignment": found, "profile": found.profile, "faults": faults}
    part = part_for(asked(request))
    if not (part and request.htmx):
        states = states_of_assignments([found], timezone.now())[found.id]
        context |= {
            "heading": found.partner.name, "partner": found.partner, "form": form, "leads": recent_leads(editor.entity, editor.specs),
            "limits": [limit_shown(state) for state in states], "mark": channel_marks([found.id]).get(found.id), "days_form": DaysForm(),
        }  # fmt: skip
    return Page("distribution/assignment.html", context, part=part, status=status)


@act()
def delete_assignment(request: PageRequest, profile_id: str, assignment_id: str) -> HttpResponse:
    found = _find(profile_id, assignment_id, is_to_change=True)
    name = found.partner.name
    try:
        changes.delete(request.access, found)
    except ProtectedError:
        said = f"{name} was sent leads of this profile, so it stays for the log. Switch it off here instead."
        return refused(request, said, "assignment", found.profile_id, assignment_id)
    return saved(request, f"{name} is no longer in {found.profile.name}.", "profile_partners", found.profile_id)


def _find(profile_id: str, assignment_id: str, *, is_to_change: bool = False) -> Assignment:
    profile = find_profile(profile_id)
    rows = Assignment.objects.filter(profile=profile).select_related("partner")
    found = record_or_404(rows.select_for_update(of=("self",)) if is_to_change else rows, assignment_id)
    found.profile = profile
    return found
