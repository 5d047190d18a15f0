"""Partners as people manage them."""

from collections.abc import Mapping
from typing import Any

from accounts import changes
from accounts.access import Access
from accounts.faults import refuse_if_any
from distribution.caps import clean_budgets, clean_caps
from distribution.checks import clean_contact, taken_faults, time_zone_faults
from distribution.fields import Fault
from distribution.models import Partner


def add_partner(access: Access, values: Mapping[str, Any]) -> Partner:
    """Raises RefusedChangeError."""
    partner = Partner(account_id=access.account_id)
    for name, value in clean_partner(partner, values).items():
        setattr(partner, name, value)
    changes.create(access, partner)
    return partner


def change_partner(access: Access, partner: Partner, values: Mapping[str, Any]) -> None:
    """Raises RefusedChangeError."""
    changes.update(access, partner, clean_partner(partner, values))


def clean_partner(partner: Partner, values: Mapping[str, Any]) -> dict[str, Any]:
    """Check and normalise. Raises RefusedChangeError."""
    clean = dict(values)
    faults: list[Fault] = []
    if "name" in clean:
        faults += taken_faults(Partner, "name", clean["name"], but_for=partner.id)
    if "time_zone" in clean:
        faults += time_zone_faults(clean["time_zone"])
    if "caps" in clean:
        clean["caps"], cap_faults = clean_caps(clean["caps"])
        faults += cap_faults
    if "budgets" in clean:
        clean["budgets"], budget_faults = clean_budgets(clean["budgets"])
        faults += budget_faults
    for kind in ("email", "phone"):
        if kind in clean:
            clean[kind], contact_faults = clean_contact(kind, clean[kind], account_id=partner.account_id)
            faults += contact_faults
    if "tags" in clean:
        clean["tags"] = list(dict.fromkeys(clean["tags"]))
    refuse_if_any(faults)
    return clean
