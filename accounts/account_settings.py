"""Settings of an account."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

import phonenumbers

from accounts import changes
from accounts.access import Access
from accounts.faults import Fault, refuse_if_any
from accounts.models import Account


def change_account(access: Access, account: Account, values: Mapping[str, Any]) -> None:
    """Raises RefusedChangeError."""
    changes.update(access, account, clean_account(account, values))


def clean_account(account: Account, values: Mapping[str, Any]) -> dict[str, Any]:
    """Check what is given of the settings. Raises RefusedChangeError."""
    clean = dict(values)
    faults = []
    if "time_zone" in clean and clean["time_zone"] not in available_timezones():
        faults.append(Fault("time_zone", "invalid", "Wanted the name of a time zone, such as America/Los_Angeles."))
    if "default_region" in clean:
        clean["default_region"] = clean["default_region"].upper()
        if clean["default_region"] not in phonenumbers.SUPPORTED_REGIONS:
            faults.append(Fault("default_region", "invalid", "Wanted the two letters of a country, such as US."))
    refuse_if_any(faults)
    return clean
