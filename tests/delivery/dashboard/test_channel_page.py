"""Distribution > Profile > Partner > Delivery."""

from typing import Any

import pytest
from django.http import QueryDict

from accounts.ids import new_id
from accounts.models import AuditEvent
from delivery.channel_config import pause_channel
from delivery.models import DeliveryChannel
from tests.builders import EMAIL, Set, make_account, make_assignment, make_lead, make_partner, make_set
from tests.delivery.api.tries import make_attempt
from tests.pages import HTMX, Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

HOSTILE = "<img src=x onerror=alert(1)>"
WITH_SECRETS = {
    "kind": "webhook",
    "fields": {"mode": "all"},
    "config": {
        "url": "https://partner.example.com/leads",
        "headers": [{"name": "X-Api-Key", "value": "s3cret-header", "secret": True}],
        "auth": {"kind": "bearer", "token": "s3cret-token"},
    },
}


@pytest.fixture
def acme() -> Set:
    return make_set(make_account(), WITH_SECRETS)


@pytest.fixture
def alice(acme: Set) -> Visitor:
    return sign_in(acme.shop)


def path_of(acme: Set, more: str = "") -> str:
    return f"profiles/{acme.profile.id}/partners/{acme.assignment.id}/delivery{more}"


def channel_of(acme: Set) -> DeliveryChannel:
    with acme.shop.open():
        return DeliveryChannel.objects.get(assignment=acme.assignment, is_primary=True)


def typed(page: Any) -> QueryDict:
    """What a browser would send back of the form on a page, unchanged."""
    data: QueryDict = page.context["editor"].controls.data.copy()
    data["kind"] = page.context["kind"]
    return data


def post(alice: Visitor, acme: Set, data: QueryDict, **options: Any) -> Any:
    """All values of a name, which Django's client would not send of a QueryDict."""
    return alice.post(path_of(acme), dict(data.lists()), **options)


def sent(alice: Visitor, acme: Set, **changes: Any) -> Any:
    data = typed(alice.get(path_of(acme)))
    for name, value in changes.items():
        data[name.replace("__", "-")] = value
    return post(alice, acme, data)


def without_channel(acme: Set) -> Set:
    partner = make_partner(acme.shop, "Sunrise Mail")
    acme.assignment = make_assignment(acme.shop, acme.profile, partner)
    return acme


def test_without_a_channel_one_chooses_its_kind(acme: Set, alice: Visitor) -> None:
    page = alice.html(path_of(without_channel(acme)))
    assert 'href="?kind=webhook"' in page
    assert 'href="?kind=email"' in page


def test_a_new_webhook_is_saved_and_its_signing_secret_shown_once(acme: Set, alice: Visitor) -> None:
    without_channel(acme)
    data = typed(alice.get(path_of(acme, "?kind=webhook")))
    data["url"] = "https://sunrise.example.com/leads"
    answer = post(alice, acme, data)
    assert answer.status_code == 200
    secret = answer.context["signing_secret"]
    assert secret.startswith("whsec_")
    assert secret in answer.content.decode()
    assert secret not in alice.html(path_of(acme))
    assert channel_of(acme).config["url"] == "https://sunrise.example.com/leads"


def test_a_mail_channel_is_saved_and_leads_back_to_the_page(acme: Set, alice: Visitor) -> None:
    without_channel(acme)
    data = typed(alice.get(path_of(acme, "?kind=email")))
    data["recipients"] = "a@helios.test\nb@helios.test"
    answer = post(alice, acme, data)
    assert (answer.status_code, answer["Location"]) == (302, alice.url(path_of(acme)))
    assert channel_of(acme).config["recipients"] == ["a@helios.test", "b@helios.test"]


def test_saving_without_a_change_changes_nothing_and_keeps_the_secrets(acme: Set, alice: Visitor) -> None:
    before = channel_of(acme)
    assert sent(alice, acme).status_code == 302
    after = channel_of(acme)
    assert (after.id, after.config, after.fields) == (before.id, before.config, before.fields)
    assert bytes(after.sealed_secrets or b"") == bytes(before.sealed_secrets or b"")
    with acme.shop.open():
        assert AuditEvent.objects.filter(object_type="deliverychannel", action="updated").count() == 0


def test_a_secret_is_dots_for_ever_after(alice: Visitor, acme: Set) -> None:
    for page in (alice.html(path_of(acme)), sent(alice, acme, url="nonsense").content.decode()):
        assert "s3cret" not in page
        assert "••••••" in page


def test_another_host_wants_the_secrets_again_at_their_fields(acme: Set, alice: Visitor) -> None:
    answer = sent(alice, acme, url="https://elsewhere.example.com/leads")
    assert answer.status_code == 400
    assert "give the secret again" in answer.context["editor"].headers[0].value_errors[0]
    assert "give the secret again" in answer.context["editor"].controls.errors["bearer_token"][0]
    assert channel_of(acme).config["url"] == "https://partner.example.com/leads"


def test_faults_stand_at_their_fields_and_what_was_typed_stays(acme: Set, alice: Visitor) -> None:
    answer = sent(
        alice,
        acme,
        payload_format="template",
        template='{"name": {{ frist_name }}}',
        timeout_seconds="soon",
        headers__4__name="Host",
        headers__4__value="x",
    )
    assert answer.status_code == 400
    editor = answer.context["editor"]
    assert editor.controls.errors["template"] == ["Line 1: There is no frist_name; did you mean first_name?"]
    assert editor.controls.errors["timeout_seconds"] == ["Wanted a whole number from 1 to 30."]
    assert editor.headers[1].name_errors == ["The header Host is set by Leadflip itself."]
    assert 'value="soon"' in answer.content.decode()
    with acme.shop.open():
        assert AuditEvent.objects.filter(object_type="deliverychannel", action="updated").count() == 0


def test_fields_are_chosen_sorted_and_renamed(acme: Set, alice: Visitor) -> None:
    page = alice.get(path_of(acme))
    data = typed(page)
    data["fields_mode"] = "selected"
    data.setlist("field", ["zip", "first_name", "ssn"])
    data.setlist("send", ["first_name", "zip"])
    data["as-zip"] = "PLZ"
    assert post(alice, acme, data).status_code == 302
    assert channel_of(acme).fields == {"mode": "selected", "selected": [{"key": "zip", "as": "PLZ"}, {"key": "first_name"}]}
    rows = alice.get(path_of(acme)).context["editor"].fields
    assert [(row.key, row.name, row.is_sent) for row in rows[:2]] == [("zip", "PLZ", True), ("first_name", "", True)]


def test_an_encrypted_field_is_marked_and_warned_about(acme: Set, alice: Visitor) -> None:
    rows = {row.key: row for row in alice.get(path_of(acme)).context["editor"].fields}
    assert (rows["ssn"].is_encrypted, rows["ssn"].is_sent, rows["zip"].is_encrypted) == (True, False, False)
    assert "SSN is encrypted here. Ticked, it leaves Leadflip in clear text." in alice.html(path_of(acme))


def test_a_button_of_the_form_answers_with_the_form_alone_and_saves_nothing(acme: Set, alice: Visitor) -> None:
    data = typed(alice.get(path_of(acme)))
    data["url"] = "https://not-saved.example.com/"
    data["do"] = "add:headers"
    answer = post(alice, acme, data, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<!doctype html>" not in page
    assert 'name="headers-1-name"' in page
    assert "https://not-saved.example.com/" in page
    assert channel_of(acme).config["url"] == "https://partner.example.com/leads"


def test_the_same_button_works_without_javascript(acme: Set, alice: Visitor) -> None:
    data = typed(alice.get(path_of(acme)))
    data["do"] = "add:answers"
    page = post(alice, acme, data).content.decode()
    assert "<!doctype html>" in page
    assert 'name="answers-0-status"' in page


def test_another_kind_is_offered_with_a_warning_and_takes_over_when_it_is_saved(acme: Set, alice: Visitor) -> None:
    page = alice.get(path_of(acme, "?kind=email"))
    assert "What is on its way already still goes the old way" in page.content.decode()
    data = typed(page)
    data["recipients"] = "a@helios.test"
    assert post(alice, acme, data).status_code == 302
    assert channel_of(acme).kind == "email"
    with acme.shop.open():
        assert DeliveryChannel.objects.get(id=acme.channel.id).is_primary is False


def test_a_proposed_rule_is_filled_in_and_not_saved(acme: Set, alice: Visitor) -> None:
    page = alice.get(path_of(acme), data={"rules": '[{"when":{"status":202},"then":"accepted"}]'})
    assert page.context["editor"].answers[0].parts["status"] == "202"
    assert channel_of(acme).config["answers"] == []


def test_a_new_signing_secret_is_shown_once(acme: Set, alice: Visitor) -> None:
    answer = alice.post(path_of(acme, "/rotate"))
    secret = answer.context["signing_secret"]
    assert secret in answer.content.decode()
    assert "For 24 hours" in answer.content.decode()
    assert secret not in alice.html(path_of(acme))


def test_a_mail_channel_has_no_signing_secret_to_renew() -> None:
    acme = make_set(make_account(), EMAIL)
    alice = sign_in(acme.shop)
    assert alice.post(path_of(acme, "/rotate")).status_code == 302
    assert "Only a webhook has a signing secret" in alice.html(path_of(acme))


def test_pausing_and_resuming(acme: Set, alice: Visitor) -> None:
    assert alice.post(path_of(acme, "/pause"), {"reason": "Holidays"}).status_code == 302
    paused = channel_of(acme)
    assert (paused.paused_at is not None, paused.pause_reason) == (True, "Holidays")
    page = alice.get(path_of(acme))
    assert (page.context["health_state"].word, page.context["health_state"].detail) == ("Paused", "Holidays")
    assert alice.post(path_of(acme, "/resume")).status_code == 302
    assert channel_of(acme).paused_at is None


def test_a_reason_that_is_too_long_pauses_nothing(acme: Set, alice: Visitor) -> None:
    alice.post(path_of(acme, "/pause"), {"reason": "x" * 201})
    assert channel_of(acme).paused_at is None
    assert "at most 200 characters" in alice.html(path_of(acme))


def test_the_last_tries_are_listed_with_their_reasons(acme: Set, alice: Visitor) -> None:
    make_attempt(acme)
    (tried,) = alice.get(path_of(acme)).context["tries"]
    assert (tried.outcome, tried.reason) == ("delivered", "Accepted.")


@pytest.mark.parametrize("more", ["", "/test", "/pause", "/resume", "/rotate"])
def test_a_viewer_looks_and_changes_nothing(acme: Set, more: str) -> None:
    viewer = sign_in(acme.shop, "viewer")
    page = viewer.html(path_of(acme))
    assert "disabled" in page
    assert "Send test" not in page
    assert viewer.post(path_of(acme, more), {"kind": "webhook"}).status_code == 403


@pytest.mark.parametrize("more", ["", "/preview", "/test", "/pause", "/resume", "/rotate"])
def test_another_account_finds_nothing(acme: Set, more: str) -> None:
    charlie = sign_in(make_account("Charlie", "charlie@charlie.test"))
    assert charlie.get(path_of(acme)).status_code == 404
    assert charlie.post(path_of(acme, more), {"kind": "webhook"}).status_code == 404


def test_an_assignment_of_another_profile_and_what_is_no_id_are_not_found(acme: Set, alice: Visitor) -> None:
    assert alice.get(f"profiles/{new_id()}/partners/{acme.assignment.id}/delivery").status_code == 404
    assert alice.get(f"profiles/{acme.profile.id}/partners/x/delivery").status_code == 404
    assert alice.get(f"profiles/x/partners/{acme.assignment.id}/delivery").status_code == 404


def test_hostile_values_are_harmless(acme: Set, alice: Visitor) -> None:
    make_lead(acme.shop, first_name=HOSTILE)
    with acme.shop.open() as access:
        pause_channel(access, DeliveryChannel.objects.get(id=acme.channel.id), reason=HOSTILE)
    page = alice.html(path_of(acme)) + sent(alice, acme, url=HOSTILE, headers__0__name=HOSTILE).content.decode()
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img" not in page


def test_a_page_asks_the_database_a_fixed_handful_of_times(acme: Set, alice: Visitor) -> None:
    few = alice.count_queries(path_of(acme))
    for number in range(4):
        make_lead(acme.shop, email=f"jane{number}@example.com")
    make_attempt(acme)
    assert alice.count_queries(path_of(acme)) == few <= 18


def test_a_channel_is_found_by_its_id_alone(acme: Set, alice: Visitor) -> None:
    answer = alice.get(f"channels/{acme.channel.id}/")
    assert (answer.status_code, answer["Location"]) == (302, alice.url(path_of(acme)))
    assert sign_in(make_account("Charlie", "charlie@charlie.test")).get(f"channels/{acme.channel.id}/").status_code == 404
