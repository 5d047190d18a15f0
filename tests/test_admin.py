"""The admin, as a member who is on the staff sees it: one account, and nothing secret."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from accounts.mail_servers import set_mail_server
from accounts.models import Account, AuditEvent, MailServer, User
from delivery.models import Attempt, ChannelHealth, Delivery
from distribution.models import Assignment, CapCounter, Lead, Partner, Profile
from tests.builders import FIELDS, Set, Shop, make_account, make_member, make_set
from tests.delivery.api.tries import make_attempt

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

MODELS = [model for model in admin.site._registry if model._meta.app_label in ("accounts", "distribution", "delivery")]
EDITABLE = {Account, Partner, Profile, Assignment}
SECRET_HEADER = {"name": "X-Api-Key", "value": "s3cret-header", "secret": True}
WEBHOOK = {"kind": "webhook", "fields": {"mode": "all"}, "config": {"url": "https://partner.example.com/", "headers": [SECRET_HEADER]}}


@pytest.fixture
def acme() -> Set:
    """One row of every model."""
    acme = make_set(make_account(), WEBHOOK)
    make_attempt(acme, response=b"the-partners-answer")
    with acme.shop.open() as access:
        set_mail_server(access, {"host": "mail.acme.test", "from_address": "leads@acme.test"}, password="mail-pass-word")
        ChannelHealth.objects.create(channel=acme.channel, account_id=access.account_id)
        CapCounter.objects.create(
            account_id=access.account_id, subject="partner", subject_id=acme.partner.id, period="day", starts_at=acme.lead.created_at
        )
    return acme


def signed_in(email: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(email=email))
    return client


def address(model: Any, rest: str = "") -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{rest}"


def first_of(shop: Shop, model: Any) -> Any:
    with shop.open():
        return model._default_manager.first()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_and_page_opens_and_tells_no_secret(acme: Set, model: Any) -> None:
    client = signed_in("alice@acme.test")
    record = first_of(acme.shop, model)
    pages = [client.get(address(model)), client.get(address(model, f"{record.pk}/change/"))]
    for page in pages:
        assert page.status_code == 200
        text = page.content.decode()
        for secret in ("s3cret-header", "mail-pass-word", "078-05-1120", "the-partners-answer", "memory at"):
            assert secret not in text


def test_a_value_whose_field_is_encrypted_by_now_is_shown_no_more(acme: Set) -> None:
    client, path = signed_in("alice@acme.test"), address(Lead, f"{acme.lead.pk}/change/")
    assert "90210" in client.get(path).content.decode()
    fields = [{**field, "is_encrypted": field["key"] in ("ssn", "zip")} for field in FIELDS]
    assert acme.shop.call("PATCH", "entities/solar_leads", {"fields": fields}).status_code == 200
    page = client.get(path).content.decode()
    assert "90210" not in page
    assert "jane@example.com" in page


@pytest.mark.parametrize("model", [model for model in MODELS if model not in EDITABLE], ids=lambda model: model.__name__)
def test_what_is_read_only_cannot_be_added_changed_or_deleted(acme: Set, model: Any) -> None:
    client = signed_in("alice@acme.test")
    record = first_of(acme.shop, model)
    assert client.get(address(model, "add/")).status_code == 403
    assert client.post(address(model, f"{record.pk}/change/"), {}).status_code == 403
    assert client.post(address(model, f"{record.pk}/delete/"), {"post": "yes"}).status_code == 403
    assert first_of(acme.shop, model) == record


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_another_accounts_staff_sees_nothing_of_it(acme: Set, model: Any) -> None:
    make_account("Other", "charlie@other.test")
    client = signed_in("charlie@other.test")
    record = first_of(acme.shop, model)
    assert f"/{record.pk}/" not in client.get(address(model)).content.decode()
    assert client.get(address(model, f"{record.pk}/change/")).status_code == 302


def partner_form(**values: str) -> dict[str, str]:
    form = {"name": "Sunrise", "email": "", "phone": "", "time_zone": "UTC", "tags": "", "notes": "", "is_active": "on", "caps": "{}"}
    return {**form, **values}


def test_a_change_in_the_admin_is_in_the_audit_log(acme: Set) -> None:
    answer = signed_in("alice@acme.test").post(address(Partner, f"{acme.partner.id}/change/"), partner_form(caps='{"day": 5}'))
    assert answer.status_code == 302
    with acme.shop.open():
        assert Partner.objects.get().caps == {"day": 5}
        event = AuditEvent.objects.latest("id")
    assert (event.actor_label, event.action, event.object_id) == ("alice@acme.test", "updated", acme.partner.id)
    assert event.changes["name"] == ["Helios Direct", "Sunrise"]
    assert event.request_id == answer["X-Request-Id"]


def test_what_is_added_in_the_admin_belongs_to_the_account(acme: Set) -> None:
    answer = signed_in("alice@acme.test").post(address(Partner, "add/"), partner_form())
    assert answer.status_code == 302
    with acme.shop.open():
        assert Partner.objects.get(name="Sunrise").account_id == acme.shop.account.id
        assert AuditEvent.objects.latest("id").action == "created"


@pytest.mark.parametrize("values", [{"caps": '{"day": "many"}'}, {"time_zone": "Mars/Base"}, {"name": "Helios Direct"}])
def test_the_admin_refuses_what_the_domain_refuses(acme: Set, values: dict[str, str]) -> None:
    answer = signed_in("alice@acme.test").post(address(Partner, "add/"), partner_form(**values))
    assert answer.status_code == 200
    with acme.shop.open():
        assert Partner.objects.count() == 1


def test_rules_typed_in_the_admin_are_checked(acme: Set) -> None:
    form = {
        "name": "Solar West",
        "strategy": "send_to_all",
        "is_enabled": "on",
        "rules": '{"all": [{"field": "colour", "operator": "is_empty"}]}',
    }
    inline = {"assignments-TOTAL_FORMS": "0", "assignments-INITIAL_FORMS": "0"}
    answer = signed_in("alice@acme.test").post(address(Profile, f"{acme.profile.id}/change/"), {**form, **inline})
    assert answer.status_code == 200
    assert "colour" in answer.content.decode()


def test_deleting_in_the_admin_is_in_the_audit_log(acme: Set) -> None:
    client = signed_in("alice@acme.test")
    client.post(address(Partner, "add/"), partner_form())
    with acme.shop.open():
        sunrise = Partner.objects.get(name="Sunrise")
    assert client.post(address(Partner, f"{sunrise.id}/delete/"), {"post": "yes"}).status_code == 302
    with acme.shop.open():
        assert not Partner.objects.filter(name="Sunrise").exists()
        assert AuditEvent.objects.latest("id").action == "deleted"


def test_a_viewer_on_the_staff_changes_nothing(acme: Set) -> None:
    make_member(acme.shop, "bob@acme.test", "viewer")
    client = signed_in("bob@acme.test")
    assert client.get(address(Partner)).status_code == 200
    assert client.post(address(Partner, "add/"), partner_form()).status_code == 403
    assert client.post(address(Partner, f"{acme.partner.id}/change/"), partner_form()).status_code == 403
    with acme.shop.open():
        assert Partner.objects.get().name == "Helios Direct"


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(acme: Set, django_assert_max_num_queries: Any) -> None:
    client = signed_in("alice@acme.test")
    with acme.shop.open():
        rows = [
            Delivery(
                account_id=acme.shop.account.id, lead=acme.lead, channel=acme.channel, profile=acme.profile, partner=acme.partner,
                state="delivered", created_at=acme.lead.created_at, updated_at=acme.lead.created_at,
            )
            for _ in range(30)
        ]  # fmt: skip
        Delivery.objects.bulk_create(rows)
    with django_assert_max_num_queries(15):
        assert client.get(address(Delivery)).status_code == 200


def test_every_model_of_an_account_has_its_page() -> None:
    assert {Attempt, MailServer, AuditEvent} <= set(MODELS)
