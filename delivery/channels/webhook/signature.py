"""Signatures by Standard Webhooks 1.0 (spec/standard-webhooks.md). Pure but for `new_secret`."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

PREFIX = "whsec_"
ROTATION = timedelta(hours=24)

# The names under which a channel's sealed secrets hold them.
CURRENT = "signing_secret"
PREVIOUS = "previous_signing_secret"  # or several, separated by spaces, the latest first
PREVIOUS_UNTIL = "previous_signing_secret_until"  # of each: ISO 8601, with its zone
# A receiver that checks them all, and a header of bounded length.
_MOST_PREVIOUS = 3


def new_secret() -> str:
    """A secret for one channel: `whsec_` and the base64 of 32 random bytes (24 to 64 are allowed)."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def decode_secret(secret: str) -> bytes:
    """The key inside. Raises ValueError for anything but `whsec_<base64 of 24 to 64 bytes>`; the text never quotes it."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:  # binascii.Error is one, too
        key = b""
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("A signing secret is whsec_ and the base64 of 24 to 64 bytes.")
    return key


def sign(keys: Sequence[bytes], *, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one `v1,<base64>` per key, separated by spaces.

    message_id: the value of `webhook-id`, without a full stop. timestamp: of `webhook-timestamp`, seconds since 1970.
    body: exactly as sent. Receivers take the message if any one signature is right.
    """
    content = b"%b.%d.%b" % (message_id.encode("ascii"), timestamp, body)
    return " ".join("v1," + binascii.b2a_base64(hmac.digest(key, content, "sha256"), newline=False).decode() for key in keys)


def rotate(sealed: Mapping[str, str], *, now: datetime) -> dict[str, str]:
    """A channel's secrets with a new signing secret; the one until now signs too for 24 h, and so do those before it whose 24 h are not over.

    now: aware.
    """
    rotated = {**sealed, CURRENT: new_secret()}
    if CURRENT in sealed:
        still = [(secret, until) for secret, until in previous_secrets(sealed) if until > now]
        kept = [(sealed[CURRENT], now + ROTATION), *still][:_MOST_PREVIOUS]
        rotated[PREVIOUS] = " ".join(secret for secret, _ in kept)
        rotated[PREVIOUS_UNTIL] = " ".join(until.isoformat() for _, until in kept)
    return rotated


def previous_secrets(sealed: Mapping[str, str]) -> list[tuple[str, datetime]]:
    """Of a channel's secrets, those that were rotated out, and until when each signs too."""
    ends = map(datetime.fromisoformat, sealed.get(PREVIOUS_UNTIL, "").split())
    return list(zip(sealed.get(PREVIOUS, "").split(), ends, strict=True))
