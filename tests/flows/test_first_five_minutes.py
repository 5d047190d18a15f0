"""The calls of the API's first five minutes, in their order, with a real worker, a real webhook receiver and a real mail server."""

import base64
import csv
import io
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.db import connections
from standardwebhooks.webhooks import Webhook

from distribution.fields.exact_json import load
from tests.flows.conftest import LEAD, Shop
from tests.flows.inbox import Inbox
from tests.flows.partner import Partner
from tests.flows.processes import running_worker

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

SSN = "078-05-1120"
EMAIL = {
    "kind": "email",
    "fields": {"mode": "selected", "selected": [{"key": "first_name", "as": "Name"}, {"key": "email"}]},
    "config": {
        "recipients": ["leads@helios.test"], "subject": "New Lead: {{lead_name}}", "format": "html", "attach_csv": True, "batching": {"mode": "off"},
    },
}  # fmt: skip


def everything_in_the_database() -> str:
    """Every row of every table as text, binary columns in hex: what a dump would show."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT c.oid::regclass::text FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        tables = [row[0] for row in cursor.fetchall()]
        pieces = []
        for table in tables:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM {table} t")
            pieces.append(cursor.fetchone()[0])
    return "\n".join(pieces)


def attachment(mail: EmailMessage) -> list[list[str]]:
    (part,) = mail.iter_attachments()
    assert (part.get_content_type(), part.get_filename()) == ("text/csv", "lead.csv")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


def test_a_lead_reaches_a_webhook_and_a_mailbox(shop: Shop, partner: Partner, inbox: Inbox, tmp_path: Path) -> None:
    server = {"host": "127.0.0.1", "port": inbox.port, "security": "none", "from_address": "leads@acme.test", "from_name": "Acme"}
    shop.call("PUT", "mail-server", server)
    header = {"name": "X-Api-Key", "value": "s3cret", "secret": True}
    webhook = shop.open_webhook(partner.url, payload_format="json", timeout_seconds=20, headers=[header], retry={"policy": "standard"})
    shop.open_channel(EMAIL, partner="Sunrise Mail")
    assert webhook["signing_secret"].startswith("whsec_")
    with running_worker(tmp_path):
        lead_id = shop.send()
        shop.wait_for("delivered", "delivered")

    (received,) = partner.received
    body = Webhook(webhook["signing_secret"]).verify(received.body, received.headers)
    assert body["lead"] == {"first_name": "Jane", "email": "jane@example.com", "zip": "90210", "budget": None}
    assert received.headers["x-api-key"] == "s3cret"

    deliveries = shop.call("GET", f"deliveries?lead={lead_id}")["results"]
    assert {(one["state"], one["attempts_made"]) for one in deliveries} == {("delivered", 1)}
    (by_webhook,) = [one for one in deliveries if one["channel"] == webhook["id"]]
    assert received.id == by_webhook["id"]
    (attempt,) = shop.call("GET", f"deliveries/{by_webhook['id']}")["attempts"]
    assert attempt["request"]["body"].encode() == received.body
    assert (attempt["number"], attempt["outcome"], attempt["http_status"]) == (1, "delivered", 200)
    assert "s3cret" not in str(attempt)

    (mail,) = inbox.mails
    assert mail["Subject"] == "New Lead: Jane"
    assert inbox.recipients == [["leads@helios.test"]]
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "jane@example.com" in text.get_content()
    assert "<table" in html.get_content()
    assert attachment(mail) == [["Name", "email"], ["Jane", "jane@example.com"]]


def test_an_encrypted_field_is_clear_at_the_partner_only_when_chosen(shop: Shop, partner: Partner, tmp_path: Path) -> None:
    opened = shop.open_webhook(partner.url)
    with running_worker(tmp_path):
        shop.send()
        shop.wait_for("delivered")
        assert SSN.encode() not in partner.received[0].body
        shop.call("PATCH", f"channels/{opened['id']}", {"fields": {"mode": "all", "include_encrypted": True}})
        shop.send()
        shop.wait_for("delivered", "delivered")
    assert load(partner.received[1].body)["lead"]["ssn"] == SSN
    reader = Shop(shop.account, shop.call("POST", "api-keys", {"name": "Reader", "scopes": ["read"]}, status=201)["key"])
    shown = [reader.call("GET", f"deliveries/{request.id}")["attempts"][0]["request"] for request in partner.received]
    assert [request["is_masked"] for request in shown] == [False, True]
    assert [request["body"] is None for request in shown] == [False, True]
    assert SSN in shop.call("GET", f"deliveries/{partner.received[1].id}")["attempts"][0]["request"]["body"]
    dump = everything_in_the_database()
    for spelling in (SSN, SSN.encode().hex(), base64.b64encode(SSN.encode()).decode()[:-4]):
        assert spelling not in dump
    assert "jane@example.com" in dump


def test_three_tries_of_one_id(shop: Shop, partner: Partner, tmp_path: Path) -> None:
    secret = shop.open_webhook(partner.url, retry={"policy": "custom", "delays_seconds": [1, 1]})["signing_secret"]
    partner.answer = lambda place: 500 if place < 3 else 200
    with running_worker(tmp_path):
        lead_id = shop.send()
        shop.wait_for_attempts(3)
    for request in partner.received:
        Webhook(secret).verify(request.body, request.headers)
    assert len({(request.id, request.body) for request in partner.received}) == 1
    stamps = [int(request.headers["webhook-timestamp"]) for request in partner.received]
    assert stamps == sorted(set(stamps))
    (delivery,) = shop.call("GET", f"deliveries?lead={lead_id}")["results"]
    assert (delivery["state"], delivery["attempts_made"]) == ("delivered", 3)


def test_a_test_delivery_answers_with_what_was_sent_and_what_came_back(shop: Shop, partner: Partner) -> None:
    opened = shop.open_webhook(partner.url)
    result = shop.call("POST", f"channels/{opened['id']}/test", {})
    (received,) = partner.received
    assert load(received.body)["test"] is True
    assert result["outcome"] == "delivered"
    assert result["http_status"] == 200
    assert result["request"]["body"].encode() == received.body
    partner.answer = lambda _: 404
    failed = shop.call("POST", f"channels/{opened['id']}/test", {})
    assert failed["http_status"] == 404
    assert "404" in failed["reason"]


def test_mails_without_a_mail_server_wait_and_go_out_when_there_is_one(shop: Shop, inbox: Inbox, tmp_path: Path) -> None:
    shop.open_channel(EMAIL)
    with running_worker(tmp_path):
        lead_id = shop.send()
        shop.wait_for("held")
        (held,) = shop.call("GET", f"deliveries?lead={lead_id}")["results"]
        assert "mail server" in held["reason"]
        server = {"host": "127.0.0.1", "port": inbox.port, "security": "none", "from_address": "leads@acme.test"}
        shop.call("PUT", "mail-server", server)
        shop.wait_for("delivered")
    assert len(inbox.mails) == 1


def test_another_accounts_key_sees_nothing(shop: Shop, partner: Partner) -> None:
    opened = shop.open_webhook(partner.url)
    lead_id = shop.send()
    stranger = shop.stranger()
    nowhere = stranger.call("GET", "channels/0199a2f4-0000-7000-8000-000000000000", status=404)
    assert stranger.call("GET", f"channels/{opened['id']}", status=404) == nowhere
    assert stranger.call("GET", f"deliveries?lead={lead_id}")["results"] == []
    assert stranger.call("GET", "deliveries")["results"] == []
    stranger.call("POST", "intake", LEAD, status=400)
    assert shop.states() == ["queued"]
