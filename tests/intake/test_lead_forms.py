"""The public form of an Entity, as a person and as a robot meet it."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.faults import RefusedChangeError
from accounts.models import AuditEvent
from distribution.models import Lead
from intake.form_guard import PER_ADDRESS, PER_FORM, mark_of_opening
from intake.lead_forms import change_address, set_lead_form
from intake.models import LeadForm
from tests.builders import FIELDS, Set, Shop, make_account, make_entity, make_set

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

SETTINGS: dict[str, Any] = {
    "is_enabled": True,
    "field_keys": ["zip", "first_name", "ssn"],
    "title": "Get a <b>quote</b>",
    "button": "Ask for it",
    "thank_you": "Thank you!",
    "redirect_url": "",
    "allowed_origins": [],
}
TYPED = {"value_first_name": "Maria", "value_zip": "90001", "value_ssn": "078-05-1120"}


@pytest.fixture(autouse=True)
def _nobody_came_before() -> None:
    cache.clear()


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


def set_up(acme: Set, **values: Any) -> LeadForm:
    with acme.shop.open() as access:
        return set_lead_form(access, acme.entity, {**SETTINGS, **values})


def faults_of(acme: Set, **values: Any) -> list[tuple[str, str]]:
    with pytest.raises(RefusedChangeError) as refusal:
        set_up(acme, **values)
    return [(fault.attr, fault.code) for fault in refusal.value.faults]


def mark(form: LeadForm, *, seconds: float = 10) -> str:
    """As it went out so many seconds ago."""
    return mark_of_opening(form.public_key, now=timezone.now() - timedelta(seconds=seconds))


def post(form: LeadForm, body: dict[str, str], **extra: Any) -> Any:
    client: Any = Client(enforce_csrf_checks=True)
    encoded = "&".join(f"{name}={value}" for name, value in body.items())
    return client.post(f"/f/{form.public_key}/", encoded, content_type="application/x-www-form-urlencoded", **extra)


def send(form: LeadForm, **changed: str) -> Any:
    return post(form, {**TYPED, "opened": mark(form), **changed})


def leads(shop: Shop) -> list[Lead]:
    """Those that forms brought."""
    with shop.open():
        return list(Lead.objects.filter(source="form").order_by("id"))


def test_the_form_asks_for_its_fields_in_the_entitys_order(acme: Set) -> None:
    page = Client().get(f"/f/{set_up(acme).public_key}/").content.decode()
    places = [page.index(f'name="value_{key}"') for key in ("first_name", "zip", "ssn")]
    assert places == sorted(places)
    assert 'name="value_email"' not in page
    assert "Get a &lt;b&gt;quote&lt;/b&gt;" in page


def test_what_is_sent_is_a_lead_like_every_other(acme: Set) -> None:
    form = set_up(acme)
    answer = send(form)
    assert (answer.status_code, answer["Location"]) == (302, f"/f/{form.public_key}/?sent")
    assert "Thank you!" in Client().get(answer["Location"]).content.decode()
    (lead,) = leads(acme.shop)
    assert lead.values == {"first_name": "Maria", "zip": "90001"}
    assert lead.sealed is not None
    assert lead.request_id == answer["X-Request-Id"]
    with acme.shop.open():
        assert lead.deliveries.count() == 1


def test_nobody_is_given_a_cookie_and_none_is_read(acme: Set) -> None:
    form = set_up(acme)
    for answer in (Client().get(f"/f/{form.public_key}/"), send(form)):
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")


def test_faults_stand_at_their_fields_with_what_was_typed(acme: Set) -> None:
    form = set_up(acme, field_keys=["first_name", "email", "budget"])
    answer = send(form, value_first_name="", value_email="nobody", value_budget="%22%3E%3Cimg%3E")
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "First name is missing" in page
    assert "is not an email address" in page
    assert 'value="nobody"' in page
    assert "<img>" not in page
    assert leads(acme.shop) == []


def test_a_field_that_the_form_does_not_ask_for_is_not_taken(acme: Set) -> None:
    send(set_up(acme), value_email="x@example.com", budget="5", status="won")
    (lead,) = leads(acme.shop)
    assert (lead.values, lead.status) == ({"first_name": "Maria", "zip": "90001"}, "new")


def test_a_robot_in_the_trap_is_thanked_and_stored_nowhere(acme: Set) -> None:
    answer = send(set_up(acme), website="http://spam.test")
    assert answer.status_code == 302
    assert leads(acme.shop) == []


@pytest.mark.parametrize("seconds", [0.5, 25 * 3600])
def test_too_quick_or_too_old_is_asked_to_send_it_again(acme: Set, seconds: float) -> None:
    form = set_up(acme)
    answer = send(form, opened=mark(form, seconds=seconds))
    assert answer.status_code == 400
    assert 'value="Maria"' in answer.content.decode()
    assert leads(acme.shop) == []


def test_a_mark_of_another_form_or_none_at_all_is_not_believed(acme: Set) -> None:
    form = set_up(acme)
    for opened in ("", "made-up", mark_of_opening("another", now=timezone.now() - timedelta(seconds=10))):
        assert send(form, opened=opened).status_code == 400
    assert leads(acme.shop) == []


def test_from_one_address_only_so_many_come_within_a_minute(acme: Set) -> None:
    form = set_up(acme)
    with time_machine.travel("2026-11-24T12:00:10Z", tick=False):
        statuses = [send(form).status_code for _ in range(PER_ADDRESS + 1)]
        assert statuses == [302] * PER_ADDRESS + [429]
        refusal = send(form)
        assert (refusal["Retry-After"], "wait a minute" in refusal.content.decode()) == ("60", True)
        assert post(form, {**TYPED, "opened": mark(form)}, REMOTE_ADDR="203.0.113.9").status_code == 302
    with time_machine.travel("2026-11-24T12:01:10Z", tick=False):
        assert send(form).status_code == 302


def test_addresses_of_one_ipv6_network_count_together(acme: Set) -> None:
    form = set_up(acme)
    with time_machine.travel("2026-11-24T12:00:10Z", tick=False):
        answers = [
            post(form, {**TYPED, "opened": mark(form)}, REMOTE_ADDR=f"2001:db8:1:2::{number}") for number in range(1, PER_ADDRESS + 2)
        ]
        assert [answer.status_code for answer in answers][-2:] == [302, 429]
        assert post(form, {**TYPED, "opened": mark(form)}, REMOTE_ADDR="2001:db8:1:3::1").status_code == 302


def test_a_flood_from_many_addresses_shuts_the_form_for_a_minute(acme: Set) -> None:
    form = set_up(acme)
    with time_machine.travel("2026-11-24T12:00:10Z", tick=False):
        for number in range(PER_FORM):
            post(form, {"opened": ""}, REMOTE_ADDR=f"203.0.{number // 200}.{number % 200}")
        assert post(form, {**TYPED, "opened": mark(form)}, REMOTE_ADDR="198.51.100.1").status_code == 429


def test_a_closed_form_and_one_that_never_was_answer_alike(acme: Set) -> None:
    form = set_up(acme, is_enabled=False)
    closed, unknown = Client().get(f"/f/{form.public_key}/"), Client().get("/f/no-such-form/")
    assert (closed.status_code, unknown.status_code) == (404, 404)
    assert closed.content == unknown.content
    assert send(form).status_code == 404
    assert leads(acme.shop) == []


def test_the_old_address_leads_nowhere_after_a_change(acme: Set) -> None:
    form = set_up(acme)
    old = form.public_key
    with acme.shop.open() as access:
        change_address(access, form)
    assert Client().get(f"/f/{old}/").status_code == 404
    assert Client().get(f"/f/{form.public_key}/").status_code == 200


def test_only_the_named_sites_may_show_it_in_a_frame(acme: Set) -> None:
    def policy(form: LeadForm) -> str:
        answer = Client().get(f"/f/{form.public_key}/")
        assert "X-Frame-Options" not in answer
        return str(answer["Content-Security-Policy"])

    assert "frame-ancestors 'none'" in policy(set_up(acme))
    shown = policy(set_up(acme, allowed_origins=["https://WWW.example.com/", "https://*.example.org"]))
    assert "frame-ancestors https://www.example.com https://*.example.org" in shown
    assert "script-src 'none'" in shown


def test_whoever_sent_it_goes_to_the_page_of_the_accounts_choice(acme: Set) -> None:
    form = set_up(acme, redirect_url="https://www.example.com/thanks?from=form")
    answer = send(form)
    assert answer["Location"] == "https://www.example.com/thanks?from=form"
    assert "form-action 'self' https://www.example.com" in answer["Content-Security-Policy"]


def test_somebody_who_is_known_already_is_thanked_like_everybody(acme: Set) -> None:
    fields = {"duplicates": {"action": "skip", "match": [["zip"]], "window_days": None}}
    assert acme.shop.call("PATCH", "entities/solar_leads", fields).status_code == 200
    form = set_up(acme)
    first, second = send(form), send(form)
    assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
    assert len(leads(acme.shop)) == 1


def test_files_and_large_bodies_are_not_read(acme: Set) -> None:
    form = set_up(acme)
    assert Client().post(f"/f/{form.public_key}/", {**TYPED, "opened": mark(form)}).status_code == 415
    assert send(form, value_zip="9" * (1 << 20)).status_code == 413
    assert leads(acme.shop) == []


def test_an_unticked_box_that_is_asked_for_is_missing_and_another_says_no(acme: Set) -> None:
    fields = [
        {"key": "terms", "label": "Terms", "type": "checkbox", "required": True},
        {"key": "news", "label": "News", "type": "checkbox"},
    ]
    roofs = make_entity(acme.shop, name="Roofs", slug="roofs", fields=fields)
    with acme.shop.open() as access:
        form = set_lead_form(access, roofs, {**SETTINGS, "field_keys": ["terms", "news"]})
    refused = post(form, {"opened": mark(form)})
    assert "Terms is missing" in refused.content.decode()
    post(form, {"opened": mark(form), "value_terms": "on"})
    (lead,) = leads(acme.shop)
    assert lead.values == {"terms": True, "news": False}


def test_a_moment_is_typed_in_the_accounts_zone(acme: Set) -> None:
    roofs = make_entity(acme.shop, name="Roofs", slug="roofs", fields=[{"key": "call_at", "label": "Call at", "type": "datetime"}])
    with acme.shop.open() as access:
        form = set_lead_form(access, roofs, {**SETTINGS, "field_keys": ["call_at"]})
        acme.shop.account.time_zone = "America/Los_Angeles"
        acme.shop.account.save(update_fields=["time_zone"])
    post(form, {"opened": mark(form), "value_call_at": "2026-01-31T14:30"})
    assert leads(acme.shop)[0].values == {"call_at": "2026-01-31T22:30:00Z"}


def test_a_form_must_ask_for_what_a_lead_must_have(acme: Set) -> None:
    assert faults_of(acme, field_keys=["zip"]) == [("field_keys", "required")]
    assert faults_of(acme, field_keys=[]) == [("field_keys", "required")]
    assert faults_of(acme, field_keys=["first_name", "colour"]) == [("field_keys", "unknown_field")]


@pytest.mark.parametrize(
    "url",
    [
        "http://www.example.com/",
        "javascript:alert(1)",
        "https://user@example.com/",
        "https://",
        "https://example.com:port/",
        "https://exa mple.com/",
        "//example.com",
    ],
)
def test_one_is_sent_on_to_https_alone(acme: Set, url: str) -> None:
    assert faults_of(acme, redirect_url=url) == [("redirect_url", "invalid")]


@pytest.mark.parametrize(
    "origin", ["*", "https:", "www.example.com", "https://a.test/path", "https://a.test; script-src *", "'self'", "https://ä.test"]
)
def test_what_is_no_origin_does_not_get_into_the_policy(acme: Set, origin: str) -> None:
    assert faults_of(acme, allowed_origins=[origin]) == [("allowed_origins", "invalid")]


def test_its_setting_up_is_in_the_audit_log(acme: Set) -> None:
    set_up(acme)
    set_up(acme, title="Another")
    with acme.shop.open():
        events = AuditEvent.objects.filter(object_type="leadform").order_by("id")
        assert [(event.action, event.changes.get("title")) for event in events] == [
            ("created", [None, "Get a <b>quote</b>"]),
            ("updated", ["Get a <b>quote</b>", "Another"]),
        ]


def test_a_field_that_the_form_asks_for_is_not_taken_away_unseen(acme: Set) -> None:
    set_up(acme, field_keys=["first_name", "budget"])
    kept = [field for field in FIELDS if field["key"] != "budget"]
    answer = acme.shop.call("PATCH", "entities/solar_leads", {"fields": kept})
    assert answer.status_code == 400
    assert "the lead form" in answer.json()["errors"][0]["detail"]
