"""Every change of configuration leaves an AuditEvent, and moves the account's configuration version on."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from accounts.access import Access
from accounts.models import AuditEvent, bump_config_version

MASK = "••••••"
# Never written down, not even as they were; that they changed is.
_SECRET = frozenset({"sealed_secrets", "sealed_password", "password", "wrapped_key", "key_hash"})
_UNINTERESTING = frozenset({"updated_at", "created_at", "account", "config_version"})


def snapshot(record: models.Model) -> dict[str, Any]:
    """The record's columns as the audit log may show them."""
    values: dict[str, Any] = {}
    for field in record._meta.concrete_fields:
        if field.name in _UNINTERESTING:
            continue
        value = field.value_from_object(record)
        values[field.name] = hash(bytes(value)) if field.name in _SECRET and value is not None else value
    return values


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """{field: [old, new]} of what differs, secrets masked."""
    changes: dict[str, list[Any]] = {}
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old != new:
            changes[name] = [old and MASK, new and MASK] if name in _SECRET else [old, new]
    return changes


def record(access: Access, action: str, subject: models.Model, *, before: Mapping[str, Any] | None = None) -> None:
    """Write down what `access.actor` did. Call it in the transaction of the change itself.

    action: `created`, `updated`, `deleted`, or a verb of its own such as `paused`. before: the `snapshot` taken before the change.
    """
    after = {} if action == "deleted" else snapshot(subject)
    changes = changes_between(before or {}, after)
    if action == "updated" and not changes:
        return
    note(access, action, subject, changes=changes)
    bump_config_version(access.account_id)


def note(access: Access, action: str, subject: models.Model, *, changes: Mapping[str, Any]) -> None:
    """Write down what was done to something that is no configuration: what processes know of the account stays good."""
    AuditEvent.objects.create(
        account_id=access.account_id,
        actor_kind=access.actor.kind,
        actor_id=access.actor.id,
        actor_label=access.actor.label,
        action=action,
        object_type=subject._meta.model_name or "",
        object_id=subject.pk,
        object_label=str(subject)[:200],
        changes=dict(changes),
        request_id=access.request_id,
    )
