"""A draft of a profile against the leads of the last days: what it would have changed. Stores nothing and holds nothing."""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.access import READ_ENCRYPTED, Access
from accounts.faults import Fault, HasFault, MissingScopeError, RefusedChangeError, refuse_if_any
from accounts.ids import first_id_of
from distribution.checks import region_of
from distribution.duplicates import DuplicateRule, digests_of
from distribution.entity_table import assignment_spec, specs_of
from distribution.fields.faults import echo
from distribution.models import Assignment, Lead, Profile
from distribution.past_leads import LeadReader, PastLead, past_leads
from distribution.profile_specs import ProfileSpec
from distribution.profiles import clean_assignment, clean_profile
from distribution.rules import CompiledRule, Rule, compile_rule, encrypted_keys, load
from distribution.simulation import Simulation

MAX_DAYS = 90
MAX_LEADS = 20_000
_MOST_SECONDS = 10.0
_MAX_IDS = 20
_MAX_LIMITS = 100


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """profile: columns of the profile's draft; assignments: each {"id"} and columns of its draft. What a draft does not name stays."""

    days: int = 7
    profile: Mapping[str, Any] = field(default_factory=dict)
    assignments: Sequence[Mapping[str, Any]] = ()


@dataclass(slots=True)
class _Moved:
    """Leads that the rules of the one side let through and those of the other do not."""

    count: int = 0
    leads: list[str] = field(default_factory=list)

    def add(self, lead: PastLead) -> None:
        self.count += 1
        if self.count <= _MAX_IDS:
            self.leads.append(str(lead.id))

    def as_json(self) -> dict[str, Any]:
        return {"count": self.count, "leads": self.leads}


def run_backtest(
    access: Access, profile: Profile, wanted: BacktestRequest, *, most_leads: int = MAX_LEADS, most_seconds: float = _MOST_SECONDS
) -> dict[str, Any]:
    """Route the newest leads of the last days in the order of their coming, once by the profile as it is and once by the draft.

    Every channel counts as ready, caps and turns begin at nothing, and other profiles take no part. is_cut: there were more leads than
    most_leads, or the time was over before the last. Raises RefusedChangeError, with the paths of the draft, and MissingScopeError.
    """
    assignments = list(Assignment.objects.filter(profile=profile).select_related("partner", "profile__entity").order_by("id"))
    draft, drafts = _drafted(profile, wanted.profile, assignments, wanted.assignments)
    compiling = _Compiling(access, profile)
    before, after = (Simulation(compiling.spec(*side)) for side in ((profile, assignments), (draft, drafts)))
    blind_keys = encrypted_keys(compiling.rules)
    if blind_keys and READ_ENCRYPTED not in access.scopes:
        # Which leads come and go would tell their values, one try after the other.
        raise MissingScopeError(
            f"The rules ask for encrypted fields ({', '.join(sorted(blind_keys))}): this needs the scope {READ_ENCRYPTED!r}."
        )
    reader = LeadReader(access.vault, compiling.specs, blind_keys=blind_keys)
    leads, is_cut = _leads_of(profile, wanted.days, most_leads)
    lost, won = _Moved(), _Moved()
    until = monotonic() + most_seconds
    count = 0
    for lead in reader.read_all(leads):
        if count and monotonic() >= until:
            is_cut = True
            break
        count += 1
        people = compiling.people(lead)
        was, is_now = (side.route(lead.view, lead.came_at, people) for side in (before, after))
        if was != is_now:
            (lost if was else won).add(lead)
    return {
        "leads": count,
        "is_cut": is_cut,
        "matched": {"before": before.matched, "after": after.matched},
        "newly_unmatched": lost.as_json(),
        "newly_matched": won.as_json(),
        "partners": [_partner(assignment, before, after) for assignment in assignments],
        "caps_hit": list(_caps_hit(after)),
    }


def _drafted(
    profile: Profile, values: Mapping[str, Any], assignments: Sequence[Assignment], drafts: Sequence[Mapping[str, Any]]
) -> tuple[Profile, list[Assignment]]:
    """Copies with the draft's columns set, checked as saving them would."""
    faults: list[HasFault] = []
    changed = copy(profile)
    try:
        _set(changed, clean_profile(changed, values, is_to_store=False))
    except RefusedChangeError as error:
        faults += error.faults
    known = {assignment.id: copy(assignment) for assignment in assignments}
    seen: set[UUID] = set()
    for place, given in enumerate(drafts):
        attr = f"assignments.{place}"
        columns = {name: value for name, value in given.items() if name != "id"}
        assignment = known.get(given["id"]) if "id" in given else None
        if assignment is None or assignment.id in seen:
            faults.append(_no_assignment(f"{attr}.id", given.get("id"), is_twice=assignment is not None))
            continue
        seen.add(assignment.id)
        try:
            _set(assignment, clean_assignment(assignment, columns, is_to_store=False))
        except RefusedChangeError as error:
            faults += [Fault(f"{attr}.{fault.attr}", fault.code, fault.detail) for fault in error.faults]
    refuse_if_any(faults)
    return changed, list(known.values())


def _set(record: Profile | Assignment, columns: Mapping[str, Any]) -> None:
    for name, value in columns.items():
        setattr(record, name, value)


def _no_assignment(attr: str, given: UUID | None, *, is_twice: bool) -> Fault:
    if given is None:
        return Fault(attr, "required", "id is missing; wanted the id of an assignment of this profile.")
    if is_twice:
        return Fault(attr, "duplicate", f"The assignment {echo(str(given))} is given twice; wanted once.")
    return Fault(attr, "does_not_exist", f"There is no assignment {echo(str(given))} in this profile; wanted the id of one.")


class _Compiling:
    """Both sides made ready for routing, with the same fields. rules: all that were compiled."""

    def __init__(self, access: Access, profile: Profile) -> None:
        entity = profile.entity
        self.specs = specs_of(entity)
        self.rules: list[Rule] = []
        self._vault = access.vault
        self._region = region_of(access.account_id)
        self._scope = str(entity.id)
        self._match_keys = DuplicateRule.of(entity.duplicates).keys
        self._is_once_per_person = False

    def spec(self, profile: Profile, assignments: Sequence[Assignment]) -> ProfileSpec:
        self._is_once_per_person |= any(assignment.repeat_days for assignment in assignments)
        return ProfileSpec(
            id=profile.id,
            name=profile.name,
            strategy=profile.strategy,
            rule=self._compiled(profile.rules),
            assignments=tuple(assignment_spec(one, self._compiled(one.rules), "ready") for one in assignments),
            max_partners=profile.max_partners,
        )

    def _compiled(self, tree: Any) -> CompiledRule:
        self.rules.append(load(tree, self.specs, default_region=self._region))
        return compile_rule(self.rules[-1], blind=self._vault.blind)

    def people(self, lead: PastLead) -> Sequence[bytes]:
        """The digests of the lead's person, where an assignment asks who had it before."""
        if not self._is_once_per_person:
            return ()
        return tuple(digests_of(self._match_keys, {**lead.plain, **lead.secret}, self._vault.blind, scope=self._scope))


def _leads_of(profile: Profile, days: int, most: int) -> tuple[QuerySet[Lead], bool]:
    """The newest, oldest first; and whether older ones of these days are left out. Ids are in the order of time: no other index is needed."""
    recent = past_leads(profile.entity_id).filter(id__gte=first_id_of(timezone.now() - timedelta(days=days)))
    first_left_out = recent.values_list("id", flat=True)[most : most + 1].first()
    if first_left_out:
        recent = recent.filter(id__gt=first_left_out)
    return recent.order_by("id"), first_left_out is not None


def _partner(assignment: Assignment, before: Simulation, after: Simulation) -> dict[str, Any]:
    return {
        "assignment": str(assignment.id),
        "partner": str(assignment.partner_id),
        "partner_name": assignment.partner.name,
        "before": before.chosen[assignment.id],
        "after": after.chosen[assignment.id],
        "capped_before": before.capped[assignment.id],
        "capped_after": after.capped[assignment.id],
    }


def _caps_hit(side: Simulation) -> Iterator[dict[str, Any]]:
    """Those that turned away the most, the earliest first."""
    most = side.turned_away.most_common(_MAX_LIMITS)
    for full, turned_away in sorted(most, key=lambda hit: (hit[0].starts_at, hit[0].partner_name, hit[0].period)):
        yield {
            "assignment": str(full.assignment_id),
            "partner_name": full.partner_name,
            "subject": full.subject,
            "measure": full.measure,
            "period": full.period,
            "limit": full.limit,
            "starts_at": full.starts_at,
            "turned_away": turned_away,
        }
