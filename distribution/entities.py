"""Entities and their fields as people manage them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.text import slugify

from accounts import changes
from accounts.access import Access
from accounts.faults import refuse_if_any
from accounts.models import Account
from distribution.checks import taken_faults
from distribution.entity_table import specs_of
from distribution.fields import Fault, FieldSpec, clean_field_specs
from distribution.fields.faults import echo
from distribution.models import Entity, Field

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)


def find_entity(name: str, *, is_to_change: bool = False) -> Entity | None:
    """By slug or by id. is_to_change: nobody else changes it until the transaction ends."""
    rows = Entity.objects.select_for_update() if is_to_change else Entity.objects.all()
    return (rows.filter(id=name) if _is_id(name) else rows.filter(slug=name)).first()


def add_entity(access: Access, values: Mapping[str, Any]) -> Entity:
    """values: name, slug (made from the name where it is empty), display_field, fields (as the API describes them). Raises RefusedChangeError."""
    entity = Entity(account_id=access.account_id)
    wanted = {**values, "slug": values.get("slug") or slugify(values["name"]).replace("-", "_")[:63]}
    columns, specs = _clean(entity, wanted, old=())
    for name, value in columns.items():
        setattr(entity, name, value)
    changes.create(access, entity)
    _write_fields(access, entity, specs or [])
    return entity


def change_entity(access: Access, entity: Entity, values: Mapping[str, Any]) -> None:
    """`fields`, where given, replaces the list: a field is known again by its key, and keeps its id. Raises RefusedChangeError."""
    wanted = {name: value for name, value in values.items() if name != "slug" or value}
    columns, specs = _clean(entity, wanted, old=specs_of(entity))
    changes.update(access, entity, columns)
    if specs is not None:
        _write_fields(access, entity, specs)


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
    keys = {spec.key for spec in (old if specs is None else specs)}
    display_field = columns.get("display_field", entity.display_field)
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


def _write_fields(access: Access, entity: Entity, specs: Sequence[FieldSpec]) -> None:
    known = {field.key: field for field in Field.objects.filter(entity=entity)}
    for spec in specs:
        values = {
            "label": spec.label,
            "type": spec.type,
            "is_required": spec.is_required,
            "is_encrypted": spec.is_encrypted,
            "default": spec.default,
            "options": dict(spec.options),
            "position": spec.position,
        }
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
