"""Profiles and their assignments as people manage them."""

from collections.abc import Mapping
from typing import Any

from accounts import changes
from accounts.access import Access
from accounts.faults import refuse_if_any
from distribution.caps import clean_caps
from distribution.checks import rule_faults, taken_faults
from distribution.entities import find_entity
from distribution.entity_table import specs_of
from distribution.fields import Fault
from distribution.fields.faults import echo
from distribution.models import Assignment, Entity, Partner, Profile


def add_profile(access: Access, values: Mapping[str, Any]) -> Profile:
    """values: the columns; `entity` is a slug or an id. Raises RefusedChangeError."""
    profile = Profile(account_id=access.account_id)
    for name, value in clean_profile(profile, values).items():
        setattr(profile, name, value)
    changes.create(access, profile)
    return profile


def change_profile(access: Access, profile: Profile, values: Mapping[str, Any]) -> None:
    """The Entity stays: rules, channels and leads are made for it. Raises RefusedChangeError."""
    changes.update(access, profile, clean_profile(profile, values))


def clean_profile(profile: Profile, values: Mapping[str, Any]) -> dict[str, Any]:
    """Check and normalise. Raises RefusedChangeError."""
    clean = dict(values)
    faults: list[Fault] = []
    is_new = profile._state.adding  # noqa: SLF001 - Django's documented way to ask
    entity = None if is_new else profile.entity
    if "entity" in clean:
        named = find_entity(clean.pop("entity"))
        if named is None:
            faults.append(_no_entity(values["entity"]))
        elif entity is None:
            entity = clean["entity"] = named
        elif named.id != entity.id:
            faults.append(Fault("entity", "immutable", f"entity is {echo(entity.slug)} for good; wanted a new profile for another."))
    if "name" in clean:
        faults += taken_faults(Profile, "name", clean["name"], but_for=profile.id)
    if "rules" in clean:
        clean["rules"] = clean["rules"] or {}
        faults += _rule_faults(clean["rules"], entity)
    refuse_if_any(faults)
    return clean


def _no_entity(name: str) -> Fault:
    return Fault("entity", "does_not_exist", f"There is no entity {echo(name)}; wanted the slug or id of one of your entities.")


def _rule_faults(rules: Any, entity: Entity | None) -> list[Fault]:
    return [] if entity is None else rule_faults(rules, specs_of(entity))


def add_assignment(access: Access, profile: Profile, values: Mapping[str, Any]) -> Assignment:
    """values: the columns; `partner` is an id. Raises RefusedChangeError."""
    assignment = Assignment(account_id=access.account_id, profile=profile)
    for name, value in clean_assignment(assignment, values).items():
        setattr(assignment, name, value)
    changes.create(access, assignment)
    return assignment


def change_assignment(access: Access, assignment: Assignment, values: Mapping[str, Any]) -> None:
    """The partner stays: the channel and what was delivered are theirs. Raises RefusedChangeError."""
    changes.update(access, assignment, clean_assignment(assignment, values))


def clean_assignment(assignment: Assignment, values: Mapping[str, Any]) -> dict[str, Any]:
    """Check and normalise. Raises RefusedChangeError."""
    clean = dict(values)
    faults: list[Fault] = []
    if "partner" in clean:
        partner_id = clean.pop("partner")
        partner = Partner.objects.filter(id=partner_id).first()
        if partner is None:
            faults.append(
                Fault("partner", "does_not_exist", f"There is no partner {echo(str(partner_id))}; wanted the id of one of yours.")
            )
        elif not assignment._state.adding:  # noqa: SLF001 - Django's documented way to ask
            if partner.id != assignment.partner_id:
                faults.append(Fault("partner", "immutable", "partner stays what it is; wanted a new assignment for another."))
        elif Assignment.objects.filter(profile=assignment.profile, partner=partner).exists():
            faults.append(
                Fault("partner", "unique", f"{partner.name} is in this profile already; wanted another partner, or a change of that.")
            )
        else:
            clean["partner"] = partner
    if "rules" in clean:
        clean["rules"] = clean["rules"] or {}
        faults += _rule_faults(clean["rules"], assignment.profile.entity)
    if "caps" in clean:
        clean["caps"], cap_faults = clean_caps(clean["caps"])
        faults += cap_faults
    refuse_if_any(faults)
    return clean
