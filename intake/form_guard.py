"""What keeps robots off a public form: a field that people do not see, a time that people need, and a limit on how often. Nobody is asked to prove
anything, and no third party is."""

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from django.core import signing
from django.core.cache import cache

PER_ADDRESS, PER_FORM, WITHIN_SECONDS = 10, 300, 60
# Nobody reads a form and fills it in within this; a browser that fills it in by itself is asked to send it again.
LEAST_SECONDS = 2
# After that the form must be loaded anew: a mark that was harvested is of no use for long.
MOST = timedelta(hours=24)
_SALT = "intake.lead-form"


def mark_of_opening(public_key: str, *, now: datetime) -> str:
    """Goes out with the form and comes back with it."""
    return signing.dumps([public_key, now.timestamp()], salt=_SALT)


def is_credible(mark: str, public_key: str, *, now: datetime) -> bool:
    """Whether it was made for this form, neither too short nor too long ago."""
    try:
        form, opened_at = signing.loads(mark, salt=_SALT)
    except (signing.BadSignature, ValueError):
        return False
    return bool(form == public_key and LEAST_SECONDS <= now.timestamp() - opened_at <= MOST.total_seconds())


def is_too_often(public_key: str, address: str, *, now: datetime) -> bool:
    """Counts this time too: by address over all forms, and by form over all addresses, within the present minute. What comes too often from one
    address counts there alone, so that it does not shut the form for everybody."""
    minute = int(now.timestamp()) // WITHIN_SECONDS
    counted = ((f"address:{_network_of(address)}", PER_ADDRESS), (f"form:{public_key}", PER_FORM))
    return any(_count(f"lead-form:{what}:{minute}") > most for what, most in counted)


def _count(key: str) -> int:
    if cache.add(key, 1, timeout=2 * WITHIN_SECONDS):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:
        # It left the cache in between.
        return 1


def _network_of(address: str) -> str:
    """Of IPv6 the /64: whoever has one address there has all of them."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    return f"{parsed.exploded[:19]}::/64" if isinstance(parsed, IPv6Address) else str(parsed)
