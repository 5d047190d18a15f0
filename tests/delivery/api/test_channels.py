from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from delivery.channel_settings import unseal_secrets
from delivery.models import ChannelHealth, Delivery, DeliveryChannel
from tests.builders import EMAIL, WEBHOOK, Set, make_account, make_assignment, make_channel, make_lead, make_partner, make_set

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

URL = "https://partner.example.com/webhooks/leads"
SECRET_HEADER = {"name": "X-Api-Key", "value": "s3cret", "secret": True}
FULL = {
    "kind": "webhook",
    "fields": {"mode": "all", "include_encrypted": False},
    "config": {"url": URL, "payload_format": "json", "timeout_seconds": 20, "headers": [SECRET_HEADER], "retry": {"policy": "standard"}},
}


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


@pytest.fixture
def path(acme: Set) -> str:
    """The channel of an assignment that has none yet."""
    assignment = make_assignment(acme.shop, acme.profile, make_partner(acme.shop, "Sunrise"))
    return f"profiles/{acme.profile.id}/assignments/{assignment.id}/channel"


def stored_secrets(acme: Set, channel_id: str) -> dict[str, str]:
    with acme.shop.open() as access:
        channel = DeliveryChannel.objects.get(id=channel_id)
        return unseal_secrets(access.vault, channel.id, channel.sealed_secrets)


def errors_of(answer: Any) -> set[tuple[str, str]]:
    assert answer.status_code == 400, answer.content
    return {(error["attr"], error["code"]) for error in answer.json()["errors"]}


def test_a_webhook_is_set_in_one_call_and_answers_its_secret_once(acme: Set, path: str) -> None:
    assert acme.shop.call("GET", path).status_code == 404
    answer = acme.shop.call("PUT", path, FULL)
    assert answer.status_code == 200
    channel = answer.json()
    secret = channel.pop("signing_secret")
    assert secret.startswith("whsec_")
    assert (channel["kind"], channel["fields"], channel["is_primary"], channel["is_paused"]) == ("webhook", FULL["fields"], True, False)
    assert (channel["partner_name"], channel["profile_name"]) == ("Sunrise", "Solar West")
    assert channel["config"]["url"] == URL
    assert channel["config"]["headers"] == [{"name": "X-Api-Key", "secret": True, "value": None}]
    assert acme.shop.get(path) == channel
    assert stored_secrets(acme, channel["id"]) == {"signing_secret": secret, "header:x-api-key": "s3cret"}


def test_a_second_put_keeps_the_id_and_the_secrets(acme: Set, path: str) -> None:
    first = acme.shop.call("PUT", path, FULL).json()
    second = acme.shop.call("PUT", path, {**FULL, "config": {**acme.shop.get(path)["config"], "timeout_seconds": 5}}).json()
    assert second["id"] == first["id"]
    assert "signing_secret" not in second
    assert second["config"]["timeout_seconds"] == 5
    assert stored_secrets(acme, first["id"]) == {"signing_secret": first["signing_secret"], "header:x-api-key": "s3cret"}


def test_an_answer_may_be_sent_back_as_it_came(acme: Set, path: str) -> None:
    first = acme.shop.call("PUT", path, FULL).json()
    for method, address in (("PATCH", f"channels/{first['id']}"), ("PUT", path)):
        again = acme.shop.call(method, address, acme.shop.get(path))
        assert (again.status_code, again.json()["config"]) == (200, first["config"]), again.content
    assert stored_secrets(acme, first["id"])["signing_secret"] == first["signing_secret"]


def test_another_kind_takes_the_place_and_the_old_one_stays_on_record(acme: Set) -> None:
    path = f"profiles/{acme.profile.id}/assignments/{acme.assignment.id}/channel"
    mail = acme.shop.call("PUT", path, EMAIL).json()
    assert mail["id"] != str(acme.channel.id)
    assert "signing_secret" not in mail
    assert acme.shop.get(path)["id"] == mail["id"]
    assert acme.shop.get(f"channels/{acme.channel.id}")["is_primary"] is False
    lead = make_lead(acme.shop)
    with acme.shop.open():
        assert str(Delivery.objects.get(lead=lead).channel_id) == mail["id"]


def test_every_fault_is_told_at_its_path(acme: Set, path: str) -> None:
    config = {
        "url": "ftp://x",
        "timeout_seconds": 99,
        "headers": [{"name": "Host", "value": "a"}],
        "retry": {"policy": "often"},
        "colour": "red",
    }
    body = {"kind": "webhook", "fields": {"mode": "selected", "selected": [{"key": "phone"}]}, "config": config}
    attrs = {attr for attr, _ in errors_of(acme.shop.call("PUT", path, body))}
    assert attrs == {
        "fields.selected.0.key", "config.url", "config.timeout_seconds", "config.headers.0.name", "config.retry.policy", "config.colour",
    }  # fmt: skip


def test_a_kind_that_there_is_not(acme: Set, path: str) -> None:
    assert errors_of(acme.shop.call("PUT", path, {**FULL, "kind": "fax"})) == {("kind", "invalid_choice")}
    assert errors_of(acme.shop.call("PUT", path, {"kind": "webhook"})) == {("config", "required")}
    assert errors_of(acme.shop.call("PUT", path, {"kind": "webhook", "config": "x"})) == {("config", "invalid")}


def test_a_channel_is_made_by_the_id_of_its_assignment_too(acme: Set) -> None:
    assignment = make_assignment(acme.shop, acme.profile, make_partner(acme.shop, "Sunrise"))
    answer = acme.shop.call("POST", "channels", {"assignment": str(assignment.id), **FULL})
    assert answer.status_code == 201
    assert answer.json()["signing_secret"].startswith("whsec_")
    assert acme.shop.get("channels")["results"][0]["id"] == answer.json()["id"]
    missing = acme.shop.call("POST", "channels", {"assignment": str(acme.profile.id), **FULL})
    assert errors_of(missing) == {("assignment", "does_not_exist")}


def test_patch_changes_what_it_names(acme: Set) -> None:
    before = acme.shop.get(f"channels/{acme.channel.id}")
    answer = acme.shop.call("PATCH", f"channels/{acme.channel.id}", {"config": {"max_in_flight": 2}})
    assert answer.json()["config"] == before["config"] | {"max_in_flight": 2}
    assert answer.json()["fields"] == before["fields"]
    with acme.shop.open():
        assert DeliveryChannel.objects.get(id=acme.channel.id).max_in_flight == 2
    assert errors_of(acme.shop.call("PATCH", f"channels/{acme.channel.id}", {"kind": "email"})) == {("kind", "immutable")}


def test_a_rate_is_set_kept_and_taken_away(acme: Set) -> None:
    address = f"channels/{acme.channel.id}"
    seen = []
    for config in ({"rate_per_minute": 90}, {"timeout_seconds": 5}, {"rate_per_minute": None}):
        answer = acme.shop.call("PATCH", address, {"config": config}).json()
        with acme.shop.open():
            seen.append((answer["config"]["rate_per_minute"], DeliveryChannel.objects.get(id=acme.channel.id).rate_per_minute))
    assert seen == [(90, 90), (90, 90), (None, None)]


@pytest.mark.parametrize("rate", [0, 60_001, "60", 1.5, True])
def test_a_wrong_rate_is_refused_with_what_is_wanted(acme: Set, rate: Any) -> None:
    answer = acme.shop.call("PATCH", f"channels/{acme.channel.id}", {"config": {"rate_per_minute": rate}})
    assert errors_of(answer) == {("config.rate_per_minute", "invalid")}
    assert answer.json()["errors"][0]["detail"] == "Wanted a whole number from 1 to 60000."


def rest(acme: Set) -> None:
    """The channel's breaker is open."""
    now = timezone.now()
    with acme.shop.open():
        ChannelHealth.objects.create(
            channel=acme.channel, account=acme.shop.account, failing_since=now, failures_in_a_row=5, opened_at=now, openings=1,
            open_until=now + timedelta(seconds=30), allowed_in_flight=1, incident_at=now,
        )  # fmt: skip


def test_a_channel_shows_its_breaker(acme: Set) -> None:
    rest(acme)
    health = acme.shop.get(f"channels/{acme.channel.id}")["health"]
    assert (health["breaker"], health["allowed_in_flight"], health["failures_in_a_row"], health["recovered_at"]) == ("open", 1, 5, None)
    assert health["open_until"] > health["failing_since"]


def test_what_waits_for_the_breaker_is_held_in_the_log(acme: Set) -> None:
    rest(acme)
    (row,) = acme.shop.get("deliveries?state=held")["results"]
    assert row["state"] == "held"
    assert row["reason"].startswith("The partner does not take leads at present. The next one is tried at ")
    assert row["next_attempt_at"] is not None
    assert acme.shop.get("deliveries?state=queued")["results"] == []
    assert acme.shop.get(f"deliveries/{row['id']}")["state"] == "held"


@pytest.mark.parametrize("change", ["PATCH", "resume"])
def test_mending_a_channel_ends_its_rest(acme: Set, change: str) -> None:
    rest(acme)
    address = f"channels/{acme.channel.id}"
    if change == "resume":
        acme.shop.call("POST", f"{address}/pause", {})
        acme.shop.call("POST", f"{address}/resume")
    else:
        acme.shop.call("PATCH", address, {"config": {"url": "https://partner.example.com/leads/new"}})
    with acme.shop.open():
        health = ChannelHealth.objects.get()
    # One probe, before the others follow.
    assert (health.breaker, health.allowed_in_flight, health.failing_since, health.failures_in_a_row) == ("open", 1, None, 0)
    assert health.open_until is not None
    assert health.open_until <= timezone.now()


def test_a_secret_header_never_comes_back(acme: Set, path: str) -> None:
    channel = acme.shop.call("PUT", path, FULL).json()
    texts = [acme.shop.call("GET", address).content.decode() for address in (path, "channels", f"channels/{channel['id']}", "audit")]
    texts.append(acme.shop.call("POST", f"channels/{channel['id']}/preview", {}).content.decode())
    assert not any("s3cret" in text or channel["signing_secret"] in text for text in texts)


def test_a_rotated_secret_is_answered_once_and_the_old_one_kept(acme: Set) -> None:
    old = stored_secrets(acme, str(acme.channel.id))["signing_secret"]
    new = acme.shop.call("POST", f"channels/{acme.channel.id}/rotate-secret").json()["signing_secret"]
    kept = stored_secrets(acme, str(acme.channel.id))
    assert new != old
    assert (kept["signing_secret"], kept["previous_signing_secret"]) == (new, old)
    with acme.shop.open():
        event = AuditEvent.objects.latest("id")
    assert (event.action, event.changes) == ("rotated", {"sealed_secrets": ["••••••", "••••••"]})


def test_a_mail_channel_has_no_secret_to_rotate(acme: Set) -> None:
    mail = make_channel(acme.shop, acme.assignment, EMAIL)
    assert acme.shop.call("POST", f"channels/{mail.id}/rotate-secret").status_code == 409


def delivery_of(acme: Set) -> Delivery:
    with acme.shop.open():
        return Delivery.objects.get(lead=acme.lead)


def test_a_paused_channel_holds_what_waits_and_a_resumed_one_queues_it(acme: Set) -> None:
    paused = acme.shop.call("POST", f"channels/{acme.channel.id}/pause", {"reason": "Holidays."}).json()
    assert (paused["is_paused"], paused["pause_reason"]) == (True, "Holidays.")
    assert (delivery_of(acme).state, delivery_of(acme).reason) == ("held", "The channel is paused. Holidays.")
    late = make_lead(acme.shop)
    with acme.shop.open():
        assert Delivery.objects.get(lead=late).state == "held"
    resumed = acme.shop.call("POST", f"channels/{acme.channel.id}/resume").json()
    assert (resumed["is_paused"], resumed["pause_reason"]) == (False, "")
    assert (delivery_of(acme).state, delivery_of(acme).reason) == ("queued", "")
    with acme.shop.open():
        assert [event.action for event in AuditEvent.objects.order_by("-id")[:2]] == ["resumed", "paused"]


def test_a_channel_that_delivered_stays(acme: Set) -> None:
    path = f"profiles/{acme.profile.id}/assignments/{acme.assignment.id}/channel"
    for address in (path, f"channels/{acme.channel.id}"):
        answer = acme.shop.call("DELETE", address)
        assert answer.status_code == 409
        assert "deliveries" in answer.json()["errors"][0]["detail"]


def test_a_channel_without_deliveries_goes(acme: Set, path: str) -> None:
    acme.shop.call("PUT", path, FULL)
    assert acme.shop.call("DELETE", path).status_code == 204
    assert acme.shop.call("GET", path).status_code == 404


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(acme: Set, django_assert_num_queries: Any) -> None:
    for number in range(4):
        make_channel(acme.shop, make_assignment(acme.shop, acme.profile, make_partner(acme.shop, f"P{number}")), WEBHOOK)
    acme.shop.get("channels")  # notes the key's use, once a minute
    with django_assert_num_queries(4):
        assert len(acme.shop.get("channels")["results"]) == 5


BEARER = {"kind": "bearer", "token": "t0ken-abcdef"}


def test_a_token_is_kept_and_never_comes_back(acme: Set) -> None:
    path = f"channels/{acme.channel.id}"
    answer = acme.shop.call("PATCH", path, {"config": {"auth": BEARER}})
    assert answer.json()["config"]["auth"] == {"kind": "bearer", "is_set": True}
    again = acme.shop.call("PATCH", path, {"config": {"auth": {"kind": "bearer", "is_set": True}, "timeout_seconds": 5}})
    assert again.status_code == 200, again.content
    assert stored_secrets(acme, str(acme.channel.id))["auth:bearer"] == "t0ken-abcdef"
    shown = acme.shop.call("POST", f"{path}/preview", {}).json()
    assert shown["headers"]["Authorization"] == "Bearer ••••••"
    texts = [acme.shop.call("GET", address).content.decode() for address in (path, "channels", "audit")]
    assert not any("t0ken-abcdef" in text for text in texts)


def test_a_token_does_not_follow_to_another_host(acme: Set) -> None:
    path = f"channels/{acme.channel.id}"
    before = acme.shop.call("PATCH", path, {"config": {"auth": BEARER}}).json()["config"]
    moved = acme.shop.call("PATCH", path, {"config": {"url": "https://evil.example.com/leads"}})
    assert errors_of(moved) == {("config.auth.token", "required")}
    assert acme.shop.get(path)["config"] == before
    given = acme.shop.call("PATCH", path, {"config": {"url": "https://new.example.com/leads", "auth": BEARER}})
    assert given.json()["config"]["url"] == "https://new.example.com/leads"


def test_a_body_of_the_partners_own_shape_is_saved_and_shown(acme: Set) -> None:
    path = f"channels/{acme.channel.id}"
    config = {"payload_format": "template", "template": '{"who": {{ lead_name }}, "zip": "{{ zip }}", "fixed": [1]}'}
    assert acme.shop.call("PATCH", path, {"config": config}).status_code == 200
    shown = acme.shop.call("POST", f"{path}/preview", {"lead": str(acme.lead.id)}).json()
    assert (shown["content_type"], shown["body"]) == ("application/json", '{"who": "Jane", "zip": "90210", "fixed": [1]}')
    assert shown["headers"] == {"Content-Type": "application/json", "User-Agent": "Leadflip/1 (Standard Webhooks 1.0)"}
    broken = acme.shop.call("PATCH", path, {"config": {"template": '{"who": {{ lead_nam }}}'}})
    assert errors_of(broken) == {("config.template", "unknown_name")}


def test_rules_about_answers_come_back_as_they_were_typed(acme: Set) -> None:
    rules = [{"when": {"json": {"path": "$.price", "equals": 1.5}}, "then": "rejected", "reason": "Too cheap."}]
    config = acme.shop.call("PATCH", f"channels/{acme.channel.id}", {"config": {"answers": rules, "take": {"price": "$.price"}}}).json()[
        "config"
    ]
    assert (config["answers"], config["take"]) == (rules, {"price": "$.price"})
