"""What a partner's program makes of a digest."""

import csv
import io
from email.message import EmailMessage

from tests.flows.inbox import Inbox


def csv_of(mail: EmailMessage) -> list[list[str]]:
    (attached,) = mail.iter_attachments()
    content = attached.get_payload(decode=True)
    assert isinstance(content, bytes)
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


def names_in(mail: EmailMessage) -> list[str]:
    """First names, out of the file."""
    header, *rows = csv_of(mail)
    return [row[header.index("first_name")] for row in rows]


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    found = mail.get_body((kind,))
    assert found is not None
    content = found.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def names_received(inbox: Inbox) -> list[str]:
    """Of all mails; a mail that came twice, by its Message-ID, counts once."""
    different = {mail["Message-ID"]: mail for mail in inbox.mails}
    return [name for mail in different.values() for name in names_in(mail)]


def numbered(number: int) -> list[str]:
    return [f"Lead {n}" for n in range(1, number + 1)]
