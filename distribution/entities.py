"""Entities and their fields as people manage them."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.text import slugify

from accounts import changes
from accounts.access import Access
from accounts.faults import RefusedChangeError, refuse_if_any
from accounts.models import Account, Job
from distribution.checks import taken_faults
from distribution.duplicates import DuplicateRule, clean_duplicates
from distribution.entity_table import specs_of
from distribution.field_uses import find_broken
from distribution.fields import Fault, FieldSpec, clean_field_specs
from distribution.fields.faults import echo
from distribution.matching import start_matching
from distribution.models import Assignment, Entity, Field
from distribution.resealing import start_resealing, switched_keys

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class EntityChange:
    """warnings: what stops working. resealing: the job that moves the values stored before, where a field was switched to encrypted or back."""

    warnings: list[str]
    resealing: Job | None


def find_entity(name: str, *, is_to_change: bool = False) -> Entity | None:
    """By slug or by id. is_to_change: nobody else changes it until the transaction ends."""
    rows = Entity.objects.select_for_update() if is_to_change else Entity.objects.all()
    return (rows.filter(id=name) if _is_id(name) else rows.filter(slug=name)).first()


def find_named_entity(name: str, *, attr: str = "entity") -> Entity:
    """As somebody named it in a body or a filter. Raises RefusedChangeError when there is none."""
    entity = find_entity(name)
    if entity is None:
        raise RefusedChangeError([no_such_entity(name, attr=attr)])
    return entity


def no_such_entity(name: str, *, attr: str = "entity") -> Fault:
    return Fault(attr, "does_not_exist", f"There is no entity {echo(name)}; wanted the slug or id of one of your entities.")


def add_entity(access: Access, values: Mapping[str, Any]) -> Entity:
    """values: name, slug (made from the name where it is empty), display_field, fields (as the API describes them). Raises RefusedChangeError."""
    entity = Entity(account_id=access.account_id)
    wanted = {**values, "slug": values.get("slug") or slugify(values["name"]).replace("-", "_")[:63]}
    columns, specs = _clean(entity, wanted, old=())
    for name, value in columns.items():
        setattr(entity, name, value)
    changes.create(access, entity)
    _write_fields(access, entity, specs or [], switched=())
    return entity


def change_entity(access: Access, entity: Entity, values: Mapping[str, Any], *, is_forced: bool = False) -> EntityChange:
    """`fields`, where given, replaces the list: a field is known again by its key, and keeps its id. Raises RefusedChangeError.

    A change of fields that takes them from under a rule or a channel is refused, unless is_forced; and so is taking away the match keys by which
    assignments know whom they had before.
    """
    wanted = {name: value for name, value in values.items() if name != "slug" or value}
    old = specs_of(entity)
    columns, specs = _clean(entity, wanted, old=old)
    broken = [] if specs is None else find_broken(entity, columns, old, specs)
    idle = _idle_repeat_days(entity, columns)
    if not is_forced:
        refuse_if_any([*(field.fault() for field in broken), *_match_keys_in_use(idle)])
    if specs is not None and columns.get("display_field", entity.display_field) not in {spec.key for spec in specs}:
        columns["display_field"] = ""
    old_keys = DuplicateRule.of(entity.duplicates).keys
    changes.update(access, entity, columns)
    switched = [] if specs is None else switched_keys(old, specs)
    if specs is not None:
        _write_fields(access, entity, specs, switched=switched)
    if DuplicateRule.of(entity.duplicates).keys != old_keys:
        start_matching(access, entity)
    return EntityChange(
        warnings=[
            *(warning for field in broken for warning in field.warnings()),
            *(f"There are no match keys any more: repeat_days of {name} has no effect." for name in idle),
        ],
        resealing=start_resealing(access, entity, switched) if switched else None,
    )


def _idle_repeat_days(entity: Entity, columns: Mapping[str, Any]) -> list[str]:
    """Assignments, in words, whose repeat_days would ask for nobody's earlier lead any more."""
    if "duplicates" not in columns or DuplicateRule.of(columns["duplicates"]).keys:
        return []
    asking = Assignment.objects.filter(profile__entity_id=entity.id, repeat_days__isnull=False).select_related("partner", "profile")
    return [f"{assignment.partner.name} in {assignment.profile.name}" for assignment in asking.order_by("id")]


def _match_keys_in_use(idle: Sequence[str]) -> list[Fault]:
    if not idle:
        return []
    users = ", ".join(idle)
    detail = f"The match keys are used by repeat_days of {users}. Set it to null there first, or send force=1."
    return [Fault("duplicates.match", "in_use", detail)]


def hold_fields(entity: Entity) -> None:
    """Nobody changes the Entity until the transaction ends, and it is read anew. Raises RefusedChangeError when it is gone."""
    try:
        entity.refresh_from_db(from_queryset=Entity.objects.select_for_update(no_key=True))
    except Entity.DoesNotExist as error:
        raise RefusedChangeError([no_such_entity(entity.slug)]) from error


def _clean(entity: Entity, values: Mapping[str, Any], *, old: Sequence[FieldSpec]) -> tuple[dict[str, Any], list[FieldSpec] | None]:
    columns = {name: value for name, value in values.items() if name != "fields"}
    faults: list[Fault] = []
    specs: list[FieldSpec] | None = None
    if "slug" in columns:
        faults += _slug_faults(columns["slug"], entity)
    if "fields" in values:
        region = Account.objects.values_list("default_region", flat=True).get(id=entity.account_id)
        specs, field_faults = clean_field_specs(values["fields"], default_region=region)
        faults += field_faults
    present = old if specs is None else specs
    if "duplicates" in columns:
        columns["duplicates"], duplicate_faults = clean_duplicates(columns["duplicates"], present)
        faults += duplicate_faults
    keys = {spec.key for spec in present}
    display_field = columns.get("display_field")
    if not faults and display_field and display_field not in keys:
        faults.append(
            Fault("display_field", "unknown_field", f"display_field is {echo(display_field)}; wanted the key of one of the fields.")
        )
    refuse_if_any(faults)
    return columns, specs


def _slug_faults(slug: str, entity: Entity) -> list[Fault]:
    if not _SLUG.fullmatch(slug) or _is_id(slug):
        wanted = "1 to 63 small letters, digits, _ and -, beginning with a letter or digit"
        return [Fault("slug", "invalid", f"slug is {echo(slug)}; wanted {wanted}.")]
    return taken_faults(Entity, "slug", slug, but_for=entity.id)


def _write_fields(access: Access, entity: Entity, specs: Sequence[FieldSpec], *, switched: Collection[str]) -> None:
    """switched: keys of fields that were made encrypted or plain while there may be leads."""
    known = {field.key: field for field in Field.objects.filter(entity=entity)}
    for spec in specs:
        values: dict[str, Any] = {
            "label": spec.label,
            "type": spec.type,
            "is_required": spec.is_required,
            "is_encrypted": spec.is_encrypted,
            "default": spec.default,
            "options": dict(spec.options),
            "position": spec.position,
        }
        if spec.key in switched:
            values["encrypted_at"] = timezone.now() if spec.is_encrypted else None
        field = known.pop(spec.key, None)
        if field is None:
            changes.create(access, Field(account_id=access.account_id, entity=entity, key=spec.key, **values))
        elif any(getattr(field, name) != value for name, value in values.items()):
            changes.update(access, field, values)
    for field in known.values():
        changes.delete(access, field)


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
