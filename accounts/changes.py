"""Configuration is changed here and nowhere else: the row and its audit event, in one transaction."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from accounts import audit
from accounts.access import Access


def create(access: Access, record: models.Model) -> None:
    record.save(force_insert=True)
    audit.record(access, "created", record)


def update(access: Access, record: models.Model, values: Mapping[str, Any], *, action: str = "updated") -> None:
    """Set and save these columns, and no others: two people who change one record keep both changes.

    action: a verb of its own, such as `paused`, is written down also when nothing differs.
    """
    before = audit.snapshot(record)
    for name, value in values.items():
        setattr(record, name, value)
    automatic = [field.name for field in record._meta.concrete_fields if getattr(field, "auto_now", False)]
    record.save(update_fields=[*values, *automatic])
    audit.record(access, action, record, before=before)


def delete(access: Access, record: models.Model) -> None:
    """Raises ProtectedError when something else still needs it."""
    audit.record(access, "deleted", record, before=audit.snapshot(record))
    record.delete()
