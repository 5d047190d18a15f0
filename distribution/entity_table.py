"""An account's configuration as routing uses it: compiled once per configuration version."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.vault import AccountVault
from distribution.duplicates import DuplicateRule
from distribution.fields import Cleaner, FieldSpec, compile_cleaner
from distribution.models import Assignment, Entity, Profile
from distribution.routing import AssignmentSpec, ChannelState, ProfileSpec
from distribution.rules import CompiledRule, Rule, compile_rule, encrypted_keys
from distribution.rules import load as load_rule


@dataclass(frozen=True, slots=True)
class EntityTable:
    """One Entity with its enabled profiles. blind_keys: the encrypted fields that some rule asks for."""

    id: UUID
    name: str
    slug: str
    display_field: str
    specs: tuple[FieldSpec, ...]
    cleaner: Cleaner
    profiles: tuple[ProfileSpec, ...]
    blind_keys: frozenset[str]
    duplicates: DuplicateRule


def specs_of(entity: Entity) -> tuple[FieldSpec, ...]:
    return tuple(
        FieldSpec(
            key=field.key,
            label=field.label,
            type=field.type,
            is_required=field.is_required,
            default=field.default,
            options=field.options,
            is_encrypted=field.is_encrypted,
            position=field.position,
        )
        for field in entity.fields.all()
    )


def load_entity_tables(vault: AccountVault, channels: Mapping[UUID, ChannelState], *, default_region: str) -> list[EntityTable]:
    """Read the configuration of the account that is set. channels: the state of each assignment's primary channel; one that is not there has none."""
    assignments: dict[UUID, list[Assignment]] = defaultdict(list)
    for assignment in Assignment.objects.select_related("partner").order_by("id"):
        assignments[assignment.profile_id].append(assignment)
    profiles: dict[UUID, list[Profile]] = defaultdict(list)
    for profile in Profile.objects.filter(is_enabled=True).order_by("id"):
        profiles[profile.entity_id].append(profile)
    return [
        _entity_table(entity, profiles[entity.id], assignments, vault, channels, default_region)
        for entity in Entity.objects.prefetch_related("fields")
    ]


def _entity_table(
    entity: Entity,
    profiles: list[Profile],
    assignments: Mapping[UUID, list[Assignment]],
    vault: AccountVault,
    channels: Mapping[UUID, ChannelState],
    default_region: str,
) -> EntityTable:
    specs = specs_of(entity)
    rules: list[Rule] = []

    def compiled(tree: Any) -> CompiledRule:
        rules.append(load_rule(tree, specs, default_region=default_region))
        return compile_rule(rules[-1], blind=vault.blind)

    specs_of_profiles = tuple(
        ProfileSpec(
            id=profile.id,
            name=profile.name,
            strategy=profile.strategy,
            rule=compiled(profile.rules),
            max_partners=profile.max_partners,
            assignments=tuple(assignment_spec(a, compiled(a.rules), channels.get(a.id, "none")) for a in assignments.get(profile.id, [])),
        )
        for profile in profiles
    )
    return EntityTable(
        id=entity.id,
        name=entity.name,
        slug=entity.slug,
        display_field=entity.display_field,
        specs=specs,
        cleaner=compile_cleaner(specs, default_region=default_region),
        profiles=specs_of_profiles,
        blind_keys=encrypted_keys(rules),
        duplicates=DuplicateRule.of(entity.duplicates),
    )


def assignment_spec(assignment: Assignment, rule: CompiledRule, channel: ChannelState) -> AssignmentSpec:
    partner = assignment.partner
    return AssignmentSpec(
        id=assignment.id,
        partner_id=partner.id,
        partner_name=partner.name,
        priority=assignment.priority,
        rule=rule,
        is_partner_active=partner.is_active,
        is_enabled=assignment.is_enabled,
        channel=channel,
        caps=assignment.caps,
        partner_caps=partner.caps,
        time_zone=partner.time_zone,
        price=assignment.price,
        budgets=assignment.budgets,
        partner_budgets=partner.budgets,
        at_cap=assignment.at_cap,
        overflow_to=assignment.overflow_to_id,
        repeat_days=assignment.repeat_days,
        weight=assignment.weight,
    )
