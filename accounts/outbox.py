"""Mails of Leadflip's own to people: written down in the transaction that wants them sent, sent by the background worker afterwards.

A mail goes out at least once: a worker that is killed between the server's yes and the row's end sends it again.
"""

import logging
import time
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, MailerDoesNotExist, mailers
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone

from accounts.doorbell import ring_background
from accounts.models import OutgoingMail

# After each try that failed; the last one again and again, until the mail is too old to be of use.
WAITS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
GIVEN_UP_AFTER = timedelta(hours=24)
# One piece of the background's work takes about a second.
_PIECE_SECONDS = 1.0

logger = logging.getLogger(__name__)


def post(*, to: str, subject: str, text: str, html: str = "") -> None:
    """Write the mail down in the transaction that is open; a worker sends it after the commit.

    subject: may hold what users typed; line breaks become spaces, and it is cut to what a column holds.
    """
    line = " ".join(subject.split())[:250]
    now = timezone.now()
    OutgoingMail.objects.create(to=to, subject=line, text=text, html=html, created_at=now, next_try_at=now)
    transaction.on_commit(ring_background)


def send_due() -> bool:
    """Send mails that are due, for about a second. Returns whether there were any."""
    mail = _claim(timezone.now())
    if mail is None:
        return False
    end = time.monotonic() + _PIECE_SECONDS
    try:
        with mailers.default as server:
            while mail is not None and _send(server, mail):
                mail = _claim(timezone.now()) if time.monotonic() < end else None
    except MailerDoesNotExist:
        _wait_for_server(mail, "LEADFLIP_MAIL_HOST is not set")
    except OSError as error:
        _wait_for_server(mail, f"the mail server does not let us in, {_words_of(error)}")
    return True


def next_try_at(tries: int, *, now: datetime) -> datetime:
    """When the mail is tried again if its try number `tries` (from 1), made now, fails."""
    return now + WAITS[min(tries, len(WAITS)) - 1]


def _claim(now: datetime) -> OutgoingMail | None:
    """The mail that has waited longest, counted as tried: whatever becomes of this worker, it comes again at its time."""
    with transaction.atomic():
        due = OutgoingMail.objects.filter(next_try_at__lte=now).order_by("next_try_at")
        mail = due.select_for_update(skip_locked=True).first()
        if mail is not None:
            mail.tries += 1
            mail.next_try_at = next_try_at(mail.tries, now=now)
            mail.save(update_fields=["tries", "next_try_at"])
    return mail


def _send(server: BaseEmailBackend, mail: OutgoingMail) -> bool:
    """Returns whether the connection can carry another one."""
    message = EmailMultiAlternatives(mail.subject, mail.text, settings.DEFAULT_FROM_EMAIL, [mail.to])
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    try:
        server.send_messages([message])
    except SMTPRecipientsRefused as error:
        _note_failure(mail, error, is_final=all(code >= 500 for code, _ in error.recipients.values()))
    except ValueError as error:
        # No address that a mail can be sent to, now or later.
        _note_failure(mail, error, is_final=True)
    except SMTPResponseException as error:
        _note_failure(mail, error)
    except OSError as error:
        _note_failure(mail, error)
        return False
    else:
        mail.delete()
    return True


def _note_failure(mail: OutgoingMail, error: Exception, *, is_final: bool = False) -> None:
    logger.warning("Mail %s could not be sent (try %d): %s.", mail.pk, mail.tries, _words_of(error))
    if is_final or _is_too_old(mail):
        _give_up(mail)


def _wait_for_server(mail: OutgoingMail | None, reason: str) -> None:
    """None of the others has to wait for the same silence: all that are due come again after the first wait."""
    logger.warning("Mails wait: %s.", reason)
    now = timezone.now()
    OutgoingMail.objects.filter(next_try_at__lte=now).update(next_try_at=now + WAITS[0])
    if mail is not None and _is_too_old(mail):
        _give_up(mail)


def _is_too_old(mail: OutgoingMail) -> bool:
    return mail.next_try_at > mail.created_at + GIVEN_UP_AFTER


def _give_up(mail: OutgoingMail) -> None:
    logger.error("Mail %s is given up after %d tries.", mail.pk, mail.tries)
    OutgoingMail.objects.filter(pk=mail.pk).delete()


def _words_of(error: Exception) -> str:
    """Not the error's own words: what servers answer may hold addresses."""
    if isinstance(error, SMTPRecipientsRefused):
        return f"the recipient is refused with {', '.join(str(code) for code, _ in error.recipients.values())}"
    code = f" {error.smtp_code}" if isinstance(error, SMTPResponseException) else ""
    return f"{type(error).__name__}{code}"
