"""The log in the dashboard, and what is done to deliveries from there."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Job
from delivery.models import ChannelHealth, Delivery, DeliveryState
from tests.builders import Set, make_account, make_lead, make_set
from tests.pages import HTMX, Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


@pytest.fixture
def alice(acme: Set) -> Visitor:
    return sign_in(acme.shop)


def _move(acme: Set, state: str, **values: Any) -> None:
    with acme.shop.open():
        Delivery.objects.filter(id=acme.delivery_id).update(state=state, next_attempt_at=None, **values)


def _state(acme: Set) -> str:
    with acme.shop.open():
        return Delivery.objects.get(id=acme.delivery_id).state


def test_the_log_names_the_lead_its_way_and_its_state(acme: Set, alice: Visitor) -> None:
    page = alice.html("deliveries/")
    for words in ("Jane", "Solar West", "Helios Direct", "Webhook", "Queued"):
        assert words in page.split("<main")[1]


def test_an_empty_log_says_when_it_fills() -> None:
    assert "Nothing was sent yet" in sign_in(make_account()).html("deliveries/")


def test_tabs_count_and_narrow(acme: Set, alice: Visitor) -> None:
    _move(acme, "failed")
    page = alice.get("deliveries/?state=failed")
    assert {tab.label: tab.count for tab in page.context["tabs"]} == {
        "All": "", "Delivered": "0", "On their way": "0", "Held": "0", "Rejected": "0", "Failed": "1", "Cancelled": "0",
    }  # fmt: skip
    assert len(page.context["slice"].rows) == 1
    assert alice.get("deliveries/?state=delivered").context["slice"].rows == []


@pytest.mark.parametrize("query", ["", "?q=jane@example", "?state=held"])
def test_what_waits_for_an_open_breaker_counts_as_held(acme: Set, alice: Visitor, query: str) -> None:
    with acme.shop.open() as access:
        until = timezone.now() + timedelta(minutes=1)
        ChannelHealth.objects.create(channel=acme.channel, account_id=access.account_id, opened_at=timezone.now(), open_until=until)
    page = alice.get(f"deliveries/{query}")
    counts = {tab.label: tab.count for tab in page.context["tabs"]}
    assert (counts["Held"], counts["On their way"], len(page.context["slice"].rows)) == ("1", "0", 1)


@pytest.mark.parametrize(("text", "number"), [("jane@example", 1), ("JANE", 1), ("nobody", 0), ("078-05-1120", 0)])
def test_a_lead_is_found_by_its_plain_values_and_never_by_encrypted_ones(acme: Set, alice: Visitor, text: str, number: int) -> None:
    assert len(alice.get("deliveries/", query_params={"q": text}).context["slice"].rows) == number


def test_a_lead_and_a_delivery_are_found_by_their_ids(acme: Set, alice: Visitor) -> None:
    for record_id in (acme.lead.id, acme.delivery_id):
        assert [row.delivery.id for row in alice.get(f"deliveries/?q={record_id}").context["slice"].rows] == [acme.delivery_id]


def test_filters_that_cannot_be_read_show_their_fault_and_narrow_nothing(alice: Visitor) -> None:
    page = alice.get("deliveries/?since=yesterday&profile=x&state=lost")
    assert page.status_code == 200
    assert len(page.context["slice"].rows) == 1
    assert set(page.context["form"].errors) == {"since", "profile", "state"}


def test_htmx_gets_the_log_alone(alice: Visitor) -> None:
    part = alice.html("deliveries/", headers=HTMX)
    assert "<html" not in part
    assert "Jane" in part


def test_one_that_failed_is_sent_again(acme: Set, alice: Visitor) -> None:
    _move(acme, "failed")
    alice.post(f"deliveries/{acme.delivery_id}/resend", {"rendering": "fresh"})
    assert _state(acme) == DeliveryState.QUEUED


def test_one_that_waits_is_cancelled_and_then_it_is_too_late(acme: Set, alice: Visitor) -> None:
    alice.post(f"deliveries/{acme.delivery_id}/cancel")
    assert _state(acme) == DeliveryState.CANCELLED
    answer = alice.post(f"deliveries/{acme.delivery_id}/cancel", follow=True)
    assert 'class="message message-error"' in answer.content.decode()


def test_no_link_sets_off_an_act(acme: Set, alice: Visitor) -> None:
    assert alice.get(f"deliveries/{acme.delivery_id}/cancel").status_code == 405
    assert _state(acme) == DeliveryState.QUEUED


def test_many_are_counted_before_they_are_sent_again_in_a_job(acme: Set, alice: Visitor) -> None:
    _move(acme, "failed")
    make_lead(acme.shop)
    assert alice.get("deliveries/resend?state=failed").context["count"] == 1
    answer = alice.post("deliveries/resend?state=failed", {"rendering": "original", "per_second": "20"})
    with acme.shop.open():
        job = Job.objects.get(kind="resend")
    assert answer["Location"] == alice.url(f"jobs/{job.id}/")
    assert (job.params["filter"]["states"], job.params["per_second"]) == (["failed"], 20)
    assert "Resending deliveries" in alice.html(f"jobs/{job.id}/")


def test_selected_ones_alone_are_meant(acme: Set, alice: Visitor) -> None:
    make_lead(acme.shop)
    assert alice.get(f"deliveries/cancel?id={acme.delivery_id}").context["count"] == 1
    assert alice.get("deliveries/cancel?id=nonsense").context["count"] == 0


def test_a_job_is_stopped(acme: Set, alice: Visitor) -> None:
    alice.post("deliveries/cancel")
    with acme.shop.open():
        job = Job.objects.get(kind="cancel")
    alice.post(f"jobs/{job.id}/cancel")
    with acme.shop.open():
        job.refresh_from_db()
    assert job.state == "cancelled"


def test_the_log_as_csv_has_the_same_filters(acme: Set, alice: Visitor) -> None:
    def lines(query: str) -> list[dict[str, str]]:
        content = b"".join(alice.get(f"deliveries/export?{query}").streaming_content).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(content)))

    assert [line["lead_name"] for line in lines("")] == ["Jane"]
    assert lines("state=failed") == []


def test_a_viewer_looks_and_changes_nothing(acme: Set) -> None:
    viewer = sign_in(acme.shop, "viewer")
    page = viewer.html(f"deliveries/{acme.delivery_id}/").split("<main")[1]
    assert "Cancel" not in page
    for path in (f"{acme.delivery_id}/cancel", f"{acme.delivery_id}/resend", "resend", "cancel"):
        assert viewer.post(f"deliveries/{path}").status_code == 403
    assert _state(acme) == DeliveryState.QUEUED


def test_another_accounts_delivery_is_not_there(acme: Set) -> None:
    charlie = sign_in(make_account("Charlie", "charlie@charlie.test"))
    assert charlie.get(f"deliveries/{acme.delivery_id}/").status_code == 404
    assert charlie.get("deliveries/").context["slice"].rows == []


def test_a_hostile_lead_stays_text_and_short(acme: Set, alice: Visitor) -> None:
    make_lead(acme.shop, first_name="<img src=x onerror=alert(1)>" + "x" * 900)
    page = alice.html("deliveries/")
    assert "<img src=x" not in page
    assert "x" * 100 not in page


def test_the_log_costs_the_same_queries_however_full_it_is(acme: Set, alice: Visitor) -> None:
    few = alice.count_queries("deliveries/")
    for _ in range(10):
        make_lead(acme.shop)
    assert alice.count_queries("deliveries/") == few
    assert few <= 30
