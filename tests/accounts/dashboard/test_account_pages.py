"""API keys, audit log, settings, alerts."""

import csv
import io

import pytest
from django.utils import timezone

from accounts.alerts import NewAlert, raise_alert
from accounts.models import Account, AlertKind, ApiKey
from tests.builders import Shop, make_account, make_partner
from tests.pages import Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def shop() -> Shop:
    return make_account()


@pytest.fixture
def alice(shop: Shop) -> Visitor:
    return sign_in(shop)


def test_a_new_key_is_shown_once_and_opens_the_api(shop: Shop, alice: Visitor) -> None:
    made = alice.post("api-keys/", {"name": "Landing pages", "scopes": ["read"]})
    key = made.context["new_key"]
    assert key in made.content.decode()
    assert key not in alice.html("api-keys/")
    assert shop.call("GET", "partners", key=key).status_code == 200


def test_a_key_without_scopes_is_refused_at_the_field(shop: Shop, alice: Visitor) -> None:
    answer = alice.post("api-keys/", {"name": "Landing pages"})
    assert answer.status_code == 400
    assert answer.context["form"].errors == {"scopes": ["What it may do is missing."]}


def test_the_last_day_of_a_key_is_a_whole_day_in_the_accounts_zone(shop: Shop, alice: Visitor) -> None:
    alice.post("settings/", {"name": "Acme", "time_zone": "America/New_York", "default_region": "US", "log_days": 90})
    alice.post("api-keys/", {"name": "Short", "scopes": ["read"], "expires_on": "2099-07-01"})
    with shop.open():
        expires_at = ApiKey.objects.get(name="Short").expires_at
    assert expires_at is not None
    assert expires_at.isoformat() == "2099-07-02T04:00:00+00:00"


def test_a_revoked_key_opens_nothing(shop: Shop, alice: Visitor) -> None:
    with shop.open():
        record = ApiKey.objects.get()
    answer = alice.post(f"api-keys/{record.id}/revoke")
    assert answer.status_code == 302
    assert shop.call("GET", "partners").status_code == 401


@pytest.mark.parametrize("role", ["member", "viewer"])
@pytest.mark.parametrize("path", ["api-keys/", "audit/", "audit/export"])
def test_only_those_who_run_the_account_open_these(shop: Shop, role: str, path: str) -> None:
    assert sign_in(shop, role).get(path).status_code == 403


def test_the_audit_log_shows_who_changed_what_and_is_harmless(shop: Shop, alice: Visitor) -> None:
    make_partner(shop, "<img src=x onerror=alert(1)>")
    page = alice.html("audit/")
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img" not in page


def test_the_audit_log_narrows_by_what_stands_in_the_address(shop: Shop, alice: Visitor) -> None:
    make_partner(shop, "Helios Direct")
    make_partner(shop, "Sunrise Mail")
    assert [event.object_label for event in alice.get("audit/?what=helios").context["slice"].rows] == ["Helios Direct"]
    assert alice.get("audit/?what=helios&until=2000-01-01").context["slice"].rows == []


def test_the_audit_log_says_values_as_people_do(shop: Shop, alice: Visitor) -> None:
    partner = make_partner(shop, "Helios Direct", tags=["solar"])
    alice.post(f"partners/{partner.id}/edit", {"name": "Helios Direct", "time_zone": "UTC"})
    page = alice.html("audit/?what=helios")
    assert "<dt>active</dt><dd><del><bdi>yes</bdi></del> → <ins><bdi>no</bdi></ins></dd>" in page
    assert "<dt>tags</dt><dd><del><bdi>[&quot;solar&quot;]</bdi></del> → <ins><bdi>—</bdi></ins></dd>" in page


def test_only_a_narrowed_audit_log_can_be_cleared(alice: Visitor) -> None:
    assert "Clear" not in alice.html("audit/")
    assert "Clear" in alice.html("audit/?what=helios")


def test_the_audit_log_as_csv_runs_no_formula(shop: Shop, alice: Visitor) -> None:
    make_partner(shop, "=HYPERLINK(1)")
    answer = alice.get("audit/export?what=HYPERLINK")
    lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [line["object_label"] for line in lines] == ["'=HYPERLINK(1)"]


def test_settings_are_refused_at_their_field(alice: Visitor) -> None:
    answer = alice.post("settings/", {"name": "Acme", "time_zone": "Mars/Olympus", "default_region": "US", "log_days": 90})
    assert answer.status_code == 400
    assert "time_zone" in answer.context["form"].errors


def test_settings_are_saved(shop: Shop, alice: Visitor) -> None:
    alice.post("settings/", {"name": "Acme & Sons", "time_zone": "Europe/Berlin", "default_region": "de", "log_days": 30})
    with shop.open():
        account = Account.objects.get()
    assert (account.name, account.time_zone, account.default_region, account.log_days) == ("Acme & Sons", "Europe/Berlin", "DE", 30)


def test_a_member_sees_the_settings_and_cannot_change_them(shop: Shop) -> None:
    member = sign_in(shop, "member")
    assert "Only owners and admins change these." in member.html("settings/")
    assert member.post("settings/", {"name": "Mine"}).status_code == 403


def test_an_alert_is_seen_once_and_its_words_stay_text(shop: Shop, alice: Visitor) -> None:
    with shop.open() as access:
        raise_alert(
            NewAlert(
                account_id=access.account_id,
                kind=AlertKind.CAP_REACHED,
                subject_type="partner",
                subject_id=access.account_id,
                subject_label="Helios",
                incident="cap:day",
                title="Helios <b>is full</b>",
                text="It got 500 leads today.",
                created_at=timezone.now(),
            )
        )
    assert 'aria-label="Alerts, 1 not seen"' in alice.html("")
    page = alice.get("alerts/")
    assert "Helios &lt;b&gt;is full&lt;/b&gt;" in page.content.decode()
    (alert,) = page.context["slice"].rows
    alice.post(f"alerts/{alert.id}/read")
    assert "Seen" not in alice.html("alerts/").split("<main")[1]
