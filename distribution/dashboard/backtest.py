"""Distribution > Profile > Back-test: what a draft would have changed for the leads of the last days."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django import forms

from accounts.dashboard.forms import DashboardForm
from accounts.dashboard.pages import Page, PageRequest, page
from accounts.faults import MissingScopeError, RefusedChangeError
from distribution.backtest import MAX_DAYS, BacktestRequest, run_backtest
from distribution.dashboard.lead_choices import recent_leads
from distribution.dashboard.profile_forms import ProfileForm
from distribution.dashboard.profiles import faults_of_rule, find_profile, profile_head, split_faults
from distribution.dashboard.rules import asked, looks, open_editor, part_for
from distribution.models import Profile

_DAYS = 7
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class DaysForm(DashboardForm):
    days = forms.IntegerField(min_value=1, max_value=MAX_DAYS, initial=_DAYS, label="Days back", help_text=f"1 to {MAX_DAYS}.")


@page("read", to_change="write")
def profile_backtest(request: PageRequest, profile_id: str) -> Page:
    """The draft is what is posted, from here or from the profile's own page; at first the profile as it is saved."""
    found = find_profile(profile_id)
    editor = open_editor(request, found.entity, found.rules)
    is_posted, is_run = request.method == "POST", asked(request) == "backtest"
    draft = request.POST.dict() if is_posted else ProfileForm.initial_of(found)
    form = ProfileForm(request.POST) if is_run else ProfileForm(initial=draft)
    context: dict[str, Any] = {**looks(request, editor), "profile": found, "draft": draft}
    faults: Sequence[Any] = ()
    if is_run and not form.is_valid():
        faults, context["backtest"] = faults_of_rule(editor), {"is_unfinished": True}
    elif is_run:
        columns = {name: value for name, value in form.values().items() if name in {"strategy", "max_partners"}}
        context["backtest"] = run_drafted(request, found, columns={**columns, "rules": editor.tree})
        faults = context["backtest"].get("faults", ())
    days_form = DaysForm(request.POST if is_run and "days" in request.POST else None)
    context |= {**editor.context(faults), "faults": faults, "form": form, "days_form": days_form}
    part = part_for(asked(request))
    if not (part and request.htmx):
        context |= {**profile_head(found, "backtest"), "leads": recent_leads(editor.entity, editor.specs)}
    return Page("distribution/profile_backtest.html", context, part=part, status=400 if faults else 200)


def run_drafted(
    request: PageRequest, found: Profile, *, columns: Mapping[str, Any] = _NOTHING, assignments: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """What `run_backtest` tells, and "days"; {"is_unfinished", "faults"} of a draft that could not be saved; {"missing"}, words, where one must not
    be told."""
    form = DaysForm({"days": request.POST.get("days", _DAYS)})
    if not form.is_valid():
        return {"is_unfinished": True}
    days = form.cleaned_data["days"]
    try:
        return {**run_backtest(request.access, found, BacktestRequest(days, columns, assignments)), "days": days}
    except RefusedChangeError as refusal:
        return {"is_unfinished": True, "faults": split_faults(refusal)[0]}
    except MissingScopeError as error:
        return {"missing": str(error)}
