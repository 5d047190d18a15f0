"""Standard Webhooks 1.0 (standardwebhooks.com, "Verifying webhook authenticity"), written from the specification and not from our own signing code."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

_TOLERANCE_SECONDS = 300


def signature_fault(body: bytes, *, headers: Mapping[str, str], secrets: Sequence[str], now: float) -> str:
    """Why the message must not be trusted, in words; empty when one of the secrets signed it. `headers`: names in lower case."""
    message_id, timestamp, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (message_id and timestamp and signatures):
        return "it carries no signature"
    if not timestamp.isascii() or not timestamp.isdigit() or abs(now - int(timestamp)) > _TOLERANCE_SECONDS:
        return "its timestamp is too far from now"
    if not secrets:
        return "no signing secret is known here yet"
    signed = f"{message_id}.{timestamp}.".encode() + body
    for secret in secrets:
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            continue
        expected = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
        if any(hmac.compare_digest(expected, candidate.encode()) for candidate in signatures.split()):
            return ""
    return "its signature was made with another secret"
