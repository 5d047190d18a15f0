"""Leadflip's own mails: written down with the change that wants them, sent afterwards, tried again, given up."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from aiosmtpd.smtp import SMTP
from django.db import transaction

from accounts.models import OutgoingMail
from accounts.outbox import post, send_due
from leadflip import background
from tests.flows.inbox import Inbox, running_inbox, serving

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def inbox(settings: Any) -> Iterator[Inbox]:
    with running_inbox() as inbox:
        use_server(settings, inbox.port)
        yield inbox


def use_server(settings: Any, port: int) -> None:
    settings.MAILERS = {
        "default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": {"host": "127.0.0.1", "port": port, "timeout": 5}}
    }


class Refusing:
    """A server that answers every recipient with `answer`."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    async def handle_RCPT(self, *_: Any) -> str:  # noqa: N802 - aiosmtpd's name for it
        return self.answer


@pytest.fixture
def refused(settings: Any, request: pytest.FixtureRequest) -> Iterator[None]:
    with serving(lambda loop: SMTP(Refusing(request.param), loop=loop, hostname="inbox.test")) as served:
        use_server(settings, served.port)
        yield


def post_one(to: str = "jane@example.com") -> None:
    post(to=to, subject="Confirm your address", text="https://leadflip.test/confirm/1\n", html="<p>Confirm</p>")


def test_a_mail_is_sent_as_it_was_posted_and_its_row_goes(inbox: Inbox) -> None:
    post_one()
    assert send_due()
    [mail] = inbox.mails
    assert (mail["To"], mail["Subject"], mail["From"]) == ("jane@example.com", "Confirm your address", "Leadflip <leadflip@localhost>")
    text, html = mail.iter_parts()
    assert text.get_content().splitlines() == ["https://leadflip.test/confirm/1"]
    assert html.get_content().splitlines() == ["<p>Confirm</p>"]
    assert not OutgoingMail.objects.exists()
    assert not send_due()


def test_a_mail_without_html_is_plain_text(inbox: Inbox) -> None:
    post(to="jane@example.com", subject="Hello", text="Only text.\n")
    send_due()
    [mail] = inbox.mails
    assert (mail.get_content_type(), mail.get_content().splitlines()) == ("text/plain", ["Only text."])


def test_all_that_are_due_go_over_one_connection(settings: Any) -> None:
    inbox = Inbox()
    with serving(lambda loop: SMTP(inbox, loop=loop, hostname="inbox.test")) as served:
        use_server(settings, served.port)
        for number in range(3):
            post_one(f"jane{number}@example.com")
        background.work()
        assert served.connections == 1
    assert inbox.recipients == [["jane0@example.com"], ["jane1@example.com"], ["jane2@example.com"]]


def test_what_is_rolled_back_sends_no_mail(inbox: Inbox) -> None:
    with transaction.atomic():
        post_one()
        transaction.set_rollback(True)
    assert not send_due()
    assert inbox.raw == []


def test_a_subject_with_line_breaks_adds_no_header(inbox: Inbox) -> None:
    post(to="jane@example.com", subject="Join Acme\r\nBcc: everyone@example.com", text="x")
    send_due()
    [mail] = inbox.mails
    assert mail["Subject"] == "Join Acme Bcc: everyone@example.com"
    assert mail["Bcc"] is None
    assert inbox.recipients == [["jane@example.com"]]


@pytest.mark.parametrize("refused", ["451 Come back later"], indirect=True)
def test_a_refused_mail_is_tried_again_ever_more_rarely_and_given_up_after_a_day(refused: None, caplog: pytest.LogCaptureFixture) -> None:
    with time_machine.travel(NOW, tick=False) as now:
        post_one()
        tries = []
        while mail := OutgoingMail.objects.first():
            now.move_to(mail.next_try_at)
            tries.append(mail.next_try_at - NOW)
            assert send_due()
            assert not send_due()
    hours = [timedelta(), timedelta(seconds=30), timedelta(minutes=2.5), timedelta(minutes=12.5), timedelta(minutes=72.5)]
    # 6 h after that, and again: the next one would be 25 h 12 min after it was posted.
    hours += [timedelta(minutes=72.5, hours=6 * number) for number in (1, 2, 3)]
    assert tries == hours
    assert "is given up after 8 tries" in caplog.text
    assert "jane@example.com" not in caplog.text


@pytest.mark.parametrize("refused", ["550 No such person jane@example.com"], indirect=True)
def test_a_mail_that_is_refused_for_good_is_given_up_at_once(refused: None, caplog: pytest.LogCaptureFixture) -> None:
    post_one()
    send_due()
    assert not OutgoingMail.objects.exists()
    assert "the recipient is refused with 550" in caplog.text
    assert "jane@example.com" not in caplog.text


def test_a_refused_mail_does_not_hold_up_the_next(settings: Any) -> None:
    class Picky(Inbox):
        async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
            if address.startswith("later"):
                return "451 Come back later"
            envelope.rcpt_tos.append(address)
            return "250 OK"

    inbox = Picky()
    with serving(lambda loop: SMTP(inbox, loop=loop, hostname="inbox.test")) as served:
        use_server(settings, served.port)
        post_one("later@example.com")
        post_one("jane@example.com")
        send_due()
    assert inbox.recipients == [["jane@example.com"]]
    assert OutgoingMail.objects.get().to == "later@example.com"


def test_an_address_that_is_none_is_given_up(inbox: Inbox) -> None:
    post_one("jane@example.com, joe@example.com")
    send_due()
    assert inbox.raw == []
    assert not OutgoingMail.objects.exists()


def test_while_no_server_answers_all_wait_for_the_same_silence(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    with running_inbox() as inbox:
        use_server(settings, inbox.port)
    with time_machine.travel(NOW, tick=False):
        for _ in range(3):
            post_one()
        background.work()
        assert [(mail.tries, mail.next_try_at - NOW) for mail in OutgoingMail.objects.order_by("-tries")] == [
            (1, timedelta(seconds=30)),
            (0, timedelta(seconds=30)),
            (0, timedelta(seconds=30)),
        ]
    assert caplog.text.count("Mails wait") == 1


def test_without_a_host_mails_wait_and_the_log_says_why(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.MAILERS = {}
    post_one()
    background.work()
    assert OutgoingMail.objects.count() == 1
    assert "LEADFLIP_MAIL_HOST is not set" in caplog.text


def test_a_mail_that_waits_is_not_sent_before_its_time(inbox: Inbox) -> None:
    post_one()
    OutgoingMail.objects.update(next_try_at=datetime(2100, 1, 1, tzinfo=UTC))
    assert not send_due()
    assert inbox.raw == []


def test_a_mail_that_another_worker_holds_is_left_alone(inbox: Inbox) -> None:
    post_one()
    with transaction.atomic(using="owner"):
        OutgoingMail.objects.using("owner").select_for_update().get()
        assert not send_due()
    assert send_due()


def test_a_worker_that_dies_while_it_sends_leaves_the_mail_for_later(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    def die(*_: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", die)
    with time_machine.travel(NOW, tick=False):
        post_one()
        with pytest.raises(KeyboardInterrupt):
            send_due()
        mail = OutgoingMail.objects.get()
    assert (mail.tries, mail.next_try_at) == (1, NOW + timedelta(seconds=30))
