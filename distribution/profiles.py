"""Profiles and their assignments as people manage them."""

from collections.abc import Mapping
from typing import Any

from accounts import changes
from accounts.access import Access
from accounts.faults import refuse_if_any
from distribution.caps import clean_budgets, clean_caps
from distribution.checks import region_of, rule_faults, taken_faults
from distribution.duplicates import DuplicateRule
from distribution.entities import find_entity, hold_fields, no_such_entity
from distribution.entity_table import specs_of
from distribution.fields import Fault
from distribution.fields.faults import echo
from distribution.models import Assignment, AtCap, Entity, Partner, Profile


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


def clean_profile(profile: Profile, values: Mapping[str, Any], *, is_to_store: bool = True) -> dict[str, Any]:
    """Check and normalise. is_to_store: the fields that rules name stay as they are until the transaction ends. Raises RefusedChangeError."""
    clean = dict(values)
    faults: list[Fault] = []
    is_new = profile._state.adding  # noqa: SLF001 - Django's documented way to ask
    entity = None if is_new else profile.entity
    if "entity" in clean:
        named = find_entity(clean.pop("entity"))
        if named is None:
            faults.append(no_such_entity(values["entity"]))
        elif entity is None:
            entity = clean["entity"] = named
        elif named.id != entity.id:
            faults.append(Fault("entity", "immutable", f"entity is {echo(entity.slug)} for good; wanted a new profile for another."))
    if "name" in clean:
        faults += taken_faults(Profile, "name", clean["name"], but_for=profile.id)
    if "rules" in clean:
        clean["rules"] = clean["rules"] or {}
        if entity and is_to_store:
            hold_fields(entity)
        faults += _rule_faults(clean["rules"], entity)
    refuse_if_any(faults)
    return clean


def _rule_faults(rules: Any, entity: Entity | None) -> list[Fault]:
    return [] if entity is None else rule_faults(rules, specs_of(entity), default_region=region_of(entity.account_id))


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


def clean_assignment(assignment: Assignment, values: Mapping[str, Any], *, is_to_store: bool = True) -> dict[str, Any]:
    """Check and normalise. `partner` and `overflow_to` are ids. is_to_store: the fields that rules name, and the match keys, stay as they are until
    the transaction ends. Raises RefusedChangeError."""
    clean = dict(values)
    faults = [*_put_partner(clean, assignment), *_put_overflow(clean, assignment)]
    entity = assignment.profile.entity
    if is_to_store and clean.keys() & {"rules", "repeat_days"}:
        hold_fields(entity)
    if "rules" in clean:
        clean["rules"] = clean["rules"] or {}
        faults += _rule_faults(clean["rules"], entity)
    if "caps" in clean:
        clean["caps"], cap_faults = clean_caps(clean["caps"])
        faults += cap_faults
    if "budgets" in clean:
        clean["budgets"], budget_faults = clean_budgets(clean["budgets"])
        faults += budget_faults
    if clean.get("repeat_days") and not DuplicateRule.of(entity.duplicates).keys:
        faults.append(_no_match_keys(clean["repeat_days"], entity))
    refuse_if_any(faults)
    return clean


def _put_partner(clean: dict[str, Any], assignment: Assignment) -> list[Fault]:
    """Put the partner in place of its id."""
    if "partner" not in clean:
        return []
    partner_id = clean.pop("partner")
    partner = Partner.objects.filter(id=partner_id).first()
    if partner is None:
        return [Fault("partner", "does_not_exist", f"There is no partner {echo(str(partner_id))}; wanted the id of one of yours.")]
    if not assignment._state.adding:  # noqa: SLF001 - Django's documented way to ask
        if partner.id != assignment.partner_id:
            return [Fault("partner", "immutable", "partner stays what it is; wanted a new assignment for another.")]
    elif Assignment.objects.filter(profile=assignment.profile, partner=partner).exists():
        return [Fault("partner", "unique", f"{partner.name} is in this profile already; wanted another partner, or a change of that.")]
    else:
        clean["partner"] = partner
    return []


def _put_overflow(clean: dict[str, Any], assignment: Assignment) -> list[Fault]:
    """Put the assignment to which leads overflow in place of its id."""
    if not clean.keys() & {"at_cap", "overflow_to"}:
        return []
    other_id = clean.get("overflow_to", assignment.overflow_to_id)
    if other_id is None and clean.get("at_cap", assignment.at_cap) == AtCap.OVERFLOW:
        detail = "overflow_to is missing; at_cap `overflow` wants the id of another assignment of this profile."
        return [Fault("overflow_to", "required", detail)]
    if "overflow_to" not in clean or other_id is None:
        return []
    clean["overflow_to"] = Assignment.objects.filter(profile=assignment.profile, id=other_id).exclude(id=assignment.id).first()
    if clean["overflow_to"] is None:
        detail = f"There is no other assignment {echo(str(other_id))} in this profile; wanted the id of one."
        return [Fault("overflow_to", "does_not_exist", detail)]
    return []


def _no_match_keys(days: int, entity: Entity) -> Fault:
    wanted = 'first the fields by which a person is known, in the entity\'s `duplicates`, such as {"match": [["email"]]}'
    return Fault("repeat_days", "no_match_keys", f"repeat_days is {days}, but {entity.name} has no match keys; wanted {wanted}.")
