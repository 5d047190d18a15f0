"""From collected leads to one mail, and what becomes of it."""

import pytest

from accounts.isolation import account_scope
from delivery.channels.email import digest as digest_mail
from delivery.models import Delivery, Rendering
from tests.delivery.digests.collecting import deliver, start_collecting, work
from tests.delivery.digests.mails import csv_of, names_in, names_received, numbered, text_of
from tests.flows.inbox import Inbox

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "engine"])

SSN = "078-05-1120"


def test_leads_that_collect_go_out_as_one_mail(inbox: Inbox) -> None:
    shop = start_collecting(inbox, attach_csv=True)
    shop.send(3, zip="90210")
    assert shop.states() == ["collecting"] * 3
    shop.send_digests()
    (mail,) = inbox.mails
    (digest,) = shop.digests()
    assert mail["Subject"] == "3 New Leads"
    assert mail["Message-ID"] == f"<{digest.id}@acme.test>"
    assert csv_of(mail) == [["first_name", "email", "zip", "budget"], *([name, "", "90210", ""] for name in numbered(3))]
    assert text_of(mail).startswith("3 new leads\n\nSolar West\n\nLead 1\n")
    assert text_of(mail, "html").count("<h2") == 3
    assert [(member.state, member.attempts_made) for member in shop.members()] == [("delivered", 1)] * 3
    assert (digest.lead_count, digest.size) == (3, len(inbox.raw[0]))


def test_a_digest_of_one_lead_names_it(inbox: Inbox) -> None:
    shop = start_collecting(inbox)
    shop.send(1)
    shop.send_digests()
    assert inbox.mails[0]["Subject"] == "New Lead: Lead 1"


def test_a_subject_and_a_body_of_the_users_own(inbox: Inbox) -> None:
    body = "<p>{{ first_name }} is one of {{ lead_count }}</p>"
    shop = start_collecting(inbox, subject="{{ lead_count }} for {{ partner }}", body_template=body)
    shop.send(2)
    shop.send_digests()
    (mail,) = inbox.mails
    assert mail["Subject"] == "2 for Helios Direct"
    assert text_of(mail).split("\n") == ["Lead 1 is one of 2", "", "Lead 2 is one of 2", "", ""]
    assert text_of(mail, "html").count(" is one of 2</p>") == 2


def test_nothing_is_sent_before_it_is_due(inbox: Inbox) -> None:
    shop = start_collecting(inbox)
    shop.send(3)
    work()
    deliver()
    assert (inbox.raw, shop.states()) == ([], ["collecting"] * 3)


def test_so_many_leads_do_not_wait_for_the_hour(inbox: Inbox) -> None:
    shop = start_collecting(inbox, batching={"mode": "every", "minutes": 60, "max_leads": 3}, attach_csv=True)
    shop.send(2)
    work()
    shop.send(5)
    work()
    deliver()
    assert sorted(names_in(mail) for mail in inbox.mails) == [numbered(3), numbered(6)[3:]]
    assert shop.states() == ["delivered"] * 6 + ["collecting"]


def test_all_that_is_due_goes_when_it_is_due(inbox: Inbox) -> None:
    shop = start_collecting(inbox, batching={"mode": "every", "minutes": 60, "max_leads": 3}, attach_csv=True)
    work()
    shop.send(7)
    work()
    shop.pass_an_hour()
    work()
    deliver()
    assert sorted(len(names_in(mail)) for mail in inbox.mails) == [1, 3, 3]


def test_turning_batching_off_sends_what_was_collected(inbox: Inbox) -> None:
    shop = start_collecting(inbox, attach_csv=True)
    shop.send(3)
    work()
    shop.change(batching={"mode": "off"})
    work()
    shop.send(1)
    deliver()
    together, alone = sorted(inbox.mails, key=lambda mail: -len(names_in(mail)))
    assert names_in(together) == numbered(3)
    assert (alone["Subject"], names_in(alone)) == ("New Lead: Lead 4", ["Lead 4"])


def test_a_channel_that_steps_back_sends_what_it_has_collected(inbox: Inbox) -> None:
    shop = start_collecting(inbox, attach_csv=True)
    shop.send(2)
    work()
    path = f"profiles/{shop.channel.assignment.profile_id}/assignments/{shop.channel.assignment_id}/channel"
    webhook = {"kind": "webhook", "config": {"url": "https://partner.example.com/leads"}}
    assert shop.shop.call("PUT", path, webhook).status_code == 200
    work()
    deliver()
    assert names_received(inbox) == numbered(2)


def test_a_paused_channel_collects_on(inbox: Inbox) -> None:
    shop = start_collecting(inbox, attach_csv=True)
    shop.send(2)
    work()
    assert shop.shop.call("POST", f"channels/{shop.channel.id}/pause", {"reason": "Holidays"}).status_code == 200
    shop.send(1)
    shop.send_digests()
    assert (inbox.raw, shop.states()) == ([], ["collecting"] * 3)
    assert shop.shop.call("POST", f"channels/{shop.channel.id}/resume").status_code == 200
    work()
    deliver()
    assert names_received(inbox) == numbered(3)


def test_without_a_mail_server_a_digest_is_held_and_says_why(inbox: Inbox) -> None:
    shop = start_collecting(inbox, attach_csv=True, has_server=False)
    shop.send(2)
    shop.send_digests()
    (carrier,) = shop.carriers()
    assert carrier.state == "held"
    assert "mail server" in carrier.reason
    assert [member.reason for member in shop.members()] == [carrier.reason] * 2
    shop.send(1)
    shop.set_server()
    work()
    deliver()
    assert names_received(inbox) == numbered(3)
    assert [(member.state, member.reason) for member in shop.members()] == [("delivered", "")] * 3


def test_a_subject_that_cannot_be_filled_holds_the_digest_until_it_is_mended(inbox: Inbox) -> None:
    shop = start_collecting(inbox, attach_csv=True)
    with shop.shop.open():
        channel = shop.channel
        channel.config = {**channel.config, "subject": "{{ lead.gone }}"}
        channel.save()
    shop.send(2)
    shop.send_digests()
    (carrier,) = shop.carriers()
    assert carrier.state == "held"
    assert "subject" in carrier.reason
    shop.change(subject="{{ lead_count }} leads")
    work()
    deliver()
    assert [mail["Subject"] for mail in inbox.mails] == ["2 leads"]


def test_a_failed_digest_is_tried_again_whole_and_byte_for_byte(inbox: Inbox) -> None:
    shop = start_collecting(inbox, attach_csv=True)
    inbox.answer = lambda place: "451 Later" if place == 1 else "250 Stored"
    shop.send(3)
    shop.send_digests()
    waiting = shop.members()
    assert [(member.state, member.attempts_made) for member in waiting] == [("collecting", 1)] * 3
    assert all(member.next_attempt_at == shop.carriers()[0].next_attempt_at for member in waiting)
    assert waiting[0].reason == "The mail server puts off the mail for leads@helios.test: 451 Later."
    shop.send(1)
    shop.change(subject="Another subject")
    shop.try_again()
    work()
    deliver()
    assert len(inbox.raw) == 2
    assert inbox.raw[0] == inbox.raw[1]
    assert shop.states() == ["delivered"] * 3 + ["collecting"]
    assert [(attempt.number, attempt.trigger, attempt.outcome) for attempt in shop.attempts()] == [
        (1, "automatic", "retry"),
        (2, "retry", "delivered"),
    ]


def test_a_digest_that_fails_for_good_fails_for_every_lead_in_it(inbox: Inbox) -> None:
    shop = start_collecting(inbox)
    inbox.answer = lambda _: "554 Spam"
    shop.send(2)
    shop.send_digests()
    reason = "The mail server refuses the mail for leads@helios.test: 554 Spam."
    assert [(member.state, member.reason) for member in shop.members()] == [("failed", reason)] * 2
    assert all(member.finished_at for member in shop.members())


def test_only_those_who_were_put_off_get_the_digest_again(inbox: Inbox) -> None:
    recipients = [f"{name}@helios.test" for name in ("a", "b", "c", "d", "e")]
    shop = start_collecting(inbox, recipients=recipients)
    inbox.refusals = {"b@helios.test": ["550 No such user"], "d@helios.test": ["452 Too many"], "e@helios.test": ["452 Too many"] * 2}
    shop.send(2)
    shop.send_digests()
    assert shop.states() == ["collecting"] * 2
    shop.try_again()
    deliver()
    shop.try_again()
    deliver()
    assert inbox.recipients == [["a@helios.test", "c@helios.test"], ["d@helios.test"], ["e@helios.test"]]
    assert len(set(inbox.raw)) == 1
    assert shop.states() == ["delivered"] * 2
    assert shop.attempts()[-1].reason == "The mail server has accepted the mail. b@helios.test was refused: 550."


def test_a_digest_beyond_the_limit_goes_in_several_mails(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest_mail, "MAX_BYTES", 120_000)
    shop = start_collecting(inbox, attach_csv=True, subject="{{ lead_count }}")
    shop.send(60, email="jane@example.com", zip="9" * 1_000)
    shop.send_digests()
    sizes = [len(names_in(mail)) for mail in inbox.mails]
    assert len(sizes) > 2
    assert sorted(names_received(inbox)) == sorted(numbered(60))
    assert [mail["Subject"] for mail in inbox.mails] == [str(size) for size in sizes]
    assert max(map(len, inbox.raw)) <= 120_000
    assert sorted(digest.lead_count for digest in shop.digests()) == sorted(sizes)
    assert shop.states() == ["delivered"] * 60


def test_a_long_digest_is_put_together_in_steps_and_lists_its_first_leads(inbox: Inbox) -> None:
    shop = start_collecting(inbox, attach_csv=True)
    shop.send(250)
    shop.send_digests()
    (mail,) = inbox.mails
    assert names_in(mail) == numbered(250)
    assert text_of(mail, "html").count("<h2") == 200
    assert "… and 50 more in the attached file." in text_of(mail)
    with account_scope(shop.shop.account.id):
        assert Rendering.objects.filter(piece__gt=0).count() > 6


def test_a_lead_that_no_mail_can_be_made_of_fails_by_itself(inbox: Inbox) -> None:
    shop = start_collecting(inbox, attach_csv=True, body_template="{{ email }}")
    shop.send(3)
    with shop.shop.open():
        lead = Delivery.objects.order_by("id")[1].lead
        assert lead is not None
        lead.wrapped_key = b"\x01 tampered with"
        lead.save()
    shop.send_digests()
    assert names_received(inbox) == ["Lead 1", "Lead 3"]
    assert inbox.mails[0]["Subject"] == "2 New Leads"
    assert shop.states() == ["delivered", "failed", "delivered"]
    assert "can no longer be read" in shop.members()[1].reason


def test_the_mail_is_kept_sealed(inbox: Inbox) -> None:
    fields = {"mode": "all", "include_encrypted": True}
    shop = start_collecting(inbox, attach_csv=True, fields=fields)
    shop.send(2, ssn=SSN)
    shop.send_digests()
    assert csv_of(inbox.mails[0])[1] == ["Lead 1", "", "", "", SSN]
    with account_scope(shop.shop.account.id):
        kept = [bytes(one.sealed_body) for one in Rendering.objects.all()]
        assert Rendering.objects.get(piece=0).has_encrypted
    assert not any(b"Lead 1" in one or SSN.encode() in one for one in kept)


def test_every_lead_of_a_thousand_is_in_exactly_one_digest(inbox: Inbox) -> None:
    shop = start_collecting(inbox, attach_csv=True, batching={"mode": "every", "minutes": 60, "max_leads": 300}, format="none")
    for _ in range(4):
        shop.send(250)
        work()
    shop.send_digests()
    assert sorted(names_received(inbox)) == sorted(numbered(1_000))
    assert sum(digest.lead_count for digest in shop.digests()) == 1_000
    assert all(member.digest_id for member in shop.members())
