"""The mails that wait in the outbox, as their readers would see them."""

import re

from accounts.models import OutgoingMail


def mails_to(address: str) -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(to=address).order_by("id"))


def link_in(mail: OutgoingMail) -> str:
    """The path of the first link in the mail."""
    found = re.search(r"https?://[^/\s]+(/\S+)", mail.text)
    assert found, mail.text
    return found[1]


def subjects_to(address: str) -> list[str]:
    return [mail.subject for mail in mails_to(address)]
