"""What several kinds of configuration are checked by."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db.models import Model

from accounts.models import Account
from distribution.fields import Fault, FieldSpec
from distribution.fields.faults import RefusedError, echo
from distribution.fields.kinds import value_cleaner
from distribution.rules import RuleError, parse


def time_zone_faults(name: str) -> list[Fault]:
    if name in _zones():
        return []
    return [Fault("time_zone", "invalid", f"time_zone is {echo(name)}; wanted the name of a time zone, such as America/Los_Angeles.")]


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def clean_contact(kind: str, raw: str, *, account_id: UUID) -> tuple[str, list[Fault]]:
    """Check and normalise an `email` or a `phone`, as the value of a field of that type would be. Empty stays empty."""
    if not raw.strip():
        return "", []
    region = region_of(account_id) if kind == "phone" else None
    clean = value_cleaner(FieldSpec(kind, kind, kind), default_region=region)
    try:
        return clean(raw) or "", []
    except RefusedError as error:
        return "", [Fault(kind, error.code, f"{kind}: {echo(raw)} {error.fault}; wanted {clean.wanted}.")]


def region_of(account_id: UUID) -> str:
    """The country (ISO 3166-1 alpha-2) of telephone numbers that are written without one."""
    return Account.objects.values_list("default_region", flat=True).get(id=account_id)


def rule_faults(raw: Any, specs: Sequence[FieldSpec], *, attr: str = "rules", default_region: str | None = None) -> list[Fault]:
    """default_region: the account's, as routing reads the rule: else a telephone number without a country code would be refused."""
    try:
        parse(raw, specs, attr=attr, default_region=default_region)
    except RuleError as error:
        return error.faults
    return []


def taken_faults(model: type[Model], name: str, value: str, *, but_for: UUID) -> list[Fault]:
    """The one account that a query sees is the one in which a name must be free."""
    if not model._default_manager.filter(**{name: value}).exclude(pk=but_for).exists():  # noqa: SLF001 - a public name of Django
        return []
    return [Fault(name, "unique", f"{name} is {echo(value)}, which another {model._meta.verbose_name} has already; wanted one of its own.")]
