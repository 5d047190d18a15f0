import json
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from leadflip.env import PROJECT
from leadflip.local.ports import SandboxPorts, sandbox_ports
from leadflip.local.readiness import http_status
from leadflip.local.sandbox.arrivals import KEPT, Arrivals, Mail
from leadflip.local.sandbox.page import render_page
from leadflip.local.sandbox.signature import signature_fault
from tests.flows.processes import wait_until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
BODY = '{"first_name": "Jäne <script>alert(1)</script>"}'


def _signed(body: str = BODY, *, at: datetime | None = None, secret: str = SECRET) -> dict[str, str]:
    """By the official library."""
    at = at or datetime.now(UTC)
    signature = Webhook(secret).sign("msg_1", at, body)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def _fault(headers: dict[str, str], *, body: str = BODY, secrets: tuple[str, ...] = (SECRET,)) -> str:
    return signature_fault(body.encode(), headers=headers, secrets=secrets, now=time.time())


def test_the_official_librarys_signature_is_accepted() -> None:
    assert _fault(_signed()) == ""


def test_any_of_several_secrets_and_any_of_several_signatures_will_do() -> None:
    headers = _signed()
    headers["webhook-signature"] = f"v1a,xyz v1,{'A' * 44} {headers['webhook-signature']}"
    assert _fault(headers, secrets=(OTHER, SECRET)) == ""


# Made when the test runs: a signature grows too old while the tests before it run.
FORGERIES: dict[str, Callable[[], tuple[dict[str, str], str, str]]] = {
    "another body": lambda: (_signed(), BODY + " ", "another secret"),
    "another secret": lambda: (_signed(secret=OTHER), BODY, "another secret"),
    "another id": lambda: ({**_signed(), "webhook-id": "msg_2"}, BODY, "another secret"),
    "too old": lambda: (_signed(at=datetime.now(UTC) - timedelta(minutes=6)), BODY, "too far from now"),
    "no time": lambda: ({**_signed(), "webhook-timestamp": "soon"}, BODY, "too far from now"),
    "nothing": lambda: ({}, BODY, "no signature"),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_anything_else_is_refused_with_the_reason(forge: Callable[[], tuple[dict[str, str], str, str]]) -> None:
    headers, body, reason = forge()
    assert reason in _fault(headers, body=body)


def test_only_the_last_arrivals_are_kept() -> None:
    arrivals = Arrivals()
    for number in range(KEPT + 5):
        arrivals.add(Mail(sender="a", recipients=["b"], subject=str(number), headers={}, text="", html="", attachments=[]))
    subjects = [arrival["subject"] for arrival in arrivals.as_json()["arrivals"]]
    assert (len(subjects), subjects[0], subjects[-1]) == (KEPT, str(KEPT + 4), "5")


def test_the_empty_page_says_what_to_do() -> None:
    assert "Send a lead" in render_page([], port=1, smtp_port=2)


@pytest.fixture
def partner(tmp_path: Path) -> Iterator[SandboxPorts]:
    ports = sandbox_ports(tmp_path)
    (tmp_path / "secrets.txt").write_text(f"{SECRET}\n")
    options = ["--http-port", str(ports.http), "--smtp-port", str(ports.smtp), "--secrets-file", str(tmp_path / "secrets.txt")]
    process = subprocess.Popen([sys.executable, "-m", "leadflip.local.sandbox", *options], cwd=PROJECT, stdout=subprocess.DEVNULL)
    wait_until(lambda: http_status(ports.http, "/") == 200, what="the sandbox's start")
    yield ports
    process.terminate()
    assert process.wait(timeout=5) == 0


def _ask(ports: SandboxPorts, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", ports.http, timeout=10)
    connection.request(method, path, body.encode() or None, headers or {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def _arrivals(ports: SandboxPorts) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_ask(ports, "GET", "/arrivals.json")[1])["arrivals"]
    return found


def test_webhooks_are_judged_answered_and_shown(partner: SandboxPorts) -> None:
    assert _ask(partner, "POST", "/webhooks/leads", BODY, _signed())[0] == 200
    assert _ask(partner, "POST", "/webhooks/leads", BODY, _signed(secret=OTHER))[0] == 401
    assert _ask(partner, "POST", "/webhooks/leads?answer=503", BODY, _signed())[0] == 503
    seen = [(arrival["verified"], arrival["answered"], arrival["body"]) for arrival in _arrivals(partner)]
    assert seen == [(True, 503, BODY), (False, 401, BODY), (True, 200, BODY)]
    page = _ask(partner, "GET", "/")[1]
    assert "&lt;script&gt;" in page
    assert "<script" not in page


def test_mails_are_taken_apart_and_shown(partner: SandboxPorts) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "leads@acme.test", "leads@helios.test", "New Lead: Jäne"
    mail.set_content("First name: Jäne\n")
    mail.add_alternative("<p>Jäne</p>", subtype="html")
    mail.add_attachment("Name,ZIP\r\nJäne,90210\r\n", subtype="csv", filename="lead.csv")
    with smtplib.SMTP("127.0.0.1", partner.smtp) as client:
        client.send_message(mail)
    (arrival,) = _arrivals(partner)
    assert (arrival["subject"], arrival["recipients"]) == ("New Lead: Jäne", ["leads@helios.test"])
    assert (arrival["text"].strip(), arrival["html"].strip()) == ("First name: Jäne", "<p>Jäne</p>")
    assert [(file["name"], file["text"]) for file in arrival["attachments"]] == [("lead.csv", "Name,ZIP\r\nJäne,90210\r\n")]
    assert "lead.csv" in _ask(partner, "GET", "/")[1]


def test_some_recipients_are_refused_on_purpose(partner: SandboxPorts) -> None:
    with smtplib.SMTP("127.0.0.1", partner.smtp) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail("a@acme.test", ["reject@helios.test", "later@helios.test"], "x")
        assert {address: code for address, (code, _) in refused.value.recipients.items()} == {
            "reject@helios.test": 550,
            "later@helios.test": 451,
        }


def test_a_body_of_unknown_or_absurd_length_is_refused(partner: SandboxPorts) -> None:
    with socket.create_connection(("127.0.0.1", partner.http), timeout=5) as connection:
        connection.sendall(b"POST /webhooks/leads HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 411 ")
    assert _arrivals(partner) == []
