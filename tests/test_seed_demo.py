import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.access import find_account
from accounts.isolation import account_scope
from delivery.models import DeliveryChannel

pytestmark = pytest.mark.django_db


def seed(folder: Path, port: int = 2525) -> dict[str, str]:
    printed = StringIO()
    call_command(
        "seed_demo",
        sandbox_url=f"http://127.0.0.1:{port}/webhooks/leads",
        sandbox_smtp_port=port,
        webhook_secret_file=folder / "secret.txt",
        stdout=printed,
    )
    answer: dict[str, str] = json.loads(printed.getvalue())
    return answer


def lead_goes_to(key: str) -> list[str]:
    body = {"entity": "solar_leads", "First Name": "Jane", "zip": "90210"}
    response = Client().post("/api/intake", json.dumps(body), content_type="application/json", headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == 200
    return sorted(one["partner_name"] for one in response.json()["deliveries"])


def test_the_demo_account_distributes_leads(tmp_path: Path) -> None:
    demo = seed(tmp_path)
    assert (demo["account"], demo["email"]) == ("demo", "demo@leadflip.test")
    assert lead_goes_to(demo["api_key"]) == ["Helios Direct", "Sunrise Mail"]
    secret = tmp_path / "secret.txt"
    assert secret.read_text().startswith("whsec_")
    assert secret.stat().st_mode & 0o777 == 0o600
    assert Client().login(username=demo["email"], password=demo["password"])


def test_seeding_again_gives_new_credentials_and_the_new_addresses(tmp_path: Path) -> None:
    first = seed(tmp_path)
    old_secret = (tmp_path / "secret.txt").read_text()
    second = seed(tmp_path, port=2626)
    assert second["api_key"] != first["api_key"]
    assert (tmp_path / "secret.txt").read_text() != old_secret
    assert lead_goes_to(second["api_key"]) == ["Helios Direct", "Sunrise Mail"]
    with account_scope(find_account("demo")):
        webhook = DeliveryChannel.objects.get(kind="webhook", is_primary=True)
    assert webhook.config["url"] == "http://127.0.0.1:2626/webhooks/leads"
