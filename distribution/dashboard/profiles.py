"""Distribution > Profile: which leads, by what strategy. Its partners are in `assignments`."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, ProtectedError, Q
from django.http import HttpResponse

from accounts import changes
from accounts.dashboard.pages import Page, PageRequest, act, page, refused, saved
from accounts.dashboard.paging import newest_first
from accounts.dashboard.records import record_or_404
from accounts.faults import HasFault, RefusedChangeError
from accounts.models import AuditEvent
from distribution.checks import region_of, rule_faults
from distribution.dashboard.channel_marks import channel_marks
from distribution.dashboard.lead_choices import recent_leads
from distribution.dashboard.profile_forms import STRATEGY_WORDS, NewProfileForm, ProfileForm
from distribution.dashboard.rules import RuleEditor, asked, looks, open_editor, part_for
from distribution.entity_table import specs_of
from distribution.models import Assignment, Entity, Profile
from distribution.profiles import add_profile, change_profile
from distribution.rules import names_in, targets_of

_MOST_NAMED = 3


@page("read")
def profiles(request: PageRequest) -> Page:
    rows = Profile.objects.select_related("entity").prefetch_related("entity__fields").annotate(partners=Count("assignments"))
    if wanted := request.GET.get("q", "").strip():
        rows = rows.filter(name__icontains=wanted)
    shown = newest_first(rows, request.GET)
    lines = [{"profile": one, "asks": _asks_for(one), "strategy": STRATEGY_WORDS[one.strategy][0]} for one in shown.rows]
    context = {"heading": "Distribution", "slice": shown, "lines": lines, "q": wanted}
    return Page("distribution/profiles.html", context, part="list")


def _asks_for(profile: Profile) -> str:
    """The fields that its rules name, such as "ZIP, Budget and 2 more"."""
    targets = targets_of(specs_of(profile.entity))
    labels = list(dict.fromkeys(targets[name].label if name in targets else name for name, _ in names_in(profile.rules)))
    more = len(labels) - _MOST_NAMED
    return ", ".join(labels[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


@page("write")
def new_profile(request: PageRequest) -> Page | HttpResponse:
    entities = list(Entity.objects.order_by("name")[:500])
    form = NewProfileForm(request.POST or None, entities=entities)
    if request.method == "POST" and form.is_valid():
        try:
            made = add_profile(request.access, form.values())
        except RefusedChangeError as refusal:
            form.add_faults(refusal)
        else:
            return saved(request, f"{made.name} is there, switched off. Add its rules and partners, then switch it on.", "profile", made.id)
    context = {"heading": "New profile", "form": form, "entities": entities}
    return Page("distribution/new_profile.html", context, status=400 if form.errors else 200)


@page("read", to_change="write")
def profile(request: PageRequest, profile_id: str) -> Page | HttpResponse:
    """Its rules and settings. `?lead=` tries the saved rules on a lead, `?count` counts; a POST does what `rules` says."""
    found = find_profile(profile_id, is_to_change=request.method == "POST" and asked(request) == "save")
    editor = open_editor(request, found.entity, found.rules)
    if request.method != "POST":
        return _profile_page(request, found, editor, ProfileForm(initial=ProfileForm.initial_of(found)))
    if asked(request) != "save":
        return _profile_page(request, found, editor, ProfileForm(initial=request.POST.dict()))
    return _save(request, found, editor)


def _save(request: PageRequest, found: Profile, editor: RuleEditor) -> Page | HttpResponse:
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _profile_page(request, found, editor, form, faults=faults_of_rule(editor), status=400)
    try:
        change_profile(request.access, found, {**form.values(), "rules": editor.tree})
    except RefusedChangeError as refusal:
        of_rule, others = split_faults(refusal)
        form.add_faults(others)
        return _profile_page(request, found, editor, form, faults=of_rule, status=400)
    return saved(request, "Saved. It holds from the next lead on.", "profile", found.id)


def faults_of_rule(editor: RuleEditor) -> Sequence[HasFault]:
    """What saving would say of the rule, where the other fields are not even good enough to ask it."""
    return rule_faults(editor.tree, editor.specs, default_region=region_of(editor.entity.account_id))


def split_faults(refusal: RefusedChangeError) -> tuple[list[HasFault], RefusedChangeError]:
    """Those of the rule, and the others."""
    of_rule = [fault for fault in refusal.faults if fault.attr.partition(".")[0] == "rules"]
    return of_rule, RefusedChangeError([fault for fault in refusal.faults if fault not in of_rule])


def _profile_page(
    request: PageRequest, found: Profile, editor: RuleEditor, form: ProfileForm, *, faults: Sequence[HasFault] = (), status: int = 200
) -> Page:
    context = {**editor.context(faults), **looks(request, editor), "profile": found, "faults": faults}
    part = part_for(asked(request))
    if not (part and request.htmx):
        context |= {**profile_head(found, "rules"), "form": form, "leads": recent_leads(editor.entity, editor.specs), "note": _note(found)}
    return Page("distribution/profile.html", context, part=part, status=status)


def profile_head(found: Profile, tab: str) -> dict[str, Any]:
    """What every page of a profile has on top."""
    partners = Assignment.objects.filter(profile=found).count()
    return {"heading": found.name, "profile": found, "tab": tab, "partners": partners, "strategy": STRATEGY_WORDS[found.strategy][0]}


def _note(found: Profile) -> str:
    """Why an enabled profile sends nothing."""
    if not found.is_enabled:
        return ""
    ids = list(Assignment.objects.filter(profile=found, is_enabled=True, partner__is_active=True).values_list("id", flat=True))
    if not ids:
        return "It is on, but no active partner is in it: no lead goes anywhere."
    return "" if channel_marks(ids) else "It is on, but none of its partners has a Delivery Channel yet: no lead goes anywhere."


@page("read")
def profile_history(request: PageRequest, profile_id: str) -> Page:
    """Every change of the profile and of the partners in it, also of those that left."""
    found = find_profile(profile_id)
    events = AuditEvent.objects.filter(object_type="assignment", changes__profile__contains=str(found.id)).values("object_id")
    rows = AuditEvent.objects.filter(Q(object_id=found.id) | Q(object_id__in=events))
    context = {**profile_head(found, "history"), "slice": newest_first(rows, request.GET)}
    return Page("distribution/profile_history.html", context)


@act()
def delete_profile(request: PageRequest, profile_id: str) -> HttpResponse:
    found = find_profile(profile_id, is_to_change=True)
    try:
        changes.delete(request.access, found)
    except ProtectedError:
        return refused(request, f"{found.name} delivered leads, so it stays for the log. Switch it off instead.", "profile", found.id)
    return saved(request, f"{found.name} is deleted.", "profiles")


def find_profile(profile_id: str, *, is_to_change: bool = False) -> Profile:
    """is_to_change: two changes come one after the other."""
    rows = Profile.objects.select_related("entity").prefetch_related("entity__fields")
    return record_or_404(rows.select_for_update(of=("self",)) if is_to_change else rows, profile_id)
