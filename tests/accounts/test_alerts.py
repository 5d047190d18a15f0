"""Alerts: told once per incident, shown to the account, mailed to its owners and admins."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.alerts import forget_old_alerts, raise_alert, resolve_alerts, send_alerts
from accounts.ids import new_id
from accounts.models import Alert, AlertKind, OutgoingMail
from tests.accounts.alerting import make_alert
from tests.builders import Shop, make_account, make_member

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

SUBJECT = new_id()


def raise_in(shop: Shop, **values: Any) -> None:
    with shop.open():
        raise_alert(make_alert(shop, SUBJECT, **values))


def incidents(shop: Shop, query: str = "") -> list[str]:
    return [row["title"] for row in shop.get(f"alerts{query}")["results"]]


def test_an_incident_is_told_once_per_kind() -> None:
    acme = make_account()
    raise_in(acme)
    raise_in(acme, title="The same again")
    raise_in(acme, kind=AlertKind.CHANNEL_STILL_FAILING, title="For a day")
    raise_in(acme, incident="The second one", title="Another one")
    assert incidents(acme) == ["Another one", "For a day", "Helios Direct does not take leads at present"]


def test_two_accounts_have_alerts_of_their_own() -> None:
    acme, other = make_account(), make_account("Other", "charlie@other.test")
    raise_in(acme)
    raise_in(other, title="Another's")
    assert (len(incidents(acme)), incidents(other)) == (1, ["Another's"])


def test_the_database_holds_one_per_incident_and_kind() -> None:
    acme = make_account()
    raise_in(acme)
    with acme.open():
        alert = Alert.objects.get()
        alert.pk = new_id()
        with pytest.raises(IntegrityError, match="alert_once_per_incident"), transaction.atomic():
            alert.save(force_insert=True)


def test_open_ones_are_those_whose_cause_still_stands() -> None:
    acme = make_account()
    raise_in(acme, title="Open")
    raise_in(acme, incident="2", title="Over", resolved_at=timezone.now() - timedelta(seconds=1))
    raise_in(acme, incident="3", title="Over tomorrow", resolved_at=timezone.now() + timedelta(days=1))
    assert incidents(acme, "?open=1") == ["Over tomorrow", "Open"]
    assert len(incidents(acme)) == 3


def test_open_takes_nothing_else() -> None:
    answer = make_account().call("GET", "alerts?open=perhaps")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "open")


def test_what_happens_again_in_the_same_incident_is_open_again_and_not_mailed_again() -> None:
    acme = make_account()
    raise_in(acme)
    send_alerts()
    with acme.open():
        resolve_alerts(SUBJECT)
    assert incidents(acme, "?open=1") == []
    raise_in(acme)
    assert len(incidents(acme, "?open=1")) == 1
    assert not send_alerts()


def test_reading_it_sets_the_first_time_for_good() -> None:
    acme = make_account()
    raise_in(acme)
    (row,) = acme.get("alerts")["results"]
    assert row["read_at"] is None
    first = acme.call("POST", f"alerts/{row['id']}/read").json()["read_at"]
    assert first is not None
    assert acme.call("POST", f"alerts/{row['id']}/read").json()["read_at"] == first


def test_owners_and_admins_get_one_mail_of_all_that_is_new() -> None:
    acme = make_account()
    make_member(acme, "adam@acme.test", "admin")
    make_member(acme, "mel@acme.test", "member")
    make_member(acme, "vic@acme.test", "viewer")
    make_account("Other", "charlie@other.test")
    raise_in(acme, title="Helios Direct does not take leads at present", text="The latest deliveries failed.")
    raise_in(acme, incident="2", title="Sunrise has used up its cap today", text="500 of 500 leads.")
    assert send_alerts()
    mails = list(OutgoingMail.objects.order_by("to"))
    assert [mail.to for mail in mails] == ["adam@acme.test", "alice@acme.test"]
    assert mails[0].subject == "Acme: Helios Direct does not take leads at present (and 1 more)"
    assert mails[0].text.startswith(
        "Helios Direct does not take leads at present\n\nThe latest deliveries failed.\n\n\nSunrise has used up its cap today\n\n"
    )
    assert "You get this as an owner or admin of Acme at " in mails[0].text


def test_nothing_is_mailed_twice() -> None:
    acme = make_account()
    raise_in(acme)
    assert [send_alerts(), send_alerts()] == [True, False]
    assert OutgoingMail.objects.count() == 1


def test_somebody_who_may_not_sign_in_gets_no_mail() -> None:
    acme = make_account()
    adam = make_member(acme, "adam@acme.test", "admin")
    adam.is_active = False
    adam.save()
    raise_in(acme)
    send_alerts()
    assert [mail.to for mail in OutgoingMail.objects.all()] == ["alice@acme.test"]


def test_what_was_over_three_months_ago_is_forgotten_and_what_stands_open_is_not() -> None:
    acme, other = make_account(), make_account("Other", "charlie@other.test")
    long_ago = timezone.now() - timedelta(days=91)
    raise_in(acme, title="Open since", created_at=long_ago)
    raise_in(acme, incident="2", title="Over", created_at=long_ago, resolved_at=long_ago)
    raise_in(acme, incident="3", title="Over lately", resolved_at=timezone.now() - timedelta(days=89))
    raise_in(other, title="Over there", created_at=long_ago, resolved_at=long_ago)
    assert forget_old_alerts() == 2
    assert (sorted(incidents(acme)), incidents(other)) == (["Open since", "Over lately"], [])
